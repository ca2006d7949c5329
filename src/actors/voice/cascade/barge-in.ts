/**
 * Decides from loudness alone that the caller has taken the floor. Contract voice §8.4. Pure.
 *
 *  BI1  Loud for 300 ms; a dip of less than 100 ms, as between syllables, does not end it.
 *  BI2  Nothing in the first 700 ms of an utterance counts: that is where the line's own echo comes back.
 */
import { SAMPLE_RATE } from '../opus.ts';
import { loudness } from './pcm.ts';

const LOUD = 1_800;
const LOUD_MS = 300;
const DIP_MS = 100;
const SPARED_MS = 700;

export class BargeIn {
  #loudMs = 0;
  #dipMs = 0;

  /** `heardForMs`: of the utterance that is being said. True once for each interruption. */
  hear(pcm: Int16Array, heardForMs: number | undefined): boolean {
    if (heardForMs === undefined || heardForMs < SPARED_MS) {
      this.#reset();
      return false;
    }
    const ms = (pcm.length * 1000) / SAMPLE_RATE;
    if (loudness(pcm) >= LOUD) {
      this.#loudMs += ms;
      this.#dipMs = 0;
    } else {
      this.#dipMs += ms;
      if (this.#dipMs >= DIP_MS) this.#reset();
    }
    if (this.#loudMs < LOUD_MS) return false;
    this.#reset();
    return true;
  }

  #reset(): void {
    this.#loudMs = 0;
    this.#dipMs = 0;
  }
}
