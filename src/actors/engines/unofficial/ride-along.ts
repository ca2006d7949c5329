/**
 * Small changes of a number's store that need no flush of their own: they ride with the next write of Signal keys, which
 * is about to be flushed anyway, or leave by themselves after a moment. A flush costs more than all that is in it.
 */
import type { Clock, Timer } from '../../../clock.ts';
import type { Batch, Store } from '../../../store/store.ts';

/** How much an abrupt end may take back of what nobody waited for. */
const LATEST_MS = 20;

type Change = (batch: Batch) => void;

export class RideAlong {
  readonly #store: Store;
  readonly #clock: Clock;
  #changes: Change[] = [];
  #left: Promise<void> = Promise.resolve();
  #departure: ((left: Promise<void>) => void) | undefined;
  #timer: Timer | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Resolves when the change is durable. */
  add(change: Change): Promise<void> {
    this.#changes.push(change);
    if (!this.#departure) {
      this.#left = new Promise((resolve) => {
        this.#departure = resolve;
      });
      this.#timer = this.#clock.setTimeout(() => void this.depart().catch(() => undefined), LATEST_MS);
    }
    return this.#left;
  }

  /** Hands what waits to the store, in this turn: a write called next shares its flush (ST5). */
  depart(): Promise<void> {
    const departure = this.#departure;
    if (!departure) return Promise.resolve();
    const changes = this.#changes;
    this.#changes = [];
    this.#departure = undefined;
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    const left = this.#store.write((batch) => {
      for (const change of changes) change(batch);
    });
    departure(left);
    return left;
  }
}
