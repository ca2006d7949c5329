/**
 * The runs that are open, one queue per sender number: what opens, closes, halts and ends them.
 *
 *  RS1  Opening writes the occurrence's rows and marks the job in one transaction, so that a crash either repeats it whole or
 *       finds it done; an occurrence never opens twice (P7).
 *  RS2  Closing writes the totals' final callback and the job's next occurrence in one transaction (P8, S-40).
 *  RS3  An occurrence that falls due while the one before is still sent waits for it; several become one (S-43).
 *  RS4  A receipt is told once per recipient and status, upwards only, also after a restart (S-19, S-46).
 *
 * Deliberately not here: one recipient (delivery.ts), registrations (scheduler.ts), due times (agenda.ts).
 */
import type { BulkSends, FlowStarts, JobReceipt } from '../actors/protocol.ts';
import { byDeadline, type Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { jobMove } from '../machines/job.ts';
import { mayMove } from '../machines/recipient.ts';
import type { Books } from './books.ts';
import { closedFacts, recipientFacts, stoppedFacts } from './facts.ts';
import { type JobRow, type LedgerRow, occurrenceOf, type Place } from './jobs.types.ts';
import { sumOf, Tally } from './ledger.ts';
import { type LookUps, Messenger } from './messenger.ts';
import { NumberQueue } from './number-queue.ts';
import { openingOf, opensAt } from './opening.ts';
import type { Pacing } from './pacing.ts';
import { Run } from './run.ts';
import { Sheet } from './sheet.ts';
import { nextOf } from './succession.ts';

export type RunsOptions = {
  readonly books: Books;
  readonly sends: BulkSends;
  readonly lookUps: LookUps;
  readonly flows: FlowStarts;
  readonly pacing: () => Pacing;
  readonly refreshPacing: () => void;
  /** Without a trailing slash. */
  readonly appUrl: string;
  /** `SCHEDULE_GRACE_MINUTES` in ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** A job has a new next time, or none any more. */
  readonly rearm: (job: JobRow) => void;
};

export class Runs {
  readonly #o: RunsOptions;
  readonly #queues = new Map<string, NumberQueue>();
  readonly #open = new Map<string, Run>();
  readonly #opening = new Map<string, Promise<void>>();

  constructor(options: RunsOptions) {
    this.#o = options;
    options.sends.onReady((from) => this.#wake(from));
  }

  run(id: string): Run | undefined {
    return this.#open.get(id);
  }

  /** RS1. Opens the job's occurrence, or goes on with the one that is open. Resolves when that is durable. */
  async open(job: JobRow): Promise<void> {
    if (this.#open.has(job.id) || this.#opening.has(job.id)) return;
    const opening = this.#begin(job).finally(() => this.#opening.delete(job.id));
    this.#opening.set(job.id, opening);
    await opening;
  }

  async #begin(job: JobRow): Promise<void> {
    const { books, clock } = this.#o;
    if (job.kind !== 'single') this.#o.refreshPacing();
    const at = job.open ?? job.occurrence;
    const occurrence = occurrenceOf(job, at);
    const messenger = new Messenger(this.#o, job, books.payload(job.id));
    const rows = new Map<number, LedgerRow>();
    const earlier = new Tally();
    for (const [place, row] of books.rows(job.ledger)) {
      if (place.occurrence === occurrence) rows.set(row.n, row);
      else earlier.add(row);
    }
    let opened = job;
    if (job.open === undefined) {
      const now = clock.now();
      const known = new Map([...rows.values()].map((row) => [row.key, row]));
      const { recipients, variantOf } = messenger;
      const opening = openingOf({ job, at, recipients, known, variantOf, now, graceMs: this.#o.graceMs });
      const { next: _, begun: __, ...rest } = job;
      opened = { ...rest, open: at, openedAt: now };
      for (const row of opening.rows) rows.set(row.n, row);
      const settled = [...opening.reports, ...opening.rows.filter(({ state }) => state === 'failed')];
      await books.commit({
        jobs: [opened],
        rows: opening.rows.map((row) => [{ ledger: job.ledger, occurrence, n: row.n }, row] as const),
        facts: settled.flatMap((row) => recipientFacts(job, row, now)),
      });
    }
    const inOrder = [...rows.values()].sort((a, b) => a.n - b.n);
    const sheet = new Sheet(inOrder, sumOf(earlier.totals, books.folded(job.ledger)));
    const run = new Run(
      {
        ...this.#o,
        close: (self, reason) => this.#close(self, reason),
        halt: (self, whom, why, until) => this.#halt(self, whom, why, until),
      },
      opened,
      sheet,
      messenger,
    );
    this.#open.set(job.id, run);
    this.#queue(job.sender).add(run);
  }

  /** A step of a run that was dropped is not through. */
  isLeaving({ id, sender }: JobRow): boolean {
    return !this.#open.has(id) && (this.#queues.get(sender)?.isRunning(id) ?? false);
  }

  /** Takes the job out of its queue; true when nothing of it is on its way any more, false after `ms`. */
  async drop(job: JobRow, ms: number): Promise<boolean> {
    await this.#opening.get(job.id);
    this.#open.delete(job.id);
    const removed = this.#queues.get(job.sender)?.remove(job.id);
    if (!removed) return true;
    return (await byDeadline(this.#o.clock, removed, this.#o.clock.now() + ms)) !== 'late';
  }

  /** Of a run that was closed or a job that was ended: when the message that is on its way is through (S-31). */
  letMediaGo({ id, sender }: JobRow): void {
    const { sends, log } = this.#o;
    Promise.resolve(this.#queues.get(sender)?.remove(id))
      .then(() => (this.#open.has(id) ? undefined : sends.release(id)))
      .catch((error: unknown) => log.warn({ err: error, job: id }, 'media of a job could not be removed'));
  }

  /** RS4. Durable when it resolves. */
  async receipt({ id, status, at }: JobReceipt): Promise<void> {
    const { books } = this.#o;
    const place = books.placeOfMessage(id);
    const row = place && books.row(place);
    const job = place && books.jobOf(place.ledger);
    if (!place || !row || !job || row.id !== id) return;
    // WhatsApp may tell of the phone before its server's own answer is read.
    const steps: LedgerRow[] = row.state === 'sending' ? [{ ...row, state: 'sent', sentAt: at }] : [];
    const from = steps[0] ?? row;
    if (!mayMove(from.state, status)) return;
    const time = status === 'read' ? { readAt: at } : { deliveredAt: at };
    const after: LedgerRow = { ...from, state: status, ...time };
    this.#show(job, place, row, after);
    const facts = [...steps, after].flatMap((each) => recipientFacts(job, each, at));
    await books.commit({ rows: [[place, after]], facts });
  }

  /** A row that something else than its run changes, such as a customer's reply. Durable when it resolves. */
  async change(
    job: JobRow,
    place: Place,
    row: LedgerRow,
    facts: Parameters<Books['commit']>[0]['facts'],
  ): Promise<void> {
    this.#show(job, place, this.#o.books.row(place) ?? row, row);
    await this.#o.books.commit({ rows: [[place, row]], ...(facts && { facts }) });
  }

  /** Nothing begins any more; resolves when the recipients under way are through. */
  async stop(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.stop()));
  }

  /** The job's open run counts it too. */
  #show(job: JobRow, place: Place, before: LedgerRow, after: LedgerRow): void {
    const run = this.#open.get(job.id);
    if (!run) return;
    if (occurrenceOf(job, run.occurrence) === place.occurrence) run.sheet.set(after);
    else run.sheet.elsewhere(before, after);
  }

  #queue(sender: string): NumberQueue {
    const queue = this.#queues.get(sender) ?? new NumberQueue(this.#o.clock, this.#o.log);
    this.#queues.set(sender, queue);
    return queue;
  }

  #wake(sender: string): void {
    const queue = this.#queues.get(sender);
    if (!queue) return;
    for (const run of this.#open.values()) if (this.#o.books.job(run.id)?.sender === sender) run.connected();
    queue.wake();
  }

  /** RS2, RS3 */
  async #close(run: Run, reason: string | undefined): Promise<void> {
    const { books, clock } = this.#o;
    const job = books.job(run.id);
    if (job?.state !== 'active') return;
    const now = clock.now();
    const { totals } = run.sheet;
    const { open: _, openedAt: __, begun: ___, next: ____, anew: _____, ...rest } = job;
    const next = nextOf(job, run.occurrence, now);
    const counted = { ...rest, runs: job.runs + 1, lastRunAt: now };
    const failed = run.sheet.own.sent === 0;
    const closed: JobRow =
      next === undefined
        ? {
            ...counted,
            state: 'ended',
            outcome: failed ? 'failed' : 'completed',
            endedAt: now,
            ...(failed && { reason: reason ?? 'Failed to send' }),
          }
        : { ...counted, occurrence: next, next: Math.max(opensAt(job, next), now) };
    await books.commit({ jobs: [closed], facts: closedFacts(job, totals, reason, next === undefined, now) });
    this.#leave(job);
    this.letMediaGo(job);
    // An order may have come meanwhile.
    this.#o.rearm(books.job(job.id) ?? closed);
  }

  /** Out of the queue, from within its own step. */
  #leave({ id, sender }: JobRow): void {
    this.#open.delete(id);
    void this.#queues.get(sender)?.remove(id);
  }

  /** The recipients that are left stay pending (contract bulk, "Error classes that stop a run"). */
  async #halt(run: Run, whom: 'run' | 'number', why: string, until: number | undefined): Promise<void> {
    const { books, clock, log } = this.#o;
    const sender = books.job(run.id)?.sender;
    const affected = [...this.#open.values()].filter(
      (each) => each === run || (whom === 'number' && books.job(each.id)?.sender === sender),
    );
    for (const each of affected) {
      if (until !== undefined) {
        each.holdUntil(until, why);
        continue;
      }
      const job = books.job(each.id);
      const state = job && jobMove(job.state, 'pause');
      if (!job || !state) continue;
      log.warn({ job: job.id, reason: why }, 'a run was paused: the provider refuses to go on');
      const facts = stoppedFacts(job, each.sheet.totals, why, clock.now());
      await books.commit({ jobs: [{ ...job, state, reason: why }], facts });
      this.#leave(job);
      // An order may have come meanwhile.
      this.#o.rearm(books.job(job.id) ?? job);
    }
  }
}
