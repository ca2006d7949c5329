/**
 * Bytes of inbound media on disk, from arrival until the app has them (contract inbound §4).
 *
 *  AT1  What lies on disk is what the engine's fetcher stored (WhatsApp's: still encrypted under the message's own key).
 *  AT2  A file is complete or not there: it is written beside its place and renamed.
 *  AT3  At most `AT_ONCE` downloads run, the others wait in order; a slow one holds up only its own row.
 *  AT4  Bytes in memory are bounded, whatever the number of media: a reader waits for its turn.
 *  AT5  A file leaves with its row; whoever needs it longer has a copy of his own (AT6). What a crash left without a row is
 *       removed at the next start.
 *  AT6  A copy is taken from the file while it is here, else fetched again, and is gone after its use.
 *  AT7  No download begins for which the disk may have no room, beside those under way: it waits, and its row with it. The
 *       stores need the rest, and a stranger's media are 16 MiB each.
 *
 * Deliberately not here: how bytes are fetched and opened (the engine's fetcher), and when rows are posted (the outbox).
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attachments } from '../app-client/attachments.types.ts';
import type { Attachment } from '../app-client/inbound-content.ts';
import { type Clock, sleep } from '../clock.ts';
import type { Log } from '../log.ts';
import { privateFolder } from '../store/files.ts';
import { Places } from './places.ts';

export type AttachmentFetcher = {
  /** Stores the bytes in `file`, with every retry that makes sense. False: they cannot be had. Rejects when aborted. */
  fetch(attachment: Attachment, file: string, signal: AbortSignal): Promise<boolean>;
  /** The medium as its sender saw it; undefined when the stored bytes are not what the message promised. */
  open(attachment: Attachment, stored: Buffer): Buffer | undefined;
};

export type AttachmentFilesOptions = {
  /** `DATA_DIR/media/in`. */
  readonly folder: string;
  readonly fetcher: AttachmentFetcher;
  /** Whether the disk of `folder` has room for so many bytes more. */
  readonly hasRoom: (bytes: number) => boolean;
  readonly clock: Clock;
  readonly log: Log;
};

const AT_ONCE = 32;
/** Contract inbound §4. */
const LARGEST_BYTES = 16 * 1_048_576;
const LOOK_AGAIN_MS = 5_000;
/** Of encrypted bytes; a medium is in memory about six times while it becomes JSON. */
const READ_AT_ONCE_BYTES = 24 * 1_048_576;
const SMALLEST_SHARE = 524_288;

type State = {
  settled: 'no' | 'here' | 'gone';
  /** Of the row that waits; a medium belongs to one. */
  wake: (() => void) | undefined;
  readonly abort: AbortController;
};

