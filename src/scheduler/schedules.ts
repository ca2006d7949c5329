/**
 * What routes ask of the scheduler (protocol.ts `Jobs`), answered.
 *
 *  SD1  Ids are the bridge's; one that is no bridge id may be the scheduleId of a schedule (contract schedules §7).
 */
import { type Fields, textOf } from '../content/loose.ts';
import type { Clock } from '../clock.ts';
import type { Books } from './books.ts';
import { type DraftRead, draftOf, keyOfApp, splitCounts } from './drafts.ts';
import { dryRunOf, type DryRunDeps, planned } from './dry-run.ts';
import { anchorOf, type JobRow } from './jobs.types.ts';
import { kept } from './listed.ts';
import { Messenger } from './messenger.ts';
import type { DryRun, Entry, Jobs, JobView, Order, RecipientView, Registered } from './protocol.ts';
import { cronOf } from './recurrence.ts';
import type { Runs } from './runs.ts';
import type { Scheduler } from './scheduler.ts';
import { recipientsOfJob, recipientView, viewOf } from './views.ts';
import { isoWithOffset, longForm } from './wall-clock.ts';

const LISTED_MS = 7 * 86_400_000;

export type SchedulesOptions = DryRunDeps & {
  readonly scheduler: Scheduler;
  readonly runs: Runs;
  readonly books: Books;
  readonly clock: Clock;
};

export class Schedules implements Jobs {
  readonly #o: SchedulesOptions;

  constructor(options: SchedulesOptions) {
    this.#o = options;
  }

  async register(entry: Entry): Promise<Registered> {
    const draft = draftOf(entry, this.#o.clock.now());
    if (draft.kind !== 'draft') return draft;
    return this.#registered(await this.#o.scheduler.register(draft, entry.body), entry.body, draft.now);
  }

  async dryRun(entry: Entry): Promise<DryRun> {
    const draft = draftOf(entry, this.#o.clock.now());
    return draft.kind === 'draft' ? dryRunOf(this.#o, draft, entry.body) : draft;
  }

  async order(order: Order, id: string): Promise<'done' | 'not found'> {
    const job = this.#find(id);
    return job && (await this.#o.scheduler.order(order, job.id)) ? 'done' : 'not found';
  }

  async cancelBroadcast(broadcastId: string): Promise<number> {
    const job = this.#o.books.jobOf(`broadcast-${broadcastId}`);
    if (!job || job.state === 'ended') return 0;
    await this.#o.scheduler.order('cancel', job.id);
    return 1;
  }

  async update(id: string, fields: Fields) {
    const job = this.#find(id);
    if (!job || job.state === 'ended') return { kind: 'not found' } as const;
    const given = ['scheduleDateTime', 'timezone', 'message'].filter((name) => textOf(fields[name]).trim() !== '');
    const body = { ...this.#o.books.payload(job.id), ...Object.fromEntries(given.map((name) => [name, fields[name]])) };
    const draft = this.#draftOf(job, body);
    if (draft.kind !== 'draft')
      return { kind: 'unreadable', why: draft.kind === 'unreadable' ? draft.why : 'no contacts' } as const;
    // Other words are no other time: a series does not run because of them.
    const isMoved = given.some((name) => name !== 'message');
    const times = isMoved ? {} : kept(job, draft.row, this.#o.clock.now());
    const revised = await this.#o.scheduler.revise(job.id, draft, body, times);
    return revised ? ({ kind: 'updated', id: revised.id } as const) : ({ kind: 'not found' } as const);
  }

  list(sender: string): readonly JobView[] {
    return this.#listed(sender).map((job) => this.#view(job));
  }

  /** A view reads the job's ledger and payload, so only those that are shown are made. */
  page({ sender, state, limit }: Parameters<Jobs['page']>[0]) {
    const found = this.#listed(sender).filter((job) => state === undefined || job.state === state);
    return { count: found.length, jobs: found.slice(0, limit).map((job) => this.#view(job)) };
  }

  job(id: string): JobView | undefined {
    const job = this.#find(id);
    return job && this.#view(job);
  }

  campaign(campaignId: number): JobView | undefined {
    const job = this.#o.books.jobOf(keyOfApp('campaign', campaignId));
    return job && this.#view(job);
  }

  recipients(id: string, offset: number, limit: number): readonly RecipientView[] {
    const { books, clock } = this.#o;
    const job = this.#find(id);
    if (!job) return [];
    const messenger = new Messenger(this.#o, job, books.payload(job.id));
    const rows = books.hasRows(job.ledger)
      ? recipientsOfJob(books, job, offset, limit)
      : planned(job, messenger, clock.now()).slice(offset, offset + limit);
    return rows.map((row) => recipientView(job, row, messenger));
  }

  count(): number {
    return this.#o.scheduler.count();
  }

  #listed(sender: string | undefined): JobRow[] {
    const { books, clock } = this.#o;
    const since = clock.now() - LISTED_MS;
    const jobs = sender === undefined ? [...books.jobs()] : [...books.jobsOfNumber(sender)];
    const listed = jobs.filter(({ endedAt }) => endedAt === undefined || endedAt > since);
    return listed.sort((a, b) => b.createdAt - a.createdAt);
  }

  /** SD1 */
  #find(id: string): JobRow | undefined {
    const { books } = this.#o;
    const own = books.job(id);
    const appId = Number(id);
    if (own || !Number.isSafeInteger(appId) || appId === 0) return own;
    return books.jobOf(keyOfApp('bulk', appId));
  }

  #draftOf({ kind, sender, workspace, rule }: JobRow, body: Fields): DraftRead {
    // A campaign with a rule came as one that is sent now.
    const immediate = kind === 'campaign' && rule && { immediate: true as const };
    const own = workspace !== undefined && { workspace };
    return draftOf({ kind, sender, body, ...immediate, ...own }, this.#o.clock.now());
  }

  #view(job: JobRow): JobView {
    const { books, runs, scheduler, pacing, clock } = this.#o;
    const totals = scheduler.totals(job);
    return viewOf({ job, books, run: runs.run(job.id), totals, pacing: pacing(), now: clock.now() });
  }

  #registered(job: JobRow, body: Fields, now: boolean): Registered {
    const split = job.kind === 'campaign' ? splitCounts(body, job.recipients) : undefined;
    return {
      kind: 'registered',
      id: job.id,
      at: job.at,
      now,
      scheduledFor: longForm(job.at, job.zone),
      scheduledForIso: isoWithOffset(job.at, job.zone),
      zone: textOf(body['timezone']) || 'UTC',
      ...(job.rule && { cron: cronOf(job.rule, anchorOf(job)) }),
      recipients: job.recipients,
      ...(job.messageId !== undefined && { messageId: job.messageId }),
      ...(split && { split }),
    };
  }
}
