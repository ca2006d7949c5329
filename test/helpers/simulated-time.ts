/**
 * A clock that moves only when told. Usable as the bridge's `Clock` and as XState's `clock` option, so that a
 * machine's `after` timers and `now()` never disagree.
 *
 * XState's own SimulatedClock advances *one* of three chained delays in `increment(300)`, because a timer that is set
 * while another fires starts at the already advanced time (design/xstate.md §2.7). Here `now()` is the due time of the
 * timer that is firing, so chained delays come in order and at their exact times.
 */

import type { Clock, Timer } from '../../src/clock.ts';

type Pending = { readonly due: number; readonly order: number; readonly fn: () => void };

export class SimulatedTime implements Clock {
  #now: number;
  #order = 0;
  readonly #pending = new Map<Timer, Pending>();

  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    const timer: Timer = { id: ++this.#order };
    this.#pending.set(timer, { due: this.#now + Math.max(0, ms), order: this.#order, fn });
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#pending.delete(timer);
  }

  /** Timers that have not fired yet; a test that ends with some has leaked them. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer, undefined when there is none. */
  nextIn(): number | undefined {
    const next = this.#next();
    return next && next[1].due - this.#now;
  }

  /** Moves `ms` forward and fires every timer that falls due on the way, also those set meanwhile. */
  advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#fireNext(end));
    this.#now = end;
  }

  /** As `advance`, but lets promises settle before every timer and at the end, so that async code sets its timers. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    do {
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#fireNext(end));
    this.#now = end;
  }

  #next(): [Timer, Pending] | undefined {
    let first: [Timer, Pending] | undefined;
    for (const entry of this.#pending) {
      const [, { due, order }] = entry;
      if (!first || due < first[1].due || (due === first[1].due && order < first[1].order)) first = entry;
    }
    return first;
  }

  #fireNext(end: number): boolean {
    const next = this.#next();
    if (!next || next[1].due > end) return false;
    const [timer, { due, fn }] = next;
    this.#pending.delete(timer);
    this.#now = Math.max(this.#now, due);
    fn();
    return true;
  }
}
