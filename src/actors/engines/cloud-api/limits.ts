/**
 * When a Cloud API message may leave (facts/cloud-api.md §7), for all sends of the process.
 *
 *  CL1  Per number: `perSecond` on average, never more than `perSecond` + BURST in any second.
 *  CL2  Per number and recipient: one in 6 s on average; 45 may be borrowed and are paid back by waiting.
 *  CL3  Whoever cannot leave before the deadline hears so at once and has used nothing up.
 *  CL4  After Meta's own "slow down" everything it spoke of waits: the number 2 s doubling to 60 s, the account 60 s
 *       doubling to 15 min, the pair 4^n s; the first accepted message ends the doubling.
 *
 * Deliberately not here: which error means what (errors.ts).
 */
import { type Clock, sleep } from '../../../clock.ts';

const BURST = 15;
const PAIR_MS = 6_000;
const PAIR_BURST = 45;
/** More keys than that: those that owe nothing are forgotten. */
const MAX_KEYS = 20_000;

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
    const now = clock.now();
    const waitMs = Math.max(
      this.#pairs.wait(pair, now),
      this.#numbers.wait(sender.number, now),
      this.#held(sender) - now,
    );
    if (now + waitMs >= deadline) return { kind: 'too late', waitMs };
    const ownMs = Math.max(this.#pairs.take(pair, now), this.#numbers.take(sender.number, now));
    if (ownMs > 0) await sleep(clock, ownMs);
    // A hold may have begun, or been made longer, in between.
    for (let until = this.#held(sender); until > clock.now(); until = this.#held(sender)) {
      if (until >= deadline) return { kind: 'too late', waitMs: until - clock.now() };
      await sleep(clock, until - clock.now());
    }
    return { kind: 'now' };
  }

  /** CL4. Answers how long whatever was meant waits now, in ms. Messages that were under way already count as one. */
  slowDown(slow: Slow, sender: Sender): number {
    const key = keysOf(sender)[slow];
    const now = this.#clock.now();
    const hold = this.#holds.get(key) ?? { until: 0, strikes: 0 };
    if (hold.until > now) return hold.until - now;
    const { base, growth, max } = HOLDS[slow];
    const plain = Math.min(base * growth ** hold.strikes, max);
    const ms = Math.round(plain * (1 + this.#random() * 0.2));
    this.#holds.set(key, { until: now + ms, strikes: hold.strikes + 1 });
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

/** One message each `interval` ms, `burst` at once: the theoretical time of the next one is all that is kept. */
class Rate {
  readonly #interval: number;
  readonly #burst: number;
  readonly #next = new Map<string, number>();

  constructor(interval: number, burst: number) {
    this.#interval = interval;
    this.#burst = burst;
  }

  wait(key: string, now: number): number {
    return Math.max(0, (this.#next.get(key) ?? now) - (this.#burst - 1) * this.#interval - now);
  }

  /** Books the next place; answers the wait until it, in ms. */
  take(key: string, now: number): number {
    const ms = this.wait(key, now);
    this.#next.set(key, Math.max(this.#next.get(key) ?? now, now) + this.#interval);
    if (this.#next.size > MAX_KEYS) for (const [other, at] of this.#next) if (at <= now) this.#next.delete(other);
    return ms;
  }
}
