/**
 * What a run waits for, and until when (contract settings §6): the next UTC day, a provider, a batch's pause, its number.
 *
 *  WA1  Waits do not end each other: the number's connection ends only the wait for it, and the longest of the others counts.
 *  WA2  The number has 10 minutes from when it was first missed; then the run gives up on it.
 *  WA3  A clock that is put back makes no wait longer than it was.
 */
import type { Clock } from '../clock.ts';

/** A look-up or engine that is not to be had is asked for again. */
export const ASK_AGAIN_MS = 5_000;
/** Contract settings §6. */
const CONNECTION_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

export type Wait = { readonly why: string; readonly until: number };

export class Waits {
  readonly #clock: Clock;
  #held: Wait | undefined;
  #connection: Wait | undefined;
  /** Since when the number, or what the run has to know first, is missed. */
  #missedSince: number | undefined;
  /** What the clock showed last. */
  #seenAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#seenAt = clock.now();
  }

  /** Epoch ms; 0 when it waits for nothing. */
  get until(): number {
    this.#now();
    return Math.max(this.#held?.until ?? 0, this.#connection?.until ?? 0);
  }

  /** The one that lasts longest; undefined when none holds. */
  get current(): Wait | undefined {
    const now = this.#now();
    const [held, connection] = [this.#held, this.#connection];
    const longest = (held?.until ?? 0) >= (connection?.until ?? 0) ? held : connection;
    return longest && longest.until > now ? longest : undefined;
  }

  hold(until: number, why: string): void {
    this.#now();
    if (until >= (this.#held?.until ?? 0)) this.#held = { until, why };
  }

  untilTomorrow(why: string): void {
    this.hold((Math.floor(this.#now() / DAY_MS) + 1) * DAY_MS, why);
  }

  /** WA2. */
  forConnection(): void {
    this.#connection = { until: this.missed() + CONNECTION_MS, why: 'the number is not connected' };
  }

  /** WA1 */
  connected(): void {
    this.#connection = undefined;
  }

  /** Nothing is missed any more. */
  found(): void {
    this.#missedSince = undefined;
  }

  /** WA2. Something is missed; answers since when. */
  missed(): number {
    this.#missedSince ??= this.#now();
    return this.#missedSince;
  }

  /** It has been missed for too long. */
  isOver(): boolean {
    return this.#missedSince !== undefined && this.#now() - this.#missedSince >= CONNECTION_MS;
  }

  /** WA3 */
  #now(): number {
    const now = this.#clock.now();
    const back = this.#seenAt - now;
    this.#seenAt = now;
    if (back <= 0) return now;
    if (this.#held) this.#held = { ...this.#held, until: this.#held.until - back };
    if (this.#connection) this.#connection = { ...this.#connection, until: this.#connection.until - back };
    if (this.#missedSince !== undefined) this.#missedSince -= back;
    return now;
  }
}
