/**
 * The verdict on broadcasts and campaigns that went through faults: every recipient accounted for in the bridge's ledger, at
 * the peers and in the app.
 *
 * Invariants it checks (design/promises.md)
 *  P6  the linked device: exactly one message per recipient, under the ledger's id; Cloud API: exactly one for `sent`, none for
 *      `failed`, at most one for `unknown`.
 *  P8  sent + failed + unknown = total; every status callback counts what the app was told until then; one final callback;
 *      nothing left between the answer to a pause and its resume.
 */
import type { AppLog } from './app-log.ts';
import type { Verdict } from './audit.ts';
import { type BulkJob, type Recipient, toldOf } from './bulk-jobs.ts';
import type { Providers, Seen } from './providers.ts';
import type { World } from './world.ts';

/** From the answer to a pause until the resume was asked for, epoch ms. */
export type Paused = { readonly job: BulkJob; readonly from: number; readonly to: number };

export type JobAuditOptions = {
  readonly world: World;
  readonly providers: Providers;
  readonly appLog: AppLog;
  readonly jobs: readonly BulkJob[];
  readonly pauses: readonly Paused[];
};

type Arrival = { readonly id: string; readonly at: number };
const FINAL = ['completed', 'completed_with_errors', 'failed'];
const ACCEPTED = ['sent', 'delivered', 'read'];

export async function auditJobs({ world, providers, appLog, jobs, pauses }: JobAuditOptions): Promise<Verdict> {
  const graph = await providers.seen('graph');
  const findings = new Findings();
  const states: Record<string, number> = {};
  const peers = { baileys: 0, waba: 0 };
  let statusCallbacks = 0;
  let repeats = 0;
  await appLog.refresh();
  for (const job of jobs) {
    const { engine, contacts } = job.plan;
    const rows = await job.recipients();
    const { totals, state } = (await job.seen()).job;
    if (state !== 'ended') findings.add('jobs that did not end', job.name);
    const settled = totals.sent + totals.failed + totals.unknown;
    if (totals.total !== contacts.length || settled !== totals.total)
      findings.add('totals that do not add up', `${job.name}: ${JSON.stringify(totals)}`);
    if (new Set(rows.map(({ phone }) => phone)).size !== contacts.length)
      findings.add('recipients without a row', job.name);
    for (const row of rows) {
      const outcome = ACCEPTED.includes(row.state) ? 'sent' : row.state;
      states[`${outcome} (${engine})`] = (states[`${outcome} (${engine})`] ?? 0) + 1;
      const arrivals = engine === 'waba' ? atGraph(graph, row) : await atContact(world, job, row);
      peers[engine] += arrivals.length;
      judgeArrivals(findings, job, row, arrivals);
      for (const { at } of arrivals) {
        const paused = pauses.find((each) => each.job === job && at > each.from && at < each.to);
        if (paused) findings.add('messages that left while paused', `${job.name} to ${row.phone}`);
      }
    }
    const callbacks = toldOf(appLog, job.plan);
    repeats += callbacks.repeats;
    statusCallbacks += judgeCallbacks(findings, job, callbacks.told);
  }
  const checks = await world.checks();
  const violations = await world.violations();
  if (checks.duplicateIds > 0) findings.add('stanza ids delivered twice', '', checks.duplicateIds);
  if (checks.undecryptable > 0) findings.add('undecryptable at the contacts', '', checks.undecryptable);
  if (violations.length > 0)
    findings.add('contract violations at the app', JSON.stringify(violations[0]), violations.length);
  return {
    counts: {
      recipients: jobs.reduce((sum, { plan }) => sum + plan.contacts.length, 0),
      ...Object.fromEntries(Object.entries(states).sort()),
      'messages at the contacts (baileys)': peers.baileys,
      'messages taken by Graph (waba)': peers.waba,
      'status callbacks whose counts were checked': statusCallbacks,
      'callbacks repeated at the app (removed by id)': repeats,
      ...findings.counts(),
    },
    problems: findings.problems(),
  };
}

/** P6 */
function judgeArrivals(findings: Findings, job: BulkJob, row: Recipient, arrivals: readonly Arrival[]): void {
  const example = `${job.name} to ${row.phone}: ${row.state}, ${arrivals.length} at the peer`;
  if (arrivals.length > 1) findings.add('recipients with two messages', example);
  const isSent = ACCEPTED.includes(row.state);
  if (isSent && arrivals.length === 0) findings.add('recipients without their message', example);
  if (job.plan.engine === 'baileys' && !isSent) findings.add('linked device: recipients not sent', example);
  if (row.state === 'failed' && arrivals.length > 0) findings.add('failed recipients with a message', example);
  const [first] = arrivals;
  if (isSent && first && first.id !== row.messageId) findings.add('message ids that differ from the ledger', example);
}

/** P8. Answers how many status callbacks there were. */
function judgeCallbacks(findings: Findings, job: BulkJob, told: ReturnType<typeof toldOf>['told']): number {
  const latest = new Map<number, string>();
  let finals = 0;
  let statuses = 0;
  for (const each of told) {
    if (each.kind === 'recipient') {
      latest.set(each.contact, each.status);
      continue;
    }
    statuses += 1;
    const { status, sent, failed, total = job.plan.contacts.length } = each;
    const known = [...latest.values()];
    const isTrue =
      sent === known.filter((word) => ACCEPTED.includes(word)).length &&
      failed === known.filter((word) => word === 'failed').length &&
      total === job.plan.contacts.length;
    const example = `${job.name} ${status}: ${sent} sent, ${failed} failed of ${total}, the app knew of ${latest.size}`;
    if (!isTrue) findings.add('status callbacks with wrong counts', example);
    if (!FINAL.includes(status)) continue;
    finals += 1;
    if (sent + failed !== job.plan.contacts.length) findings.add('final callbacks that do not add up', example);
  }
  if (finals !== 1) findings.add('jobs without exactly one final callback', `${job.name}: ${finals}`);
  return statuses;
}

function atGraph(graph: readonly Seen[], { phone }: Recipient): Arrival[] {
  return graph.flatMap(({ at, recipient, id }) => (id !== undefined && recipient === phone ? [{ at, id }] : []));
}

async function atContact(world: World, { plan }: BulkJob, { phone }: Recipient): Promise<Arrival[]> {
  const messages = await world.contactMessages(phone, plan.sender);
  return messages.map(({ id, at }) => ({ id, at: Date.parse(at) }));
}

/** What went wrong, counted, with an example of each. */
class Findings {
  readonly #counts = new Map<string, { count: number; example: string }>();

  add(what: string, example: string, count = 1): void {
    const before = this.#counts.get(what);
    this.#counts.set(what, { count: (before?.count ?? 0) + count, example: before?.example ?? example });
  }

  counts(): Record<string, number> {
    const sum = (...names: readonly string[]) =>
      names.reduce((all, name) => all + (this.#counts.get(name)?.count ?? 0), 0);
    return {
      'recipients doubled': sum('recipients with two messages', 'stanza ids delivered twice'),
      'recipients lost': sum('recipients without their message', 'recipients without a row'),
      'left while paused': sum('messages that left while paused'),
      'wrong counts': sum(
        ...['totals that do not add up', 'status callbacks with wrong counts', 'final callbacks that do not add up'],
      ),
    };
  }

  problems(): string[] {
    return [...this.#counts].map(([what, { count, example }]) => `${what}: ${count} (e.g. ${example})`);
  }
}
