/**
 * One source's packets as PCM: decoded in their order, losses named.
 *
 *  TR1  A packet that is late, repeated or no Opus is left out: its time was counted as lost when a later one came.
 *  TR2  A loss of up to 200 ms is named in samples, so that whoever keeps time fills it with silence; a longer hole in the
 *       sequence, or another source, is a new beginning.
 *
 * Deliberately not here: pauses in which nothing was sent (the wall clock of `hearing.ts`, `recording.ts`).
 */
import type { Codec } from './opus.ts';
import { FRAME_SAMPLES } from './opus.ts';
import type { RtpPlace } from './pipeline.ts';
import { stepOf } from './sequence.ts';

export type Piece = {
  readonly pcm: Int16Array;
  /** Samples missing right before it. */
  readonly lost: number;
};

const LARGEST_LOSS = 10;

export class Track {
  readonly #codec: Pick<Codec, 'decode'>;
  #last: RtpPlace | undefined;

  constructor(codec: Pick<Codec, 'decode'>) {
    this.#codec = codec;
  }

  /** Without a place: the source is this process, which loses nothing. */
  take(opus: Uint8Array, place?: RtpPlace): Piece | undefined {
    const step = place && this.#last?.source === place.source ? stepOf(this.#last.sequence, place.sequence) : 1;
    if (step <= 0 && step > -LARGEST_LOSS * 10) return undefined;
    const pcm = this.#codec.decode(opus);
    if (!pcm) return undefined;
    this.#last = place;
    return { pcm, lost: step > 1 && step <= LARGEST_LOSS + 1 ? (step - 1) * FRAME_SAMPLES : 0 };
  }
}
