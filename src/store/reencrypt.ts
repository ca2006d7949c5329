/**
 * Converts a store folder to another encryption: on, off, or another passphrase. The bridge must not run meanwhile.
 *
 * Invariants:
 *  RE1  at every instant one of the folders `<path>` and `<path>.old` is complete; a conversion that was broken off
 *       is taken up again by calling this once more.
 *  RE2  what is left of the old form is deleted in the end: it may be the plain text.
 */

import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { flushFolder } from './files.ts';
import { copyLmdb, openLmdb } from './lmdb.ts';
import { StoreUnusable } from './unusable.ts';

export type Reencrypted = { readonly kind: 'converted'; readonly rows: number } | { readonly kind: 'already' };

/** `from` and `to` are passphrases, undefined for plain. Throws StoreUnusable when `from` does not open the folder. */
export async function reencrypt(path: string, from: string | undefined, to: string | undefined): Promise<Reencrypted> {
  const old = `${path}.old`;
  const converted = `${path}.converting`;
  if (existsSync(old)) {
    if (existsSync(path)) rmSync(old, { recursive: true });
    else renameSync(old, path);
  }
  rmSync(converted, { recursive: true, force: true });
  if (await opensWith(path, to)) return { kind: 'already' };

  const rows = await copyLmdb(withKey(path, from), withKey(converted, to));
  renameSync(path, old);
  renameSync(converted, path);
  flushFolder(dirname(path));
  rmSync(old, { recursive: true });
  return { kind: 'converted', rows };
}

async function opensWith(path: string, key: string | undefined): Promise<boolean> {
  try {
    await openLmdb(withKey(path, key)).close();
    return true;
  } catch (error) {
    if (error instanceof StoreUnusable && ['wrong-key', 'key-missing', 'not-encrypted'].includes(error.reason))
      return false;
    throw error;
  }
}

const withKey = (path: string, key: string | undefined) => ({ path, ...(key !== undefined && { encryptionKey: key }) });
