/**
 * When a Cloud API message may leave (facts/cloud-api.md §7), for all sends of the process.
 *
 *  CL1  Per number: `perSecond` on average, never more than `perSecond` + BURST in any second.
 *  CL2  Per number and recipient: one in 6 s on average; 45 may be borrowed and are paid back by waiting.
 *  CL3  Whoever cannot leave before the deadline hears so at once and has used nothing up.
 *  CL4  After Meta's own "slow down" everything it spoke of waits: the number 2 s doubling to 60 s, the account 60 s
 *       doubling to 15 min, the pair 4^n s, and never less than a `Retry-After`; the first accepted message ends the
 *       doubling. What waited books a new place afterwards, so that it does not leave all at once.
 *  CL5  The number then goes on at half its rate, which doubles again after each minute without a further "slow down".
 *
 * Deliberately not here: which error means what (errors.ts).
 */
import { type Clock, sleep } from '../../../clock.ts';

const BURST = 15;
const PAIR_MS = 6_000;
const PAIR_BURST = 45;
/** More keys than that: those that owe nothing are forgotten. */
const MAX_KEYS = 20_000;
/** Down to one message a second of 64. */
const MOST_HALVINGS = 6;
const RECOVERS_MS = 60_000;

const HOLDS = {
  'slow number': { base: 2_000, growth: 2, max: 60_000 },
  'slow account': { base: 60_000, growth: 2, max: 900_000 },
  'slow recipient': { base: 1_000, growth: 4, max: 600_000 },
} as const;

export type Sender = { readonly number: string; readonly account: string; readonly recipient: string };
type Slow = keyof typeof HOLDS;

export type Turn = { readonly kind: 'now' } | { readonly kind: 'too late'; readonly waitMs: number };

export class Limits {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #numbers: Rate;
  readonly #pairs = new Rate(PAIR_MS, PAIR_BURST);
  readonly #holds = new Map<string, { until: number; strikes: number }>();

  constructor(options: { readonly clock: Clock; readonly perSecond: number; readonly random: () => number }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#numbers = new Rate(1_000 / options.perSecond, BURST);
  }

  /** Resolves when the message may leave; `deadline` in epoch ms. */
  async turn(sender: Sender, deadline: number): Promise<Turn> {
    const clock = this.#clock;
    const pair = `${sender.number} ${sender.recipient}`;
    for (;;) {
      const now = clock.now();
      const heldMs = this.#held(sender) - now;
      const waitMs = Math.max(this.#pairs.wait(pair, now), this.#numbers.wait(sender.number, now), heldMs);
      if (now + waitMs >= deadline) return { kind: 'too late', waitMs };
      if (heldMs > 0) {
        // No place is booked meanwhile: at the end of the hold all that wait would leave at once.
        await sleep(clock, heldMs);
        continue;
      }
      const places = [this.#pairs.take(pair, now), this.#numbers.take(sender.number, now)];
      const ownMs = Math.max(...places.map(({ ms }) => ms));
      if (ownMs > 0) await sleep(clock, ownMs);
      if (places.every((place) => place.isValid()) && this.#held(sender) <= clock.now()) return { kind: 'now' };
    }
  }

  /**
   * CL4, CL5. Answers how long whatever was meant waits now, in ms: `leastMs`, what the provider asked for, or more.
   * Messages that were under way already count as one.
   */
  slowDown(slow: Slow, sender: Sender, leastMs: number): number {
    const key = keysOf(sender)[slow];
    const now = this.#clock.now();
    const hold = this.#holds.get(key) ?? { until: 0, strikes: 0 };
    if (hold.until > now) {
      hold.until = Math.max(hold.until, now + leastMs);
      return hold.until - now;
    }
    const { base, growth, max } = HOLDS[slow];
    const plain = Math.max(leastMs, Math.min(base * growth ** hold.strikes, max));
    const ms = Math.round(plain * (1 + this.#random() * 0.2));
    this.#holds.set(key, { until: now + ms, strikes: hold.strikes + 1 });
    if (slow === 'slow number') this.#numbers.lower(sender.number, now, now + ms);
    if (slow === 'slow recipient') this.#pairs.spend(`${sender.number} ${sender.recipient}`, now, now + ms);
    if (this.#holds.size > MAX_KEYS) {
      for (const [other, { until }] of this.#holds) if (until <= now) this.#holds.delete(other);
    }
    return ms;
  }

  accepted(sender: Sender): void {
    const now = this.#clock.now();
    for (const key of Object.values(keysOf(sender))) {
      if ((this.#holds.get(key)?.until ?? now) < now) this.#holds.delete(key);
    }
  }

  #held(sender: Sender): number {
    return Math.max(...Object.values(keysOf(sender)).map((key) => this.#holds.get(key)?.until ?? 0));
  }
}

const keysOf = ({ number, account, recipient }: Sender): Record<Slow, string> => ({
  'slow number': `number ${number}`,
  'slow account': `account ${account}`,
  'slow recipient': `pair ${number} ${recipient}`,
});

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

/** One message each `interval` ms, `burst` at once. */
class Rate {
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

  /** CL5: as `spend`, at half the rate of before. */
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
