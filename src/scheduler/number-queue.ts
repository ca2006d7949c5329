/**
 * The one pacing queue of a sender number (contract settings §5): its running jobs take turns, one recipient each.
 *
 *  NQ1  Between two messages lies the larger gap of their two jobs, however many jobs there are (S-28); of one job the gap
 *       that was drawn for it. A clock that is put back makes it no longer than one gap more.
 *  NQ2  The gap follows what reached WhatsApp or a provider; what never left costs none (S-47).
 *  NQ3  Strictly one recipient at a time; a job that waits keeps no other one waiting.
 *  NQ4  `remove` resolves when nothing of the job can leave any more.
 *
 * Deliberately not here: what a step is (run.ts), how long gaps are (pacing.ts).
 */
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';

/** A running job as the queue sees it. */
export interface Work {
  readonly id: string;
  /** When it has something to do, epoch ms; Infinity: when it is woken. */
  readyAt(): number;
  /** Drawn anew at each call, ms. */
  gapMs(): number;
  /** One recipient, or the run's end. True when the gap must follow. */
  step(): Promise<boolean>;
}

/** Timers take no longer waits; the queue looks again then. */
const LONGEST_MS = 3_600_000;
/** After a bug in a step. */
const REST_MS = 5_000;

type Place = { readonly work: Work; gap: number; restUntil: number };

export class NumberQueue {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #places = new Map<string, Place>();
  #order: string[] = [];
  #lastAt = 0;
  #lastGap = 0;
  #running: { readonly id: string; readonly done: Promise<void> } | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#places.size;
  }

  add(work: Work): void {
    this.#places.set(work.id, { work, gap: work.gapMs(), restUntil: 0 });
    this.#order = [...this.#order.filter((id) => id !== work.id), work.id];
    this.wake();
  }

  /** NQ4 */
  async remove(id: string): Promise<void> {
    this.#places.delete(id);
    this.#order = this.#order.filter((each) => each !== id);
    if (this.#running?.id === id) await this.#running.done;
  }

  /** A step of it is under way, also when it was removed meanwhile. */
  isRunning(id: string): boolean {
    return this.#running?.id === id;
  }

  /** Something may have become possible. */
  wake(): void {
    if (this.#running) return;
    this.#clear();
    const now = this.#clock.now();
    this.#lastAt = Math.min(this.#lastAt, now);
    let soonest = Infinity;
    for (const id of this.#order) {
      const place = this.#places.get(id);
      if (!place) continue;
      const paced = this.#lastGap === 0 ? 0 : this.#lastAt + Math.max(this.#lastGap, place.gap);
      place.restUntil = Math.min(place.restUntil, now + REST_MS);
      const at = Math.max(place.work.readyAt(), paced, place.restUntil);
      if (at <= now) return this.#begin(id, place);
      soonest = Math.min(soonest, at);
    }
    if (soonest === Infinity) return;
    this.#timer = this.#clock.setTimeout(() => this.wake(), Math.min(soonest - now, LONGEST_MS));
  }

  /** Nothing begins any more; resolves when the step that runs is through. */
  async stop(): Promise<void> {
    this.#places.clear();
    this.#order = [];
    this.#clear();
    await this.#running?.done;
  }

  #clear(): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #begin(id: string, place: Place): void {
    this.#order = [...this.#order.filter((each) => each !== id), id];
    const done = this.#step(place).finally(() => {
      this.#running = undefined;
      this.wake();
    });
    this.#running = { id, done };
  }

  async #step(place: Place): Promise<void> {
    try {
      if (!(await place.work.step())) return;
      this.#lastAt = this.#clock.now();
      place.gap = place.work.gapMs();
      this.#lastGap = place.gap;
    } catch (error) {
      // A full disk, or a bug: neither may end the run nor spin.
      this.#log.error({ err: error }, 'a step of a job failed');
      place.restUntil = this.#clock.now() + REST_MS;
    }
  }
}
