/**
 * What becomes of a job that is due: it runs, or it is too late for that (contract schedules §6, §10).
 *
 *  SC5  Late is late: within the grace it runs, older is reported as missed (S-02). A run that was interrupted goes on with
 *       who is left, when that is less than a day ago.
 *
 * Deliberately not here: when a job is due (agenda.ts), what is late (misfire.ts), sending (runs.ts).
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Agenda } from './agenda.ts';
import type { Books } from './books.ts';
import { closedFacts } from './facts.ts';
import { anchorOf, type JobRow, type LedgerRow, occurrenceOf, type Place } from './jobs.types.ts';
import { finalTotals } from './ledger.ts';
import { missed, overdue } from './misfire.ts';
import { closesAt, opensAt } from './opening.ts';
import type { Totals } from './protocol.ts';
import { occurrenceAfter } from './recurrence.ts';
import type { Runs } from './runs.ts';
import type { Turns } from './turns.ts';
import { isoWithOffset } from './wall-clock.ts';

const OPEN_AGAIN_MS = 5_000;
/** A message of an earlier run of the job is still on its way. */
const LEAVING_MS = 1_000;

export type DueJobsOptions = {
  readonly books: Books;
  readonly runs: Runs;
  readonly agenda: Pick<Agenda, 'stopped' | 'rearm' | 'rearmBehindGate' | 'again'>;
  readonly turns: Turns;
  /** `SCHEDULE_GRACE_MINUTES` in ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly log: Log;
};

export class DueJobs {
  readonly #o: DueJobsOptions;

  constructor(options: DueJobsOptions) {
    this.#o = options;
  }

  /** In its turn. */
  take(id: string): void {
    const { books, agenda, turns, log } = this.#o;
    const job = books.job(id);
    if (!job) return;
    turns
      .take(job.key, () => this.#open(id))
      .catch((error: unknown) => {
        log.error({ err: error, job: id }, 'a job could not be opened');
        agenda.again(id, OPEN_AGAIN_MS);
      });
  }

  async #open(id: string): Promise<void> {
    const { books, runs, agenda, clock, graceMs } = this.#o;
    const job = books.job(id);
    if (job?.state !== 'active' || agenda.stopped) return;
    if (runs.isLeaving(job)) return agenda.again(id, LEAVING_MS);
    if (job.open !== undefined) return runs.open(job);
    const now = clock.now();
    if (job.next === undefined || job.next > now) return agenda.rearm(job);
    // With recipients in other zones it is over only when the last of them is.
    const due = Math.max(job.next, job.zones ? closesAt(job, job.occurrence) : job.next);
    if (overdue(due, now, graceMs) === 'run') return runs.open(job);
    if (!job.rule) {
      await this.giveUp(job, `missed: bridge was not running at ${isoWithOffset(job.next, job.zone)}`);
      return;
    }
    const series = {
      rule: job.rule,
      anchor: anchorOf(job),
      zone: job.zone,
      closesAt: (at: number) => closesAt(job, at),
    };
    const late = missed(series, job.occurrence, now, graceMs);
    if (late.run !== undefined) return runs.open({ ...job, occurrence: late.run });
    await this.#skip(job, late.next, late.missedCount);
  }

  /** Occurrences of a series that nobody made up for (§6). */
  async #skip(job: JobRow, occurrence: number | undefined, count: number): Promise<void> {
    const { books, agenda, clock, log } = this.#o;
    log.warn({ job: job.id, count }, 'occurrences of a series were missed');
    if (occurrence === undefined) {
      await this.giveUp(job, 'missed: bridge was not running');
      return;
    }
    const skipped: JobRow = { ...job, occurrence, next: Math.max(opensAt(job, occurrence), clock.now()) };
    await books.commit({ jobs: [skipped] });
    agenda.rearm(skipped);
  }

  /** SC5. The run is closed, and with it a job that has no other one. */
  interrupted(id: string, since: number): void {
    const { books, agenda, turns, clock, log } = this.#o;
    const key = books.job(id)?.key ?? id;
    const close = async () => {
      const job = books.job(id);
      if (job?.state !== 'active' || job.open === undefined) return;
      // Who has ordered or registered it since wants it to go on.
      if (job.changedAt > since) return agenda.rearm(job);
      const reason = `interrupted: bridge was not running since ${isoWithOffset(since, job.zone)}`;
      const occurrence = job.rule && occurrenceAfter(job.rule, anchorOf(job), job.zone, job.open);
      if (occurrence === undefined) {
        await this.giveUp(job, reason);
        return;
      }
      const { open: _, openedAt: __, begun: ___, ...rest } = job;
      const goesOn: JobRow = { ...rest, occurrence, next: opensAt(job, occurrence), runs: job.runs + 1 };
      const facts = closedFacts(job, this.totals(job), reason, false, clock.now());
      await books.commit({ jobs: [goesOn], rows: this.leftBehind(job), facts });
      agenda.rearmBehindGate(goesOn);
    };
    turns.take(key, close).catch((error: unknown) => {
      // The next start tries again.
      log.error({ err: error, job: id }, 'a run that was interrupted could not be closed');
    });
  }

  /** SC5. Its rows stay as they are: the app may send again by its own policy. */
  async giveUp(job: JobRow, reason: string): Promise<JobRow> {
    const { books, runs, agenda, clock } = this.#o;
    const now = clock.now();
    const { open: _, openedAt: __, next: ___, ...rest } = job;
    const totals = finalTotals(this.totals(job), job.recipients);
    const outcome = totals.sent > 0 ? 'completed' : 'failed';
    const ended: JobRow = { ...rest, state: 'ended', outcome, reason, endedAt: now };
    await books.commit({ jobs: [ended], facts: closedFacts(job, totals, reason, true, now) });
    runs.letMediaGo(ended);
    agenda.rearm(ended);
    return ended;
  }

  /**
   * A replaced series leaves an occurrence behind, and a job that has ended whom it had not come to: who was not sent is
   * not going to be, unless the next registration lists them.
   */
  leftBehind(before: JobRow): readonly (readonly [Place, LedgerRow])[] {
    if (before.rule ? before.open === undefined : before.state !== 'ended') return [];
    const occurrence = occurrenceOf(before, before.open ?? before.at);
    return [...this.#o.books.rows(before.ledger, occurrence)].flatMap(([place, row]) =>
      row.state === 'pending' ? [[place, { ...row, state: 'skipped' as const }] as const] : [],
    );
  }

  /** Of all its runs. */
  totals(job: JobRow): Totals {
    return this.#o.runs.run(job.id)?.sheet.totals ?? this.#o.books.totals(job.ledger);
  }
}
