/**
 * Refuses a write before the disk is full. lmdb 3.5.6 formats its error message for a failed page write into a buffer
 * that is too short (101 bytes into 100), which sooner or later aborts the process and with it every number; so the
 * disk must never be the one to say no. The reserve also leaves room for other numbers' commits in the same moment.
 */

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

const RESERVE_BYTES = 16 * 1024 * 1024;
/** With so much free, a look holds for LOOK_MS: no disk here fills up that fast, and a look costs 30 µs of every write. */
const PLENTY_BYTES = 512 * 1024 * 1024;
const LOOK_MS = 100;
/** What other files leave to the stores, so that these go on when media have filled the disk. */
const FOR_STORES_BYTES = 4 * RESERVE_BYTES;

/** When a folder of stores was last seen with plenty of room; monotonic milliseconds. */
const plentyAt = new Map<string, number>();

/** `full`: writes are refused; `filling`: little is left. Cheap while there is plenty. Throws when `folder` is not there. */
export function diskRoom(folder: string): 'ok' | 'filling' | 'full' {
  if (isPlenty(dirname(folder))) return 'ok';
  const free = freeBytes(folder);
  if (free < RESERVE_BYTES) return 'full';
  return free < PLENTY_BYTES ? 'filling' : 'ok';
}

/** Whether a file of so many bytes leaves the stores on the disk of `folder` their room. Throws when that is not there. */
export const hasRoomFor = (folder: string, bytes: number): boolean => freeBytes(folder) >= FOR_STORES_BYTES + bytes;

/** Throws when the disk of `folder` has no room for `bytes` more. Doubled: changed pages are written anew. */
export function assertDiskSpace(folder: string, bytes: number): void {
  if (bytes < PLENTY_BYTES / 8 && isPlenty(dirname(folder))) return;
  const free = freeBytes(folder);
  if (free < RESERVE_BYTES + 2 * bytes) {
    throw new Error(`No space left on the disk of ${folder}: writes are refused below ${RESERVE_BYTES / 2 ** 20} MiB`);
  }
}

const isPlenty = (parent: string): boolean => performance.now() - (plentyAt.get(parent) ?? -Infinity) < LOOK_MS;

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const parent = dirname(folder);
  if (free > PLENTY_BYTES) plentyAt.set(parent, performance.now());
  else plentyAt.delete(parent);
  return free;
}
