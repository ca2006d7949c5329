/**
 * Files of this machine that a caller named (contract messages §11): inside `MEDIA_READ_BASES` after resolving links
 * (C-06), and never more than the limit.
 */
import { type FileHandle, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { type Downloaded, tooLarge } from '../../net/download.ts';

/** The file behind every link, when it and its base exist and it lies inside. */
export async function insideBases(readBases: readonly string[], path: string): Promise<string | undefined> {
  if (!isAbsolute(path) || path.includes('\0')) return undefined;
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return undefined;
  for (const base of readBases) {
    const realBase = await realpath(resolve(base)).catch(() => undefined);
    const inside = realBase === undefined ? '..' : relative(realBase, real);
    if (inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside)) return real;
  }
  return undefined;
}

const COPIED_AT_ONCE = 256 * 1024;

/** A file may grow while it is read, so the limit counts here too. */
export async function copied(
  source: FileHandle,
  file: FileHandle,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Downloaded> {
  const buffer = Buffer.alloc(COPIED_AT_ONCE);
  let bytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return { kind: 'done', bytes, contentType: '', url: '' };
    bytes += bytesRead;
    if (bytes > maxBytes) return tooLarge(maxBytes);
    await file.write(buffer.subarray(0, bytesRead));
  }
}
