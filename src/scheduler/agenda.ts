/**
 * When jobs fall due: all that have not ended, and one armed date for the nearest of them (contract schedules §5, §10).
 *
 *  SC1  A job fires at its instant, never before, once (P7).
 *  SC4  After a start due jobs wait for the app's list, two minutes at most: what it cancelled meanwhile is not sent (S-48),
 *       nor is its interrupted run told to be over (S-14).
 *
 * Deliberately not here: what becomes of a job that is due (due-jobs.ts).
 */
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Books } from './books.ts';
import { DueHeap } from './due-heap.ts';
import type { JobRow } from './jobs.types.ts';
import type { Runs } from './runs.ts';
import { DueTimer } from './timer.ts';

const DAY_MS = 86_400_000;
/** SC4 */
const FIRST_LIST_MS = 120_000;
/** Jobs that fell due together, between two turns of everything else. */
const DUE_AT_ONCE = 20;
/** How often it is noted that the process lives, so that a start knows how long it did not. */
const ALIVE_MS = 60_000;

export type AgendaOptions = {
  readonly books: Books;
  readonly runs: Pick<Runs, 'run'>;
  /** When a process was last alive on these books, epoch ms. */
  readonly alive: { readonly read: () => number | undefined; readonly note: (at: number) => Promise<void> };
  readonly onDue: (id: string) => void;
  /** A start found a run open that nobody went on with for a day or more. */
  readonly onInterrupted: (id: string, since: number) => void;
  readonly clock: Clock;
  readonly log: Log;
};

export class Agenda {
  readonly #o: AgendaOptions;
  readonly #due = new DueHeap();
  readonly #timer: DueTimer;
  readonly #unfinished = new Set<string>();
  /** Jobs of an earlier process that are due before the app's list is known. */
  #gated: string[] = [];
  /** Those of them whose run nobody went on with for a day or more. */
  #interrupted: { readonly id: string; readonly since: number }[] = [];
  #gate: Timer | undefined;
  #stopped = false;
  #beat: Timer | undefined;

  constructor(options: AgendaOptions) {
    this.#o = options;
    this.#timer = new DueTimer({ clock: options.clock, log: options.log, onDue: () => this.#fire() });
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Ids of the jobs that have not ended. */
  get unfinished(): ReadonlySet<string> {
    return this.#unfinished;
  }

  /** Loads the books; what is due waits for the app's list (SC4). */
  start(onProgress?: (loaded: number) => void): void {
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
      if (isOpen && job.state === 'active' && now - aliveAt >= DAY_MS)
        this.#interrupted.push({ id: job.id, since: aliveAt });
      else if (isOpen || (job.next ?? Infinity) < now + FIRST_LIST_MS) this.#gated.push(job.id);
      else this.rearm(job);
    }
    this.#gate = clock.setTimeout(() => this.openGate(), FIRST_LIST_MS);
    // A start that comes before they are closed must find them as this one did.
    if (this.#interrupted.length === 0) this.#keepAlive();
  }

  /** SC4: the app's list has been read for the first time. */
  openGate(): void {
    if (this.#gate) this.#o.clock.clearTimeout(this.#gate);
    this.#gate = undefined;
    for (const id of this.#gated.splice(0)) {
      const job = this.#o.books.job(id);
      if (job) this.rearm(job);
    }
    for (const { id, since } of this.#interrupted.splice(0)) this.#o.onInterrupted(id, since);
    if (!this.#beat) this.#keepAlive();
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

  /** The same, once the app's list is known (SC4). */
  rearmBehindGate(job: JobRow): void {
    if (this.#gate) this.#gated.push(job.id);
    else this.rearm(job);
  }

  /** Due again after `ms`, whatever its row says. */
  again(id: string, ms: number): void {
    this.#due.set(id, this.#o.clock.now() + ms);
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.stop();
    for (const timer of [this.#beat, this.#gate]) if (timer) this.#o.clock.clearTimeout(timer);
  }

  #arm(): void {
    if (!this.#stopped) this.#timer.arm(this.#due.first()?.at);
  }

  #fire(): void {
    // The others are due at once again; between two parts the first messages leave.
    for (const id of this.#due.takeDue(this.#o.clock.now(), DUE_AT_ONCE)) this.#o.onDue(id);
    this.#arm();
  }

  #keepAlive(): void {
    const { clock, alive, log } = this.#o;
    alive.note(clock.now()).catch((error: unknown) => log.error({ err: error }, 'the time could not be noted'));
    this.#beat = clock.setTimeout(() => this.#keepAlive(), ALIVE_MS);
  }
}
