/**
 * What may be asked of jobs: registrations and orders, one after the other for each job (contract schedules §5-§7, §12, bulk
 * §1.3).
 *
 *  SC1  A job is durable before its registration is answered.
 *  SC2  A second registration under the same key replaces an unfinished job under the same id and ledger, after its loop has
 *       stopped between two recipients (S-11, S-13).
 *  SC3  After an order is answered nothing leaves that it forbids (P8, S-14).
 *
 * Deliberately not here: when jobs fall due (agenda.ts), what becomes of them then (due-jobs.ts), sending (runs.ts), the
 * app's list (sync.ts), what routes see (schedules.ts).
 */
import type { Clock } from '../clock.ts';
import type { Fields } from '../content/loose.ts';
import type { Log } from '../log.ts';
import { jobMove } from '../machines/job.ts';
import { Agenda, type AgendaOptions } from './agenda.ts';
import type { Books } from './books.ts';
import type { Draft } from './drafts.ts';
import { DueJobs } from './due-jobs.ts';
import { orderedFacts } from './facts.ts';
import type { JobRow } from './jobs.types.ts';
import { joined } from './payload.ts';
import type { Order, Totals } from './protocol.ts';
import type { Runs } from './runs.ts';
import { resumedAt, successor } from './succession.ts';
import { Turns } from './turns.ts';

/** Contract schedules §12: the same fields again within this time are the same job, unless it was cancelled. */
const SAME_MS = 60_000;
/** How long a registration waits for the message that is on its way, and an order. */
const LOOP_MS = 8_000;
const ORDER_MS = 4_000;