export class AttachmentFiles implements Attachments {
  readonly #o: AttachmentFilesOptions;
  readonly #states = new Map<string, State>();
  readonly #downloads = new Places(AT_ONCE);
  readonly #memory = new Places(READ_AT_ONCE_BYTES);
  #underWay = 0;
  readonly #startedAt: number;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: AttachmentFilesOptions) {
    this.#o = options;
    privateFolder(options.folder);
    this.#startedAt = newestOf(options.folder);
  }

  expect(attachment: Attachment): void {
    if (this.#states.has(attachment.file)) return;
    const state: State = { settled: 'no', wake: undefined, abort: new AbortController() };
    this.#states.set(attachment.file, state);
    if (this.#size(attachment) !== undefined) {
      state.settled = 'here';
      return;
    }
    const running = this.#fetch(attachment, state);
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  ready(attachment: Attachment, wake: () => void): boolean {
    this.expect(attachment);
    const state = this.#states.get(attachment.file);
    if (!state || state.settled !== 'no') return true;
    state.wake = wake;
    return false;
  }

  async withBytes<T>(attachment: Attachment, use: (base64: string | null) => Promise<T>): Promise<T> {
    return this.#withFile(attachment, this.#path(attachment.file), use);
  }

  /** AT6. For others than the row: it may be posted and gone meanwhile. `null`: the bytes cannot be had. */
  async withCopy<T>(attachment: Attachment, use: (base64: string | null) => Promise<T>): Promise<T> {
    const copy = `${this.#path(attachment.file)}.${randomUUID()}`;
    try {
      const here = await this.#copy(attachment, copy);
      return here ? await this.#withFile(attachment, copy, use) : await use(null);
    } finally {
      await rm(copy, { force: true });
    }
  }

  drop({ file }: Attachment): void {
    this.#states.get(file)?.abort.abort();
    this.#states.delete(file);
    rm(this.#path(file), { force: true }).catch((error: unknown) => {
      this.#o.log.warn({ err: error }, 'an inbound medium could not be removed from the disk');
    });
  }

  /** AT5. `needed`: every file that a row still names. To be called once every queue has been attached. */
  async sweep(needed: ReadonlySet<string>): Promise<void> {
    const { folder } = this.#o;
    const old = readdirSync(folder).filter((name) => !needed.has(name) && this.#isOld(name));
    await Promise.all(old.map((name) => rm(join(folder, name), { force: true })));
    if (old.length > 0) this.#o.log.info({ count: old.length }, 'inbound media without a message were removed');
  }

  /** Ends what is being fetched; it begins anew at the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const { abort } of this.#states.values()) abort.abort();
    await Promise.all(this.#running);
  }

  async #fetch(attachment: Attachment, state: State): Promise<void> {
    const { signal } = state.abort;
    const half = `${this.#path(attachment.file)}.${randomUUID()}`;
    const leave = await this.#downloads.enter(1);
    try {
      signal.throwIfAborted();
      const here = await this.#download(attachment, half, signal);
      if (here) await rename(half, this.#path(attachment.file));
      state.settled = here ? 'here' : 'gone';
    } catch (error) {
      state.settled = 'gone';
      if (!signal.aborted) this.#o.log.error({ err: error }, 'an inbound medium could not be stored');
    } finally {
      leave();
    }
    if (state.settled === 'gone' || signal.aborted) await rm(half, { force: true });
    if (!signal.aborted) state.wake?.();
  }

  /** AT7 */
  async #download(attachment: Attachment, path: string, signal: AbortSignal): Promise<boolean> {
    const { fetcher, hasRoom, clock } = this.#o;
    while (!hasRoom((this.#underWay + 1) * LARGEST_BYTES)) await sleep(clock, LOOK_AGAIN_MS, signal);
    this.#underWay += 1;
    try {
      return await fetcher.fetch(attachment, path, signal);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #copy(attachment: Attachment, copy: string): Promise<boolean> {
    try {
      await link(this.#path(attachment.file), copy);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const leave = await this.#downloads.enter(1);
    try {
      return await this.#download(attachment, copy, this.#closing.signal);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#o.log.error({ err: error }, 'a copy of a medium could not be stored');
      return false;
    } finally {
      leave();
    }
  }

  async #withFile<T>(attachment: Attachment, path: string, use: (base64: string | null) => Promise<T>): Promise<T> {
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return use(null);
    const leave = await this.#memory.enter(Math.max(size, SMALLEST_SHARE));
    try {
      return await use(await this.#read(attachment, path));
    } finally {
      leave();
    }
  }

  async #read(attachment: Attachment, path: string): Promise<string | null> {
    const stored = await readFile(path);
    const opened = this.#o.fetcher.open(attachment, stored);
    if (!opened) this.#o.log.warn({ bytes: stored.length }, 'an inbound medium is not what its message promised');
    return opened?.toString('base64') ?? null;
  }

  #size({ file }: Attachment): number | undefined {
    return statSync(this.#path(file), { throwIfNoEntry: false })?.size;
  }

  #isOld(name: string): boolean {
    const found = statSync(join(this.#o.folder, name), { throwIfNoEntry: false });
    return found !== undefined && found.mtimeMs <= this.#startedAt;
  }

  #path(file: string): string {
    return join(this.#o.folder, file);
  }
}

/** What the folder held at the start is at most this old: no clock of ours is compared with the disk's. */
function newestOf(folder: string): number {
  const times = readdirSync(folder).map(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.max(0, ...times);
}
