/**
 * What a run waits for, and until when (contract settings §6): the next UTC day, a provider, a batch's pause, its number.
 *
 *  WA1  Waits do not end each other: the number's connection ends only the wait for it, and the longest of the others counts.
 *  WA2  The number has 10 minutes from when it was first missed; then the run gives up on it.
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

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Epoch ms; 0 when it waits for nothing. */
  get until(): number {
    return Math.max(this.#held?.until ?? 0, this.#connection?.until ?? 0);
  }

  /** The one that lasts longest; undefined when none holds. */
  get current(): Wait | undefined {
    const [held, connection] = [this.#held, this.#connection];
    const longest = (held?.until ?? 0) >= (connection?.until ?? 0) ? held : connection;
    return longest && longest.until > this.#clock.now() ? longest : undefined;
  }

  hold(until: number, why: string): void {
    if (until >= (this.#held?.until ?? 0)) this.#held = { until, why };
  }

  untilTomorrow(why: string): void {
    this.hold((Math.floor(this.#clock.now() / DAY_MS) + 1) * DAY_MS, why);
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
    this.#missedSince ??= this.#clock.now();
    return this.#missedSince;
  }

  /** It has been missed for too long. */
  isOver(): boolean {
    return this.#missedSince !== undefined && this.#clock.now() - this.#missedSince >= CONNECTION_MS;
  }
}
