/**
 * The numbers of one outgoing RTP stream over a whole call, whatever is played into it. Pure. Contract voice §9.5.
 *
 *  RL1  One source keeps its own distances: sequence and timestamp move by a fixed offset, so gaps stay gaps and what came
 *       out of order leaves out of order (V-31).
 *  RL2  Where the source changes, the sequence goes on by one and the timestamp by the time that has passed.
 *  RL3  No number is given twice: what is older than the first packet of its source is dropped, and so is what is 20 s
 *       older than its newest, because numbers come round again.
 *  RL4  Payloads are only looked at for their duration (V-30).
 */
import { samplesOf } from './opus-toc.ts';
import type { RtpPlace } from './pipeline.ts';
import { stepOf } from './sequence.ts';

export type RtpNumbers = { readonly sequence: number; readonly timestamp: number; readonly marker: boolean };

/** 20 ms at 48 kHz. */
const FRAME = 960;
const PER_MS = 48;
/** Silence that paused for longer than this follows the clock again. */
const PAUSE_MS = 60;
/** Packets: how far behind a straggler may be. */
const OLDEST = 1_000;

type Source = {
  readonly name: number | 'own' | 'silence';
  readonly sequenceOffset: number;
  readonly timestampOffset: number;
  /** The oldest number that may still be sent: of its first packet, later of one that follows at a distance. */
  oldest: number;
};

export class RtpLine {
  #source: Source | undefined;
  #sequence: number;
  #timestamp: number;
  #duration = FRAME;
  #at: number | undefined;

  /** Where the numbers begin: 16 and 32 bits. */
  constructor(begin: { readonly sequence: number; readonly timestamp: number }) {
    this.#sequence = begin.sequence & 0xffff;
    this.#timestamp = begin.timestamp >>> 0;
  }

  /** A packet of another stream; undefined: too late to be sent (RL3). `now` in ms. */
  relayed(place: RtpPlace, opus: Uint8Array, now: number): RtpNumbers | undefined {
    const before = this.#source;
    const source = before?.name === place.source ? before : this.#change(place.source, place, now);
    const sequence = (place.sequence + source.sequenceOffset) & 0xffff;
    const timestamp = (place.timestamp + source.timestampOffset) >>> 0;
    if (stepOf(source.oldest, sequence) < 0) return undefined;
    if (stepOf(this.#sequence, sequence) > 0 || source !== before) this.#note(sequence, timestamp, opus, now);
    if (stepOf(source.oldest, this.#sequence) > OLDEST) source.oldest = (this.#sequence - OLDEST) & 0xffff;
    return { sequence, timestamp, marker: place.marker || source !== before };
  }

  /** A frame of the bridge's own: it follows what was said before, however late it is. */
  own(opus: Uint8Array, now: number): RtpNumbers {
    const fresh = this.#source?.name !== 'own';
    return { ...this.#follow('own', fresh ? this.#elapsed(now) : this.#duration, opus, now), marker: fresh };
  }

  silence(opus: Uint8Array, now: number): RtpNumbers {
    const paused = this.#source?.name !== 'silence' || now - (this.#at ?? now) > PAUSE_MS;
    return { ...this.#follow('silence', paused ? this.#elapsed(now) : FRAME, opus, now), marker: false };
  }

  #follow(
    name: 'own' | 'silence',
    step: number,
    opus: Uint8Array,
    now: number,
  ): { sequence: number; timestamp: number } {
    const first = this.#at === undefined;
    const sequence = first ? this.#sequence : (this.#sequence + 1) & 0xffff;
    const timestamp = first ? this.#timestamp : (this.#timestamp + step) >>> 0;
    if (this.#source?.name !== name) this.#source = { name, sequenceOffset: 0, timestampOffset: 0, oldest: sequence };
    this.#note(sequence, timestamp, opus, now);
    return { sequence, timestamp };
  }

  /** RL2 */
  #change(name: number, place: RtpPlace, now: number): Source {
    const first = this.#at === undefined ? this.#sequence : (this.#sequence + 1) & 0xffff;
    const timestamp = this.#at === undefined ? this.#timestamp : this.#timestamp + this.#elapsed(now);
    this.#source = {
      name,
      sequenceOffset: first - place.sequence,
      timestampOffset: timestamp - place.timestamp,
      oldest: first,
    };
    return this.#source;
  }

  #elapsed(now: number): number {
    return Math.max(this.#duration, FRAME, Math.round((now - (this.#at ?? now)) * PER_MS));
  }

  #note(sequence: number, timestamp: number, opus: Uint8Array, now: number): void {
    this.#sequence = sequence;
    this.#timestamp = timestamp;
    this.#duration = samplesOf(opus);
    this.#at = now;
  }
}