export type SchedulerOptions = {
  readonly books: Books;
  readonly runs: Runs;
  readonly alive: AgendaOptions['alive'];
  /** `SCHEDULE_GRACE_MINUTES` in ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly log: Log;
};

export class Scheduler {
  readonly #o: SchedulerOptions;
  readonly #agenda: Agenda;
  readonly #due: DueJobs;
  /** Orders, registrations and openings of one job, one after the other. */
  readonly #turns = new Turns();

  constructor(options: SchedulerOptions) {
    this.#o = options;
    this.#agenda = new Agenda({
      ...options,
      onDue: (id) => this.#due.take(id),
      onInterrupted: (id, since) => this.#due.interrupted(id, since),
    });
    this.#due = new DueJobs({ ...options, agenda: this.#agenda, turns: this.#turns });
  }

  /** Loads the books; what is due waits for the app's list. Answers the ids of the jobs that have not ended. */
  start(onProgress?: (loaded: number) => void): ReadonlySet<string> {
    this.#agenda.start(onProgress);
    return this.#agenda.unfinished;
  }

  /** The app's list has been read for the first time. */
  openGate(): void {
    this.#agenda.openGate();
  }

  /** Ids of the jobs that have not ended. */
  unfinished(): Iterable<string> {
    return this.#agenda.unfinished;
  }

  /** Jobs that have not ended. */
  count(): number {
    return this.#agenda.unfinished.size;
  }

  async stop(): Promise<void> {
    this.#agenda.stop();
    await this.#o.runs.stop();
    await this.#o.alive.note(this.#o.clock.now());
  }

  /** SC1, SC2. `body` as it came. Rejects, with nothing stored, when the disk does or the job's loop does not stop in time. */
  register({ row }: Draft, body: Fields): Promise<JobRow> {
    return this.#turns.take(row.key, async () => {
      const before = this.#o.books.jobOf(row.key);
      const isRecent = before !== undefined && this.#o.clock.now() - before.createdAt < SAME_MS;
      const isSame = isRecent && row.appId === undefined && before.outcome !== 'cancelled';
      return isSame ? before : this.#succeed(row.appId === undefined ? undefined : before, row, body);
    });
  }

  /**
   * An unfinished job with other fields (schedules §7 update, §10 edit): same id, same ledger, and it stays paused or held
   * when it is (JM2). Undefined: there is none.
   */
  revise(id: string, { row }: Draft, body: Fields, also: Partial<JobRow> = {}): Promise<JobRow | undefined> {
    const known = this.#o.books.job(id);
    if (!known) return Promise.resolve(undefined);
    return this.#turns.take(known.key, async () => {
      const before = this.#o.books.job(id);
      if (!before || before.state === 'ended') return undefined;
      const { key, ledger, listed, state, reason } = before;
      const kept = { key, ledger, state, ...(reason !== undefined && { reason }), ...(listed && { listed }) };
      return this.#succeed(before, { ...row, ...kept, ...also }, body);
    });
  }

  /** Facts about a job that change nothing of what it does, such as what the app's list says of it. */
  async note(id: string, change: Pick<JobRow, 'listed'>): Promise<void> {
    const job = this.#o.books.job(id);
    if (job) await this.#o.books.commit({ jobs: [{ ...job, ...change }] });
  }

  async #succeed(before: JobRow | undefined, row: JobRow, body: Fields): Promise<JobRow> {
    const { books, runs, clock } = this.#o;
    try {
      if (before && !(await runs.drop(before, LOOP_MS))) throw new Error('a message of this job is still on its way');
      const current = before && (books.job(before.id) ?? before);
      const job = current ? successor(current, row, clock.now()) : row;
      const rows = current ? this.#due.leftBehind(current) : [];
      const isPart = (row.kind === 'broadcast' || row.kind === 'campaign') && current && !job.anew;
      await books.commit({ jobs: [job], rows }, isPart ? joined(books.payload(current.id), body) : body);
      this.rearm(job);
      return job;
    } catch (error) {
      this.#asBefore(before);
      throw error;
    }
  }

  /** What was asked could not be written: the job goes on as it was. */
  #asBefore(job: JobRow | undefined): void {
    const stored = job && this.#o.books.job(job.id);
    if (stored) this.rearm(stored);
  }

  /** SC3. Undefined when there is no such job; a repeat is harmless. */
  order(order: Order | 'hold' | 'release', id: string, reason?: string): Promise<JobRow | undefined> {
    const known = this.#o.books.job(id);
    if (!known) return Promise.resolve(undefined);
    return this.#turns.take(known.key, async () => {
      const { books, runs, clock } = this.#o;
      const job = books.job(id);
      const state = job && jobMove(job.state, order);
      if (!job || !state) return job;
      const now = clock.now();
      // Told to run anew when it goes on: what waits to be told of that is moot until then (MO2).
      const { reason: _, begun, ...rest } = job;
      const ended = state === 'ended' && ({ outcome: 'cancelled', endedAt: now } as const);
      const resumed = state === 'active' ? resumedAt(job, now) : {};
      if (resumed === 'over') return this.#due.giveUp({ ...job, state }, 'the series ended while it was paused');
      const moved: JobRow = {
        ...rest,
        state,
        ...(begun && state === 'active' && { begun }),
        ...(order !== 'hold' && order !== 'release' && { changedAt: now }),
        ...(reason !== undefined && { reason }),
        ...ended,
        ...resumed,
      };
      // One that was resumed before its hour runs then; a series does from its registration on.
      const isAhead = state === 'active' && !moved.rule && moved.open === undefined && (moved.next ?? 0) > now;
      const word = order === 'resume' && isAhead ? 'scheduled' : WORDS[order];
      const facts = word ? orderedFacts(job, word, this.totals(job), now) : [];
      const writing = books.commit({ jobs: [moved], facts });
      this.rearm(moved);
      try {
        await Promise.all([writing, state !== 'active' && runs.drop(job, ORDER_MS)]);
      } catch (error) {
        this.#asBefore(job);
        throw error;
      }
      if (ended) runs.letMediaGo(job);
      return moved;
    });
  }

  /** Of all its runs. */
  totals(job: JobRow): Totals {
    return this.#due.totals(job);
  }

  /** To be called whenever a job's next time or state has changed. */
  rearm(job: JobRow): void {
    this.#agenda.rearm(job);
  }
}

const WORDS = {
  pause: 'paused',
  resume: 'running',
  cancel: 'cancelled',
  hold: undefined,
  release: undefined,
} as const;
