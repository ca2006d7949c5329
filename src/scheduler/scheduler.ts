/**
 * When jobs run, and what may be asked of them: registrations, orders, due times, restarts (contract schedules §5-§7, §10,
 * §12, bulk §1.3).
 *
 *  SC1  A job is durable before its registration is answered; it fires at its instant, never before, once (P7).
 *  SC2  A second registration under the same key replaces an unfinished job under the same id and ledger, after its loop has
 *       stopped between two recipients (S-11, S-13).
 *  SC3  After an order is answered nothing leaves that it forbids (P8, S-14).
 *  SC4  After a start due jobs wait for the app's list, two minutes at most: what it cancelled meanwhile is not sent (S-48).
 *  SC5  Late is late: within the grace it runs, older is reported as missed (S-02). A run that was interrupted goes on with
 *       who is left, when that is less than a day ago.
 *
 * Deliberately not here: sending (runs.ts), the app's list (sync.ts), what routes see (schedules.ts).
 */
import type { Clock, Timer } from '../clock.ts';
import type { Fields } from '../content/loose.ts';
import type { Log } from '../log.ts';
import { jobMove } from '../machines/job.ts';
import type { Books } from './books.ts';
import type { Draft } from './drafts.ts';
import { DueHeap } from './due-heap.ts';
import { closedFacts, orderedFacts } from './facts.ts';
import { anchorOf, type JobRow, occurrenceOf } from './jobs.types.ts';
import { finalTotals, sumOf, Tally } from './ledger.ts';
import { missed, overdue } from './misfire.ts';
import { closesAt, opensAt } from './opening.ts';
import { joined } from './payload.ts';
import type { Order, Totals } from './protocol.ts';
import { occurrenceAfter } from './recurrence.ts';
import type { Runs } from './runs.ts';
import { resumedAt, successor } from './succession.ts';
import { DueTimer } from './timer.ts';
import { Turns } from './turns.ts';
import { isoWithOffset } from './wall-clock.ts';

const DAY_MS = 86_400_000;
/** Contract schedules §12: the same fields again within this time are the same job. */
const SAME_MS = 60_000;
/** SC4 */
const FIRST_LIST_MS = 120_000;
/** How long a registration waits for the message that is on its way, and an order. */
const LOOP_MS = 8_000;
const ORDER_MS = 4_000;
const OPEN_AGAIN_MS = 5_000;
/** Jobs that fell due together, between two turns of everything else. */
const OPENED_AT_ONCE = 20;
/** A message of an earlier run of the job is still on its way. */
const LEAVING_MS = 1_000;
/** How often it is noted that the process lives, so that a start knows how long it did not. */
const ALIVE_MS = 60_000;

