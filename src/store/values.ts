/**
 * Values as bytes: msgpack, sealed and bound to their row key when the store is encrypted.
 *
 * Plain msgpack maps instead of msgpackr's records: every row can be read on its own, by any version of this bridge
 * and by any msgpack library; nothing is shared between rows that a crash or a downgrade could lose. A property named
 * `__proto__` comes back as `__proto_`: msgpackr will not build objects with a prototype from data.
 */

import { Packr } from 'msgpackr';
import type { Cipher } from './encryption.ts';

const msgpack = new Packr({ useRecords: false });

/** For the schema row, which is read before the cipher is known. */
export const packPlain = (value: unknown): Buffer => msgpack.pack(value);
export const unpackPlain = (bytes: Buffer): unknown => msgpack.unpack(bytes);

interface ValueCodec {
  /** Throws on what msgpack cannot hold. The result shares nothing with `value`. */
  encode(key: Buffer, value: unknown): Buffer;
  /** Byte fields of the result are views on `bytes`, which must be the caller's own copy. */
  decode(key: Buffer, bytes: Buffer): unknown;
}

export function valueCodec(cipher: Cipher | undefined): ValueCodec {
  return {
    encode: (key, value) => {
      if (value === undefined) throw new Error('undefined is not a value; use remove');
      const plain = packPlain(value);
      return cipher ? cipher.seal(key, plain) : plain;
    },
    decode: (key, bytes) => unpackPlain(cipher ? cipher.unseal(key, bytes) : bytes),
  };
}
