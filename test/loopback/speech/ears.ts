/**
 * How the loopback speech vendors "understand" a caller: loud audio followed by so much silence is one utterance, and the
 * next prepared sentence is what was said. Time is that of the audio, so that a test may send it as fast as it likes.
 */

const LOUD = 600;

export class Ears {
  readonly #rate: number;
  readonly #silenceMs: number;
  readonly #said: (seconds: number) => void;
  #loudMs = 0;
  #quietMs = 0;
  /** All audio so far, in ms. */
  heardMs = 0;

  constructor(rate: number, silenceMs: number, said: (seconds: number) => void) {
    this.#rate = rate;
    this.#silenceMs = silenceMs;
    this.#said = said;
  }

  /** PCM, 16 bits, little endian. */
  hear(bytes: Buffer): void {
    const step = (this.#rate / 100) * 2;
    for (let at = 0; at < bytes.length; at += step) this.#piece(bytes.subarray(at, at + step));
  }

  #piece(piece: Buffer): void {
    const samples = piece.length >> 1;
    let sum = 0;
    for (let at = 0; at < samples; at += 1) sum += piece.readInt16LE(at * 2) ** 2;
    const ms = (samples * 1000) / this.#rate;
    this.heardMs += ms;
    if (samples > 0 && Math.sqrt(sum / samples) >= LOUD) {
      this.#loudMs += ms;
      this.#quietMs = 0;
      return;
    }
    this.#quietMs += ms;
    if (this.#loudMs < 60 || this.#quietMs < this.#silenceMs) return;
    const seconds = this.#loudMs / 1000;
    this.#loudMs = 0;
    this.#said(seconds);
  }
}

/** A tone as PCM: `ms` of it at a rate. */
export function tone(rate: number, ms: number, frequency: number, amplitude = 8_000): Buffer {
  const samples = Math.round((rate * ms) / 1000);
  const bytes = Buffer.alloc(samples * 2);
  for (let at = 0; at < samples; at += 1) {
    bytes.writeInt16LE(Math.round(amplitude * Math.sin((2 * Math.PI * frequency * at) / rate)), at * 2);
  }
  return bytes;
}
