/**
 * What one side hears from the bridge: the packets of a pipeline or another leg, and silence whenever there are none.
 * Contract voice §7, §9.5.
 *
 *  LN1  No word leaves while the gate is closed; what comes then is dropped, not kept (V-24).
 *  LN2  From `fill` on a packet leaves at least every 60 ms, else silence every 20 ms: Meta never sees seconds of nothing
 *       (V-24).
 *  LN3  Nothing is buffered or reordered: a packet leaves in the call that brought it (V-32).
 *
 * Deliberately not here: the numbers (rtp-line.ts), encryption and sockets (peer.ts).
 */
import type { Clock, Timer } from '../../clock.ts';
import { SILENCE } from './opus-toc.ts';
import type { RtpPlace } from './pipeline.ts';
import type { RtpLine, RtpNumbers } from './rtp-line.ts';

export type LineOptions = {
  readonly numbers: RtpLine;
  readonly clock: Clock;
  readonly send: (numbers: RtpNumbers, opus: Uint8Array) => void;
  /** A copy of what is said, never of silence. */
  readonly said?: (opus: Uint8Array, numbers: RtpNumbers) => void;
};

const FRAME_MS = 20;
const QUIET_MS = 60;

export class Line {
  readonly #o: LineOptions;
  #open = false;
  #timer: Timer | undefined;
  /** When the last packet left, and when the next frame of silence is due. */
  #saidAt = 0;
  #due = 0;

  constructor(options: LineOptions) {
    this.#o = options;
  }

  /** LN1 */
  open(): void {
    this.#open = true;
  }

  /** LN2 */
  fill(): void {
    if (this.#timer) return;
    this.#due = this.#o.clock.now();
    this.#tick();
  }

  /** LN3. `place`: of a relayed packet. */
  play(opus: Uint8Array, place?: RtpPlace): void {
    if (!this.#open || opus.length === 0) return;
    const now = this.#o.clock.now();
    const numbers = place ? this.#o.numbers.relayed(place, opus, now) : this.#o.numbers.own(opus, now);
    if (!numbers) return;
    this.#saidAt = now;
    this.#o.send(numbers, opus);
    this.#o.said?.(opus, numbers);
  }

  close(): void {
    this.#open = false;
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** On a fixed beat, so that lateness does not add up; beats that were missed are not made up for. */
  #tick(): void {
    const { clock, numbers, send } = this.#o;
    const now = clock.now();
    if (now - this.#saidAt >= QUIET_MS) send(numbers.silence(SILENCE, now), SILENCE);
    this.#due = Math.max(this.#due + FRAME_MS, now + 1);
    this.#timer = clock.setTimeout(() => this.#tick(), this.#due - now);
  }
}
