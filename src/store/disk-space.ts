/**
 * Refuses a write before the disk is full. lmdb 3.5.6 formats its error message for a failed page write into a buffer
 * that is too short (101 bytes into 100), which sooner or later aborts the process and with it every number; so the
 * disk must never be the one to say no. The reserve also leaves room for other numbers' commits in the same moment.
 */

import { statfsSync } from 'node:fs';

const RESERVE_BYTES = 16 * 1024 * 1024;

/** Throws when the disk of `folder` has no room for `bytes` more (4 µs). Doubled: changed pages are written anew. */
export function assertDiskSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < RESERVE_BYTES + 2 * bytes) {
    throw new Error(`No space left on the disk of ${folder}: writes are refused below ${RESERVE_BYTES / 2 ** 20} MiB`);
  }
}
