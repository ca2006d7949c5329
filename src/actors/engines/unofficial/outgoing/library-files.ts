/**
 * What the library leaves in the system's temporary folder when the process is killed during an upload: the encrypted
 * copy of a medium (C-43). Its key is gone with the process, so it is waste.
 *
 *  LF1  Only files with the library's own names, and only after a day: another process may be using younger ones.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const NAMES = /^(image|video|audio|document|sticker)3EB0[0-9A-F]{18}-enc$/;
const DAY_MS = 86_400_000;

/** `folder`: the system's temporary folder; `now`: epoch ms. Returns how many were removed. */
export async function sweepLibraryFiles(folder: string, now: number): Promise<number> {
  const names = (await readdir(folder)).filter((name) => NAMES.test(name));
  const removed = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // Gone meanwhile, or somebody else's: not ours to remove.
      const age = await stat(path).then(
        ({ mtimeMs }) => now - mtimeMs,
        () => 0,
      );
      if (age < DAY_MS) return false;
      return rm(path, { force: true }).then(
        () => true,
        () => false,
      );
    }),
  );
  return removed.filter(Boolean).length;
}
