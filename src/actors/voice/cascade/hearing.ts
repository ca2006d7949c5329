/**
 * The caller's packets as one unbroken line of PCM: a listening engine measures pauses in the audio that it gets, so a
 * phone that sends nothing while its owner is silent must be heard as silence.
 *
 *  HE1  Lost packets are silence at their place; while nothing comes for 100 ms, silence goes on in real time.
 *
 * Deliberately not here: who may hear it (`cascade.ts`).
 */
import type { Clock, Timer } from '../../../clock.ts';
import { SAMPLE_RATE } from '../opus.ts';
import type { RtpPlace } from '../pipeline.ts';
import type { Track } from '../track.ts';

const PAUSE_MS = 100;

export type HearingOptions = {
  readonly clock: Clock;
  readonly track: Track;
  readonly heard: (pcm: Int16Array) => void;
};

export class Hearing {
  readonly #o: HearingOptions;
  readonly #silence = new Int16Array((SAMPLE_RATE * PAUSE_MS) / 1000);
  #lastAt = 0;
  #timer: Timer | undefined;

  constructor(options: HearingOptions) {
    this.#o = options;
  }

  /** From now on silence is heard while nothing comes. */
  begin(): void {
    this.#lastAt = this.#o.clock.now();
    this.#watch();
  }

  take(opus: Uint8Array, place: RtpPlace): void {
    const piece = this.#o.track.take(opus, place);
    if (!piece) return;
    this.#lastAt = this.#o.clock.now();
    if (piece.lost > 0) this.#o.heard(new Int16Array(piece.lost));
    this.#o.heard(piece.pcm);
  }

  close(): void {
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
  }

  #watch(): void {
    const { clock } = this.#o;
    const wait = Math.max(1, this.#lastAt + PAUSE_MS - clock.now());
    this.#timer = clock.setTimeout(() => {
      if (clock.now() - this.#lastAt >= PAUSE_MS) {
        this.#lastAt += PAUSE_MS;
        this.#o.heard(this.#silence);
      }
      this.#watch();
    }, wait);
  }
}
