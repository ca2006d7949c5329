/**
 * The other side of a call, for a pipeline under test: packets go in as Meta sends them, and what is played is decoded and
 * kept. The pace is the test's.
 */
import { type Codec, FRAME_SAMPLES, openCodec, SAMPLE_RATE } from '../../src/actors/voice/opus.ts';
import type { CallLine, Pipeline } from '../../src/actors/voice/pipeline.ts';

export type Turn = { readonly role: 'agent' | 'user'; readonly text: string; readonly at: number };

export class Caller {
  readonly turns: Turn[] = [];
  /** When each packet was played, and what it was. */
  readonly played: { readonly at: number; readonly pcm: Int16Array }[] = [];
  readonly hungUp: { readonly why: string; readonly error: string | undefined }[] = [];
  readonly #now: () => number;
  readonly #ear: Codec = openCodec();
  readonly #mouth: Codec = openCodec();
  #sequence = 65_000;
  #timestamp = 4_294_900_000;
  #phase = 0;
  pipeline: Pipeline | undefined;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  readonly line: CallLine = {
    play: (opus) => {
      const pcm = this.#ear.decode(opus);
      if (!pcm) throw new Error('the line got what is no Opus');
      this.played.push({ at: this.#now(), pcm });
    },
    turn: (turn) => this.turns.push(turn),
    hangUp: (why, error) => this.hungUp.push({ why, error }),
  };

  /** `ms` of a tone, all at once. */
  speak(ms: number, amplitude = 8_000): void {
    for (let at = 0; at < ms; at += 20) this.frame(amplitude);
  }

  silence(ms: number): void {
    this.speak(ms, 0);
  }

  /** One packet of 20 ms. */
  frame(amplitude: number): void {
    const pcm = new Int16Array(FRAME_SAMPLES);
    for (let at = 0; at < FRAME_SAMPLES; at += 1) {
      this.#phase += 1;
      pcm[at] = amplitude * Math.sin((2 * Math.PI * 300 * this.#phase) / SAMPLE_RATE);
    }
    this.send(this.#mouth.encode(pcm));
  }

  send(opus: Uint8Array): void {
    const place = { source: 7, sequence: this.#sequence, timestamp: this.#timestamp, marker: false };
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    this.pipeline?.heard(opus, place);
  }

  /** The network ate packets. */
  lose(packets: number): void {
    this.#sequence = (this.#sequence + packets) & 0xffff;
    this.#timestamp = (this.#timestamp + packets * FRAME_SAMPLES) >>> 0;
  }

  hangUp(): void {
    this.#ear.close();
    this.#mouth.close();
  }
}

/** Packets of a voice of 300 Hz, loud enough to be one unless told otherwise; their end fits to their beginning. */
export function toneFrames(codec: Codec, count: number, amplitude = 8_000): Buffer[] {
  return Array.from({ length: count }, (_, n) =>
    Buffer.from(
      codec.encode(
        new Int16Array(FRAME_SAMPLES).map(
          (_sample, at) => amplitude * Math.sin((2 * Math.PI * 300 * (n * FRAME_SAMPLES + at)) / SAMPLE_RATE),
        ),
      ),
    ),
  );
}

/** The pitch of what was played, by its zero crossings; 0 for silence. */
export function pitchOf(pcm: Int16Array): number {
  let crossings = 0;
  for (let at = 1; at < pcm.length; at += 1)
    if ((pcm[at - 1] as number) < 0 && (pcm[at] as number) >= 0) crossings += 1;
  return (crossings * SAMPLE_RATE) / Math.max(1, pcm.length);
}

export function joined(pieces: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
