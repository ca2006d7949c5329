/**
 * Ids of calls that have ended, or were ended before they began: for 10 min nothing begins under them (contract voice §2).
 */
import type { Clock } from '../../clock.ts';

const ENDED_MS = 10 * 60_000;

export type EndedId = readonly [id: string, until: number];

export class EndedIds {
  readonly #clock: Clock;
  /** In the order of their ends, so the oldest are first. */
  readonly #until: Map<string, number>;

  constructor(clock: Clock, known: readonly EndedId[] = []) {
    this.#clock = clock;
    this.#until = new Map(known);
  }

  add(id: string): void {
    const now = this.#clock.now();
    for (const [old, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(old);
    }
    this.#until.delete(id);
    this.#until.set(id, now + ENDED_MS);
  }

  has(id: string): boolean {
    return (this.#until.get(id) ?? 0) > this.#clock.now();
  }

  all(): EndedId[] {
    return [...this.#until];
  }
}
