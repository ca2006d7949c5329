/**
 * Media of jobs: fetched once, below `DATA_DIR/media/jobs/<job>/`, and handed out again for every recipient (contract
 * settings §6, S-62).
 *
 *  HM1  A medium is fetched once per job, also over restarts, and by whoever asks at the same time.
 *  HM2  What is handed out is whole and on disk; it stays until the job is released. A sweep at the start removes the rest.
 *  HM3  Neither a job's id nor a medium's name becomes a part of a path: both are hashed.
 *
 * Deliberately not here: from where media may come (media-source.ts), and when a job ends.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { HeldPlace, MediaPlace, MediaSource } from '../../content/content.ts';
import { privateFolder, writePrivateFile } from '../../store/files.ts';
import { addressOf } from './media-kind.ts';
import type { MediaSources } from './media-source.ts';

export type Held =
  | { readonly kind: 'held'; readonly place: HeldPlace }
  | { readonly kind: 'refused'; readonly why: string };

export type HeldMediaOptions = {
  /** `DATA_DIR/media/jobs`. */
  readonly folder: string;
  readonly sources: Pick<MediaSources, 'fill'>;
  readonly clock: Clock;
};

export class HeldMedia {
  readonly #o: HeldMediaOptions;
  readonly #running = new Map<string, Promise<Held>>();

  constructor(options: HeldMediaOptions) {
    this.#o = options;
  }

  /** `deadline`: epoch ms. */
  hold(job: string, from: MediaSource, deadline: number): Promise<Held> {
    const path = join(this.#folderOf(job), hashed(JSON.stringify(from)));
    const running =
      this.#running.get(path) ?? this.#once(path, from, deadline).finally(() => this.#running.delete(path));
    this.#running.set(path, running);
    return running;
  }

  async release(job: string): Promise<void> {
    const folder = this.#folderOf(job);
    await Promise.allSettled([...this.#running].flatMap(([path, running]) => (path.startsWith(folder) ? running : [])));
    await rm(folder, { recursive: true, force: true });
  }

  /** To be called before any job runs, with all that have not ended. */
  async sweep(jobs: Iterable<string>): Promise<void> {
    const keep = new Set([...jobs].map(hashed));
    const all = await readdir(this.#o.folder).catch(nothingThere);
    const left = (all ?? []).filter((name) => !keep.has(name));
    await Promise.all(left.map((name) => rm(join(this.#o.folder, name), { recursive: true, force: true })));
  }

  async #once(path: string, from: MediaSource, deadline: number): Promise<Held> {
    const known = await placeAt(path);
    if (known) return { kind: 'held', place: known };
    privateFolder(join(path, '..'));
    const { clock } = this.#o;
    const late = new AbortController();
    const timer = clock.setTimeout(() => late.abort(), Math.max(0, deadline - clock.now()));
    try {
      return await this.#first(path, from.kind === 'first of' ? from.places : [from], late.signal);
    } catch (thrown) {
      if (late.signal.aborted) return { kind: 'refused', why: 'Media refused: it was not here in time' };
      throw thrown;
    } finally {
      clock.clearTimeout(timer);
      await rm(`${path}.part`, { force: true });
    }
  }

  async #first(path: string, places: readonly MediaPlace[], signal: AbortSignal): Promise<Held> {
    let why = 'Media refused: no place is named';
    for (const place of places) {
      const part = await open(`${path}.part`, 'w', 0o600);
      const got = await this.#fill(part, place, signal);
      if (got.kind === 'refused') {
        why = got.why;
        continue;
      }
      await rename(`${path}.part`, path);
      const held: HeldPlace = {
        kind: 'held',
        path,
        bytes: got.bytes,
        contentType: got.contentType,
        was: addressOf(place),
      };
      // Last: a place that can be read is whole.
      writePrivateFile(`${path}.json`, JSON.stringify(held));
      return { kind: 'held', place: held };
    }
    return { kind: 'refused', why };
  }

  async #fill(part: FileHandle, place: MediaPlace, signal: AbortSignal) {
    try {
      const got = await this.#o.sources.fill(part, place, signal);
      if (got.kind === 'done') await part.sync();
      return got;
    } finally {
      await part.close();
    }
  }

  #folderOf(job: string): string {
    return join(this.#o.folder, hashed(job));
  }
}

const hashed = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** HM1: what an earlier call, or process, has fetched. */
async function placeAt(path: string): Promise<HeldPlace | undefined> {
  const text = await readFile(`${path}.json`, 'utf8').catch(nothingThere);
  const file = await stat(path).catch(nothingThere);
  if (text === undefined || !file) return undefined;
  // Written here, whole or not at all.
  const place = JSON.parse(text) as HeldPlace;
  return place.bytes === file.size ? { ...place, path } : undefined;
}

function nothingThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
