/**
 * Keys that the caller presses, out of telephone-event packets (RFC 4733). Contract voice §7.
 *
 *  DT1  One digit per press: a press is sent as many packets with one timestamp, and its last packet three times (V-18).
 *  DT2  A press whose end is lost counts when the next one begins.
 */

const DIGITS = '0123456789*#ABCD';
const END = 0x80;

export class DtmfReader {
  readonly #digit: (digit: string) => void;
  #press: { readonly timestamp: number; readonly digit: string; told: boolean } | undefined;

  constructor(digit: (digit: string) => void) {
    this.#digit = digit;
  }

  take(payload: Uint8Array, timestamp: number): void {
    const [event, flags] = payload;
    const digit = event === undefined ? undefined : DIGITS[event];
    if (digit === undefined || flags === undefined || payload.length < 4) return;
    if (this.#press?.timestamp !== timestamp) {
      // A late packet of the press before this one.
      if (this.#press && isBefore(timestamp, this.#press.timestamp)) return;
      this.#tell();
      this.#press = { timestamp, digit, told: false };
    }
    if ((flags & END) !== 0) this.#tell();
  }

  #tell(): void {
    if (!this.#press || this.#press.told) return;
    this.#press.told = true;
    this.#digit(this.#press.digit);
  }
}

/** In the circle of 32 bits. */
const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0;
