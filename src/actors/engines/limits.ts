/**
 * When a message of an engine without connections may leave, for all sends of the process (facts/cloud-api.md §6.1, §7,
 * facts/twilio.md §6, §7). Each engine has its own, with its own figures.
 *
 *  CL1  Per number: `perSecond` on average, never more than `perSecond` + `burst` in any second.
 *  CL2  Per number and recipient, where the engine has such a limit: one each `ms` on average; `burst` may be borrowed and
 *       are paid back by waiting.
 *  CL3  Whoever cannot leave before the deadline hears so at once and has used nothing up. Who has to wait also needs time for
 *       an answer afterwards: a message that leaves in the last moment ends as `unknown`, and nobody may repeat it.
 *  CL4  After the provider's own "slow down" everything it spoke of waits: number, account or pair, as `holds` says and never
 *       less than a `Retry-After`; the first accepted message ends the growth. What waited books a new place afterwards, so
 *       that it does not leave all at once.
 *  CL5  The number then goes on at half its rate, which doubles again after each minute without a further "slow down".
 *
 * Deliberately not here: which error means what (errors.ts of each engine), how places are counted (rate.ts).
 */
import { type Clock, sleep } from '../../clock.ts';
import type { FailureClass, ProviderResult } from './provider.ts';
import { MAX_KEYS, Rate } from './rate.ts';

type Slow = Extract<FailureClass, 'slow number' | 'slow account' | 'slow recipient'>;

const OF_NUMBER = ['slow number', 'slow account'] as const satisfies readonly Slow[];
const ALL = [...OF_NUMBER, 'slow recipient'] as const satisfies readonly Slow[];

/** ms; each "slow down" in a row makes it `growth` times longer, up to `max`. */
type Hold = { readonly base: number; readonly growth: number; readonly max: number };

export type LimitsOptions = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly perSecond: number;
  readonly burst: number;
  readonly pair?: { readonly ms: number; readonly burst: number };
  readonly holds: Readonly<Record<Slow, Hold>>;
};

/** Vendors answer in less, mostly. */
const ANSWER_MS = 2_000;

type Failed = Extract<ProviderResult, { kind: 'failed' }>;

export type Sender = { readonly number: string; readonly account: string; readonly recipient: string };

export type Turn =
  | { readonly kind: 'now' }
  /** `recipient`: the number itself could send to others in time. */
  | { readonly kind: 'too late'; readonly waitMs: number; readonly whom: 'number' | 'recipient' };

export class Limits {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #numbers: Rate;
  readonly #pairs: Rate | undefined;
  readonly #growth: LimitsOptions['holds'];
  readonly #holds = new Map<string, { until: number; strikes: number }>();

  constructor({ clock, random, perSecond, burst, pair, holds }: LimitsOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#numbers = new Rate(1_000 / perSecond, burst);
    this.#pairs = pair && new Rate(pair.ms, pair.burst);
    this.#growth = holds;
  }

  /** Resolves when the message may leave; `deadline` in epoch ms. */
  async turn(sender: Sender, deadline: number): Promise<Turn> {
    const clock = this.#clock;
    const pair = `${sender.number} ${sender.recipient}`;
    for (;;) {
      const now = clock.now();
      const heldMs = this.#held(sender) - now;
      const numberMs = Math.max(this.#numbers.wait(sender.number, now), this.#held(sender, OF_NUMBER) - now);
      const waitMs = Math.max(this.#pairs?.wait(pair, now) ?? 0, numberMs, heldMs);
      const isLate = (ms: number) => now + ms + (ms > 0 ? ANSWER_MS : 0) >= deadline;
      if (isLate(numberMs)) return { kind: 'too late', waitMs: numberMs, whom: 'number' };
      if (isLate(waitMs)) return { kind: 'too late', waitMs, whom: 'recipient' };
      if (heldMs > 0) {
        // No place is booked meanwhile: at the end of the hold all that wait would leave at once.
        await sleep(clock, heldMs);
        continue;
      }
      const places = [this.#numbers.take(sender.number, now), ...(this.#pairs ? [this.#pairs.take(pair, now)] : [])];
      const ownMs = Math.max(...places.map(({ ms }) => ms));
      if (ownMs > 0) await sleep(clock, ownMs);
      if (places.every((place) => place.isValid()) && this.#held(sender) <= clock.now()) return { kind: 'now' };
    }
  }

  /** A refusal as it came, with the wait that follows from it where it means "slow down". */
  refused(result: Failed, sender: Sender): Failed {
    const { class: meaning, retryAfterMs = 0 } = result;
    const isSlow = meaning === 'slow number' || meaning === 'slow account' || meaning === 'slow recipient';
    return isSlow ? { ...result, retryAfterMs: this.slowDown(meaning, sender, retryAfterMs) } : result;
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
    const { base, growth, max } = this.#growth[slow];
    const plain = Math.max(leastMs, Math.min(base * growth ** hold.strikes, max));
    const ms = Math.round(plain * (1 + this.#random() * 0.2));
    this.#holds.set(key, { until: now + ms, strikes: hold.strikes + 1 });
    if (slow === 'slow number') this.#numbers.lower(sender.number, now, now + ms);
    if (slow === 'slow recipient') this.#pairs?.spend(`${sender.number} ${sender.recipient}`, now, now + ms);
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

  #held(sender: Sender, of: readonly Slow[] = ALL): number {
    const keys = keysOf(sender);
    return Math.max(...of.map((slow) => this.#holds.get(keys[slow])?.until ?? 0));
  }
}

const keysOf = ({ number, account, recipient }: Sender): Record<Slow, string> => ({
  'slow number': `number ${number}`,
  'slow account': `account ${account}`,
  'slow recipient': `pair ${number} ${recipient}`,
});
