/**
 * Cutting the byte stream of one connection into frames.
 *
 * Owns: the buffer of bytes that do not make a whole frame yet, and the prefixes a client sends once.
 * Does not: decrypt or decode.
 * Source: facts/loopback-whatsapp.md section 3 (routing prefix, header, 3-byte length).
 */

const ROUTING_MAGIC = Buffer.from([0x45, 0x44, 0x00, 0x01]);
const HEADER_LENGTH = 4;

export class FrameReader {
  #buffered: Buffer = Buffer.alloc(0);
  #introRead = false;

  /** Whole frames that became available with these bytes, in order. */
  push(bytes: Buffer): Buffer[] {
    this.#buffered = this.#buffered.length === 0 ? bytes : Buffer.concat([this.#buffered, bytes]);
    if (!this.#introRead && !this.#skipIntro()) return [];
    const frames: Buffer[] = [];
    while (this.#buffered.length >= 3) {
      const end = 3 + this.#buffered.readUIntBE(0, 3);
      if (this.#buffered.length < end) break;
      frames.push(this.#buffered.subarray(3, end));
      this.#buffered = this.#buffered.subarray(end);
    }
    return frames;
  }

  #skipIntro(): boolean {
    if (this.#buffered.length < HEADER_LENGTH) return false;
    let length = HEADER_LENGTH;
    if (this.#buffered.subarray(0, 4).equals(ROUTING_MAGIC)) {
      if (this.#buffered.length < 7) return false;
      length += 7 + this.#buffered.readUIntBE(4, 3);
    }
    if (this.#buffered.length < length) return false;
    this.#buffered = this.#buffered.subarray(length);
    this.#introRead = true;
    return true;
  }
}

/** A frame: 3 bytes of length, then the body. */
export function frame(body: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(3 + body.length);
  out.writeUIntBE(body.length, 0, 3);
  out.set(body, 3);
  return out;
}
