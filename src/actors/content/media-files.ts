/**
 * Media on its way out, as private files below `DATA_DIR/media/out/<number>/`.
 *
 *  MF1  Names are unique and outside of every source folder; files are 0600 (C-43).
 *  MF2  A file is removed by whoever holds it last: the lane until the engine was called, the engine afterwards. What a
 *       crash left behind is removed when the number is taken over again, unless a promised send still needs it.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { constants, copyFile, type FileHandle, link, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Content, Media, MediaFile } from '../../content/content.ts';
import { privateFolder } from '../../store/files.ts';

export class MediaFiles {
  readonly #folder: string;
  readonly #made = new Set<string>();

  /** `folder`: `DATA_DIR/media/out`. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A new file of this number, open for writing. The caller closes it. */
  async create(digits: string): Promise<{ readonly path: string; readonly file: FileHandle }> {
    const path = join(this.#ready(digits), randomUUID());
    return { path, file: await open(path, 'wx', 0o600) };
  }

  /** A second name, among this number's files, for a file that stays where it is. Undefined when it is gone. */
  async link(digits: string, source: string): Promise<string | undefined> {
    const path = join(this.#ready(digits), randomUUID());
    try {
      // Some file systems have no links, or no more for this file.
      await link(source, path).catch(() => copyFile(source, path, constants.COPYFILE_EXCL));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw thrown;
    }
    return path;
  }

  /** Never rejects for a file that is gone already. */
  async remove(files: readonly MediaFile[]): Promise<void> {
    await Promise.all(files.map(({ path }) => rm(path, { force: true })));
  }

  /** MF2. To be called before the number can send again. */
  async sweep(digits: string, needed: readonly MediaFile[]): Promise<void> {
    const keep = new Set(needed.map(({ path }) => path));
    const all = listed(this.#folderOf(digits)).map((name) => join(this.#folderOf(digits), name));
    await Promise.all(all.filter((path) => !keep.has(path)).map((path) => rm(path, { force: true })));
  }

  #ready(digits: string): string {
    const folder = this.#folderOf(digits);
    if (!this.#made.has(folder)) privateFolder(folder);
    this.#made.add(folder);
    return folder;
  }

  #folderOf(digits: string): string {
    return join(this.#folder, digits);
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
}

/** Flushes media that must outlive a power cut. */
export async function flushFiles(files: readonly MediaFile[]): Promise<void> {
  await Promise.all(
    files.map(async ({ path }) => {
      const file = await open(path, 'r');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }),
  );
}

/** Every medium of a content, in order. */
export function mediaOf<From>(content: Content<From>): Media<From>[] {
  switch (content.kind) {
    case 'media':
      return [content.media];
    case 'buttons':
    case 'template':
      return content.header ? [content.header] : [];
    case 'carousel':
      return content.cards.flatMap(({ image }) => image ?? []);
    case 'text':
    case 'list':
    case 'location':
    case 'location request':
    case 'poll':
    case 'contact':
    case 'reaction':
    case 'pin':
    case 'edit':
    case 'delete':
    case 'content template':
    case 'form':
    case 'product':
    case 'product list':
    case 'catalogue':
      return [];
    default:
      return content satisfies never;
  }
}

export const filesOf = (content: Content<MediaFile>): MediaFile[] => mediaOf(content).map(({ from }) => from);
