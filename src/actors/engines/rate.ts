/**
 * Places in a steady flow, one flow for each key: the theoretical time of the next message is nearly all that is kept.
 *
 *  RA1  One place each `interval` ms on average, `burst` at once.
 *  RA2  A flow that was lowered has half its rate of before, and twice as much again after each minute.
 *  RA3  A key that owes nothing is forgotten when there are too many.
 */

/** More keys than that: those that owe nothing are forgotten. */
export const MAX_KEYS = 20_000;
/** Down to one message a second of 64. */
const MOST_HALVINGS = 6;
const RECOVERS_MS = 60_000;

/** `ms` until it, and whether it still counts then: a slow-down in between takes all places away. */
type Place = { readonly ms: number; readonly isValid: () => boolean };

/** Of one key. */
type Pace = {
  /** Theoretical time of the next message, epoch ms. */
  next: number;
  /** Counts slow-downs. */
  era: number;
  /** How often the rate was halved, and when last. */
  halvings: number;
  halvedAt: number;
};

export class Rate {
  readonly #interval: number;
  readonly #burst: number;
  readonly #paces = new Map<string, Pace>();

  constructor(interval: number, burst: number) {
    this.#interval = interval;
    this.#burst = burst;
  }

  wait(key: string, now: number): number {
    const pace = this.#paces.get(key);
    return pace ? Math.max(0, pace.next - (this.#burst - 1) * this.#intervalOf(pace, now) - now) : 0;
  }

  /** Books the next place. */
  take(key: string, now: number): Place {
    const ms = this.wait(key, now);
    const pace = this.#paceOf(key, now);
    pace.next = Math.max(pace.next, now) + this.#intervalOf(pace, now);
    const { era } = pace;
    return { ms, isValid: () => pace.era === era };
  }

  /** All places booked are void; from `until` on there is one for each interval, nothing at once. */
  spend(key: string, now: number, until: number): void {
    const pace = this.#paceOf(key, now);
    pace.era += 1;
    pace.next = until + (this.#burst - 1) * this.#intervalOf(pace, now);
  }

  /** RA2: as `spend`, at half the rate of before. */
  lower(key: string, now: number, until: number): void {
    const pace = this.#paceOf(key, now);
    pace.halvings = Math.min(halvingsOf(pace, now) + 1, MOST_HALVINGS);
    pace.halvedAt = until;
    this.spend(key, now, until);
  }

  #intervalOf(pace: Pace, now: number): number {
    return this.#interval * 2 ** halvingsOf(pace, now);
  }

  #paceOf(key: string, now: number): Pace {
    const known = this.#paces.get(key);
    if (known) return known;
    if (this.#paces.size >= MAX_KEYS) {
      for (const [other, pace] of this.#paces)
        if (pace.next <= now && halvingsOf(pace, now) === 0) this.#paces.delete(other);
    }
    const pace = { next: now, era: 0, halvings: 0, halvedAt: 0 };
    this.#paces.set(key, pace);
    return pace;
  }
}

const halvingsOf = ({ halvings, halvedAt }: Pace, now: number): number =>
  Math.max(0, halvings - Math.max(0, Math.floor((now - halvedAt) / RECOVERS_MS)));
