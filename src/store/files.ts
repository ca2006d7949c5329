/**
 * Private files and folders: 0600 and 0700 whatever the umask says (C-10), and on disk with their folder entry
 * before the call returns.
 */

import { chmodSync, closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes `folder` (and what is missing above it) and sets it to 0700. */
export function privateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}

/** Makes `file` when it is missing, leaves its content alone, and sets it to 0600. */
export function touchPrivateFile(file: string): void {
  const fd = openSync(file, 'a', 0o600);
  fchmodSync(fd, 0o600);
  closeSync(fd);
}

/** Writes the whole file or nothing: temporary file, flush, rename. */
export function writePrivateFile(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  const fd = openSync(temporary, 'w', 0o600);
  try {
    fchmodSync(fd, 0o600);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
  flushFolder(dirname(file));
}

/** Flushes the entries of a folder: without it, a file made just now can vanish with the power. */
export function flushFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
