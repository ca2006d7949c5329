/**
 * Plays queued PCM in frames of 20 ms, paced by the wall clock and not by its arrival: engines deliver faster than speech.
 *
 *  AC1  One frame each 20 ms; after a stall of the process what is due is caught up with, at most 30 frames of it.
 *  AC2  The last frame of an utterance is filled with silence; `drained` is told once when it has been played, not sent.
 *  AC3  Dropped audio is never played. Nothing is queued and no timer runs while nobody speaks.
 *
 * Deliberately not here: silence between utterances (the line says it by itself), the codec.
 */
import type { Clock, Timer } from '../../../clock.ts';
import { FRAME_SAMPLES } from '../opus.ts';

const FRAME_MS = 20;
const CATCH_UP_FRAMES = 30;

export type AudioClockOptions = {
  readonly clock: Clock;
  readonly play: (frame: Int16Array) => void;
  readonly drained: () => void;
};

export class AudioClock {
  readonly #o: AudioClockOptions;
  readonly #queue: Int16Array[] = [];
  #samples = 0;
  #complete = false;
  /** Epoch ms at which the next frame is due; in the past: at once. */
  #due = 0;
  #timer: Timer | undefined;

  constructor(options: AudioClockOptions) {
    this.#o = options;
  }

  put(pcm: Int16Array): void {
    this.#queue.push(pcm);
    this.#samples += pcm.length;
    this.#arm();
  }

  /** The utterance is complete. */
  finish(): void {
    this.#complete = true;
    this.#arm();
  }

  /** AC3. Nothing is told of it. */
  drop(): void {
    this.#queue.length = 0;
    this.#samples = 0;
    this.#complete = false;
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#timer || !this.#hasWork()) return;
    const now = this.#o.clock.now();
    this.#due = Math.max(this.#due, now);
    this.#timer = this.#o.clock.setTimeout(() => this.#tick(), this.#due - now);
  }

  #hasWork(): boolean {
    return this.#complete || this.#samples >= FRAME_SAMPLES;
  }

  #tick(): void {
    this.#timer = undefined;
    const now = this.#o.clock.now();
    this.#due = Math.max(this.#due, now - (CATCH_UP_FRAMES - 1) * FRAME_MS);
    while (this.#due <= now && this.#hasWork()) {
      if (this.#samples === 0) {
        this.#complete = false;
        this.#o.drained();
        return;
      }
      this.#due += FRAME_MS;
      this.#o.play(this.#frame());
    }
    this.#arm();
  }

  #frame(): Int16Array {
    const frame = new Int16Array(FRAME_SAMPLES);
    let filled = 0;
    for (let first = this.#queue[0]; first && filled < FRAME_SAMPLES; first = this.#queue[0]) {
      const part = first.subarray(0, FRAME_SAMPLES - filled);
      frame.set(part, filled);
      filled += part.length;
      if (part.length === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(part.length);
    }
    this.#samples -= filled;
    return frame;
  }
}
