/**
 * A look at an LMDB file before native code maps it. lmdb-js crashes the whole process on a file whose header it does
 * not accept (SIGSEGV in its error path) and on one that is shorter than its header says (SIGBUS on first touch). One
 * damaged folder would then stop every number, at every start (P1).
 *
 * Layout (liblmdb `MDB_meta`, data version 2, little endian): two header pages, each 24 bytes of page header, then
 * magic, version, address, map size, free-list and main tree records, last page, transaction id.
 */

import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const META_BYTES = 168;
const AT = { flags: 18, magic: 24, version: 28, pageSize: 48, lastPage: 144, transaction: 152 } as const;
const META_PAGE = 0x08;
const ZEROS = Buffer.alloc(65536);

export type Inspection =
  | { readonly kind: 'empty' }
  | { readonly kind: 'sound' }
  | { readonly kind: 'damaged'; readonly why: string };

/**
 * Says whether lmdb can be let near the file. A tail that was never written (allowed) or was cut off (damage) is
 * filled with zeros, which lmdb reports as an error when it meets them.
 */
export function inspectDatabaseFile(file: string): Inspection {
  // Appending never overwrites: another process may be extending the file at this moment.
  const fd = openSync(file, 'a+');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return { kind: 'empty' };
    const first = readMeta(fd, 0);
    const pageSize = first?.pageSize ?? 0;
    const second = pageSize >= 512 && pageSize <= 65536 ? readMeta(fd, pageSize) : undefined;
    if (!first || !second) return { kind: 'damaged', why: 'its header is not one of a database of this version' };
    const newest = first.transaction > second.transaction ? first : second;
    const length = (newest.lastPage + 1) * pageSize;
    if (!Number.isSafeInteger(length)) return { kind: 'damaged', why: 'its header is damaged' };
    for (let missing = length - size; missing > 0; missing -= ZEROS.length) {
      writeSync(fd, ZEROS, 0, Math.min(missing, ZEROS.length));
    }
    return { kind: 'sound' };
  } finally {
    closeSync(fd);
  }
}

type Meta = { pageSize: number; lastPage: number; transaction: bigint };

function readMeta(fd: number, offset: number): Meta | undefined {
  const page = Buffer.alloc(META_BYTES);
  if (readSync(fd, page, 0, META_BYTES, offset) < META_BYTES) return undefined;
  const isMeta = (page.readUInt16LE(AT.flags) & META_PAGE) !== 0;
  if (!isMeta || page.readUInt32LE(AT.magic) !== MAGIC || page.readUInt32LE(AT.version) !== DATA_VERSION)
    return undefined;
  return {
    pageSize: page.readUInt32LE(AT.pageSize),
    lastPage: Number(page.readBigUInt64LE(AT.lastPage)),
    transaction: page.readBigUInt64LE(AT.transaction),
  };
}
