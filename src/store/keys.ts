/**
 * How (table, key) becomes the bytes that the database sorts by: `<table> 0 <kind> <payload>`.
 *
 * Invariants:
 *  K1  bytes compare as ST3 wants it: numbers by value (big-endian double, sign flipped), then strings by code
 *      unit (UTF-16, big-endian: lossless even for lone surrogates, which UTF-8 would merge).
 *  K2  no table's rows lie between another's: a table name has no byte below `-`.
 */

import type { Key, Range } from './store.ts';

const NUMBER = 1;
const STRING = 2;
/** What a page of 4 KiB allows in this build (DEFAULT_MAX_KEY_SIZE of lmdb-js). */
const MAX_KEY_BYTES = 1978;
const TABLE_NAME = /^[a-z][a-z0-9/-]*$/;

/** The bytes before every key of a table. Throws on a name that the port does not allow. */
export function tablePrefix(name: string): Buffer {
  if (!TABLE_NAME.test(name)) throw new Error(`Not a table name: ${JSON.stringify(name)}`);
  return Buffer.from(`${name}\0`, 'latin1');
}

/** The first bytes after every key of the table with this prefix. */
export function tableEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = 1;
  return end;
}

/** Throws on NaN, and on a key that is too long for the database (about 950 characters). */
export function encodeKey(prefix: Buffer, key: Key): Buffer {
  const payload = typeof key === 'number' ? encodeNumber(key) : Buffer.from(key, 'utf16le').swap16();
  const bytes = Buffer.concat([prefix, Buffer.of(typeof key === 'number' ? NUMBER : STRING), payload]);
  if (bytes.length > MAX_KEY_BYTES) throw new Error(`Key of ${bytes.length} bytes is longer than ${MAX_KEY_BYTES}`);
  return bytes;
}

export function decodeKey(prefix: Buffer, bytes: Buffer): Key {
  const payload = Buffer.from(bytes.subarray(prefix.length + 1));
  return bytes[prefix.length] === NUMBER ? decodeNumber(payload) : payload.swap16().toString('utf16le');
}

export type Bounds = { start: Buffer; end: Buffer; reverse?: true; limit?: number };

/** A range of the port in bytes: start inclusive, end exclusive, both meant in the direction of travel. */
export function bounds(prefix: Buffer, { from, to, reverse, limit }: Range): Bounds {
  const first = reverse ? tableEnd(prefix) : prefix;
  const last = reverse ? prefix : tableEnd(prefix);
  return {
    start: from === undefined ? first : encodeKey(prefix, from),
    end: to === undefined ? last : encodeKey(prefix, to),
    ...(reverse ? { reverse } : {}),
    ...(limit === undefined ? {} : { limit }),
  };
}

function encodeNumber(value: number): Buffer {
  if (Number.isNaN(value)) throw new Error('NaN is not a key');
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value === 0 ? 0 : value);
  return flip(bytes, (bytes[0] ?? 0) >= 0x80);
}

function decodeNumber(bytes: Buffer): number {
  return flip(bytes, (bytes[0] ?? 0) < 0x80).readDoubleBE();
}

/** A positive double sorts after the negative ones when its sign bit is set; negative ones sort reversed. */
function flip(bytes: Buffer, negative: boolean): Buffer {
  if (negative) for (let i = 0; i < 8; i++) bytes[i] = ~(bytes[i] ?? 0);
  else bytes[0] = (bytes[0] ?? 0) ^ 0x80;
  return bytes;
}