export type SchedulerOptions = {
  readonly books: Books;
  readonly runs: Runs;
  /** When a process was last alive on these books, epoch ms. */
  readonly alive: { readonly read: () => number | undefined; readonly note: (at: number) => Promise<void> };
  /** `SCHEDULE_GRACE_MINUTES` in ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly log: Log;
};

export class Scheduler {
  readonly #o: SchedulerOptions;
  readonly #due = new DueHeap();
  readonly #timer: DueTimer;
  /** Orders and registrations of one job, one after the other. */
  readonly #turns = new Turns();
  readonly #unfinished = new Set<string>();
  /** Jobs of an earlier process that are due before the app's list is known. */
  #gated: string[] = [];
  #gate: Timer | undefined;
  #stopped = false;
  #beat: Timer | undefined;

  constructor(options: SchedulerOptions) {
    this.#o = options;
    this.#timer = new DueTimer({ clock: options.clock, log: options.log, onDue: () => this.#fire() });
  }

  /** Loads the books; what is due waits for the app's list (SC4). Answers the ids of the jobs that have not ended. */
  start(onProgress?: (loaded: number) => void): ReadonlySet<string> {
    const { books, clock, alive } = this.#o;
    const now = clock.now();
    const aliveAt = alive.read() ?? now;
    let loaded = 0;
    for (const job of books.jobs()) {
      loaded += 1;
      if (loaded % 10_000 === 0) onProgress?.(loaded);
      if (job.state === 'ended') continue;
      this.#unfinished.add(job.id);
      const isOpen = job.open !== undefined;
      if (isOpen && job.state === 'active' && now - aliveAt >= DAY_MS) this.#interrupted(job.id, aliveAt);
      else if (isOpen || (job.next ?? Infinity) < now + FIRST_LIST_MS) this.#gated.push(job.id);
      else this.rearm(job);
    }
    this.#gate = clock.setTimeout(() => this.openGate(), FIRST_LIST_MS);
    this.#keepAlive();
    return this.#unfinished;
  }

  /** SC4: the app's list has been read for the first time. */
  openGate(): void {
    if (this.#gate) this.#o.clock.clearTimeout(this.#gate);
    this.#gate = undefined;
    for (const id of this.#gated.splice(0)) {
      const job = this.#o.books.job(id);
      if (job) this.rearm(job);
    }
  }

  /** Ids of the jobs that have not ended. */
  unfinished(): Iterable<string> {
    return this.#unfinished;
  }

  /** Jobs that have not ended. */
  count(): number {
    return this.#unfinished.size;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer.stop();
    for (const timer of [this.#beat, this.#gate]) if (timer) this.#o.clock.clearTimeout(timer);
    await this.#o.runs.stop();
    await this.#o.alive.note(this.#o.clock.now());
  }

  /** SC1, SC2. `body` as it came. Rejects, with nothing stored, when the disk does or the job's loop does not stop in time. */
  register({ row }: Draft, body: Fields): Promise<JobRow> {
    return this.#turns.take(row.key, async () => {
      const before = this.#o.books.jobOf(row.key);
      const isSame = before && row.appId === undefined && this.#o.clock.now() - before.createdAt < SAME_MS;
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
      const rows = current && job.id === current.id ? this.#skipped(current) : [];
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
      const { reason: _, ...rest } = job;
      const ended = state === 'ended' && ({ outcome: 'cancelled', endedAt: now } as const);
      const resumed = state === 'active' ? resumedAt(job, now) : {};
      if (resumed === 'over') return this.#giveUp({ ...job, state }, 'the series ended while it was paused');
      const moved: JobRow = {
        ...rest,
        state,
        ...(order !== 'hold' && order !== 'release' && { changedAt: now }),
        ...(reason !== undefined && { reason }),
        ...ended,
        ...resumed,
      };
      const word = WORDS[order];
      const facts = word ? orderedFacts(job, word, this.totals(job), now) : [];
      const writing = books.commit({ jobs: [moved], facts });
      this.rearm(moved);
      try {
        await Promise.all([writing, state !== 'active' && runs.drop(job, ORDER_MS)]);
      } catch (error) {
        this.#asBefore(job);
        throw error;
      }
      return moved;
    });
  }

  /** Of all its runs. */
  totals(job: JobRow): Totals {
    const run = this.#o.runs.run(job.id);
    if (run) return run.sheet.totals;
    const tally = new Tally();
    for (const [, row] of this.#o.books.rows(job.ledger)) tally.add(row);
    return sumOf(tally.totals, this.#o.books.folded(job.ledger));
  }

  /** To be called whenever a job's next time or state has changed. */
  rearm(job: JobRow): void {
    if (job.state === 'ended') this.#unfinished.delete(job.id);
    else this.#unfinished.add(job.id);
    const at = job.open === undefined ? job.next : this.#o.runs.run(job.id) ? undefined : this.#o.clock.now();
    if (job.state === 'active' && at !== undefined) this.#due.set(job.id, at);
    else this.#due.delete(job.id);
    this.#arm();
  }

  #arm(): void {
    if (!this.#stopped) this.#timer.arm(this.#due.first()?.at);
  }

  #fire(): void {
    const { books, log, clock } = this.#o;
    // The others are due at once again; between two parts the first messages leave.
    for (const id of this.#due.takeDue(clock.now(), OPENED_AT_ONCE)) {
      const job = books.job(id);
      if (!job) continue;
      this.#turns
        .take(job.key, () => this.#open(id))
        .catch((error: unknown) => {
          log.error({ err: error, job: id }, 'a job could not be opened');
          this.#later(id, OPEN_AGAIN_MS);
        });
    }
    this.#arm();
  }

  #later(id: string, ms: number): void {
    this.#due.set(id, this.#o.clock.now() + ms);
    this.#arm();
  }

  async #open(id: string): Promise<void> {
    const { books, runs, clock, graceMs } = this.#o;
    const job = books.job(id);
    if (job?.state !== 'active' || this.#stopped) return;
    if (runs.isLeaving(job)) return this.#later(id, LEAVING_MS);
    if (job.open !== undefined) return runs.open(job);
    const now = clock.now();
    if (job.next === undefined || job.next > now) return this.rearm(job);
    // With recipients in other zones it is over only when the last of them is.
    const due = Math.max(job.next, job.zones ? closesAt(job, job.occurrence) : job.next);
    if (overdue(due, now, graceMs) === 'run') return runs.open(job);
    if (!job.rule) {
      await this.#giveUp(job, `missed: bridge was not running at ${isoWithOffset(job.next, job.zone)}`);
      return;
    }
    const late = missed(job.rule, anchorOf(job), job.zone, job.occurrence, now, graceMs);
    if (late.run !== undefined) return runs.open({ ...job, occurrence: late.run });
    await this.#skip(job, late.next, late.missedCount);
  }

  /** Occurrences of a series that nobody made up for (§6). */
  async #skip(job: JobRow, occurrence: number | undefined, count: number): Promise<void> {
    const { books, clock, log } = this.#o;
    log.warn({ job: job.id, count }, 'occurrences of a series were missed');
    if (occurrence === undefined) {
      await this.#giveUp(job, 'missed: bridge was not running');
      return;
    }
    const skipped: JobRow = { ...job, occurrence, next: Math.max(opensAt(job, occurrence), clock.now()) };
    await books.commit({ jobs: [skipped] });
    this.rearm(skipped);
  }

  /** SC5. The run is closed, and with it a job that has no other one. */
  #interrupted(id: string, since: number): void {
    const { books, clock, log } = this.#o;
    const key = books.job(id)?.key ?? id;
    const close = async () => {
      const job = books.job(id);
      if (job?.state !== 'active' || job.open === undefined) return;
      const reason = `interrupted: bridge was not running since ${isoWithOffset(since, job.zone)}`;
      const occurrence = job.rule && occurrenceAfter(job.rule, anchorOf(job), job.zone, job.open);
      if (occurrence === undefined) {
        await this.#giveUp(job, reason);
        return;
      }
      const { open: _, openedAt: __, begun: ___, ...rest } = job;
      const goesOn: JobRow = { ...rest, occurrence, next: opensAt(job, occurrence), runs: job.runs + 1 };
      const facts = closedFacts(job, this.totals(job), reason, false, clock.now());
      await books.commit({ jobs: [goesOn], rows: this.#skipped(job), facts });
      if (this.#gate) this.#gated.push(id);
      else this.rearm(goesOn);
    };
    this.#turns.take(key, close).catch((error: unknown) => {
      // The next start tries again.
      log.error({ err: error, job: id }, 'a run that was interrupted could not be closed');
    });
  }

  /** SC5. Its rows stay as they are: the app may send again by its own policy. */
  async #giveUp(job: JobRow, reason: string): Promise<JobRow> {
    const { books, clock } = this.#o;
    const now = clock.now();
    const { open: _, openedAt: __, next: ___, ...rest } = job;
    const totals = finalTotals(this.totals(job), job.recipients);
    const outcome = totals.sent > 0 ? 'completed' : 'failed';
    const ended: JobRow = { ...rest, state: 'ended', outcome, reason, endedAt: now };
    await books.commit({ jobs: [ended], facts: closedFacts(job, totals, reason, true, now) });
    this.rearm(ended);
    return ended;
  }

  /** A replaced series leaves an occurrence behind: who was not sent of it is not going to be. */
  #skipped(before: JobRow) {
    if (!before.rule || before.open === undefined) return [];
    const occurrence = occurrenceOf(before, before.open);
    return [...this.#o.books.rows(before.ledger, occurrence)].flatMap(([place, row]) =>
      row.state === 'pending' ? [[place, { ...row, state: 'skipped' as const }] as const] : [],
    );
  }

  #keepAlive(): void {
    const { clock, alive, log } = this.#o;
    alive.note(clock.now()).catch((error: unknown) => log.error({ err: error }, 'the time could not be noted'));
    this.#beat = clock.setTimeout(() => this.#keepAlive(), ALIVE_MS);
  }
}

const WORDS = {
  pause: 'paused',
  resume: 'running',
  cancel: 'cancelled',
  hold: undefined,
  release: undefined,
} as const;
