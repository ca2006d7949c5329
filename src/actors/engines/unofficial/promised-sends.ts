/**
 * Sends that were answered `pending`: the caller was told that the message is on its way and does not ask again, so the
 * bridge finishes it, over reconnects and restarts (contract messages §1.4).
 *
 *  PS1  A promise is durable before `pending` is answered, with its media.
 *  PS2  It ends when WhatsApp or the contact has the message, when the message certainly cannot be sent, or after a day;
 *       its media files end with it.
 *  PS3  What was handed over is repeated by the next connection, never by the one it was made on, which may still get the
 *       ack; what certainly was not (an upload or a query that failed) is tried again on the same one. Always under the
 *       same id, which phones show once.
 *
 * Deliberately not here: sending (send.ts) and uploading (media-sends.ts). `unknown` is no promise: its caller was told
 * to decide.
 */
import { type Clock, sleep } from '../../../clock.ts';
import type { Content, MediaFile } from '../../../content/content.ts';
import type { Log } from '../../../log.ts';
import { type Backoff, backoff } from '../../../machines/backoff.ts';
import type { Store, Table } from '../../../store/store.ts';
import { filesOf, flushFiles, type MediaFiles } from '../../content/media-files.ts';
import type { SentIndex } from '../../sent-index.ts';
import type { Progress, SendCommand, SendResult } from '../engine.ts';

/** As long as an idempotency key is remembered. */
const DAY_MS = 24 * 3_600_000;
/** Of a query: too much at once, or WhatsApp's own fault (bulk-outcomes.ts treats them likewise). */
const isOfTheMoment = (code: number): boolean => code === 408 || code === 429 || code >= 500;
const BACKOFF: Backoff = { base: 5_000, growth: 2, maxFactor: 60, jitter: 2_000, max: 300_000 };

/** What must still be uploaded. */
export type PromisedUpload = Pick<SendCommand, 'to' | 'origin'> & { readonly content: Content<MediaFile> };
/** Without `upload` the message is in the sent index. */
type Row = { readonly id: string; readonly upload?: PromisedUpload };
export type Promised = { readonly key: string; readonly row: Row };

export type Repeat = (id: string, upload: PromisedUpload | undefined) => Promise<SendResult>;

/** What is under way already is the first try. */
export function firstly(underWay: Promise<SendResult>, again: Repeat): Repeat {
  let first: Promise<SendResult> | undefined = underWay;
  return (id, upload) => {
    const result = first ?? again(id, upload);
    first = undefined;
    return result;
  };
}

export class PromisedSends {
  readonly #store: Store;
  /** By time of the promise, so that they are kept in the order in which they were made. */
  readonly #rows: Table<Row>;
  readonly #sent: SentIndex;
  readonly #files: MediaFiles;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(store: Store, sent: SentIndex, files: MediaFiles, clock: Clock, log: Log) {
    this.#store = store;
    this.#rows = store.table('promised-sends');
    this.#sent = sent;
    this.#files = files;
    this.#clock = clock;
    this.#log = log;
  }

  /** PS1. Resolves when it is durable. */
  async make(id: string, upload?: PromisedUpload): Promise<Promised> {
    const key = `${String(this.#clock.now()).padStart(15, '0')}-${id}`;
    const row: Row = { id, ...(upload && { upload }) };
    if (upload) await flushFiles(filesOf(upload.content));
    await this.#store.write((batch) => batch.put(this.#rows, key, row));
    return { key, row };
  }

  /** Calls `repeat` for each promise at once, in order; resolves when all have ended or wait for the next connection. */
  async keep(repeat: Repeat, cut: AbortSignal): Promise<void> {
    const all = this.#all();
    if (all.length > 0) this.#log.info({ count: all.length }, 'finishing sends that were answered as pending');
    await Promise.all(all.map((promised) => this.keepOne(promised, repeat, cut)));
  }

  async keepOne({ key, row }: Promised, repeat: Repeat, cut: AbortSignal): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const result = this.#canBeKept(key, row) ? await repeat(row.id, row.upload) : undefined;
      // The store may be closed by now; the next connection sees by itself how far it came.
      if (cut.aborted) return;
      if (!result || this.#isFinal(result)) return this.#end({ key, row }, result);
      const isSafe = result.kind === 'failed';
      if (!isSafe || !(await this.#pause(tries, cut))) return;
    }
  }

  progress(id: string): Progress {
    if (this.#sent.get(id) !== undefined) return 'handed over';
    return this.#all().some(({ row }) => row.id === id) ? 'uploading' : 'given up';
  }

  /** Media that promises still need. */
  files(): MediaFile[] {
    return this.#all().flatMap(({ row: { upload } }) => (upload ? filesOf(upload.content) : []));
  }

  #all(): Promised[] {
    return [...this.#rows.range()].map(({ key, value }) => ({ key: String(key), row: value }));
  }

  #canBeKept(key: string, { id, upload }: Row): boolean {
    const isOld = this.#clock.now() - Number(key.slice(0, 15)) > DAY_MS;
    return !isOld && (upload !== undefined || this.#sent.get(id)?.message !== undefined);
  }

  async #end({ key, row }: Promised, result: SendResult | undefined): Promise<void> {
    // Ended by a later connection already.
    if (!this.#rows.has(key)) return;
    if (result?.kind !== 'sent')
      this.#log.warn({ messageId: row.id }, 'a send that was answered as pending could not be finished');
    await this.#store.write((batch) => batch.remove(this.#rows, key));
    if (row.upload) await this.#files.remove(filesOf(row.upload.content));
  }

  /**
   * A failure of no stated kind is a fault of the moment, and so are a query that WhatsApp could not answer and one too
   * many; a refusal of the message itself is not, whatever its code.
   */
  #isFinal(result: SendResult): boolean {
    switch (result.kind) {
      case 'sent':
        return true;
      case 'failed': {
        const { id, code, why } = result;
        if (why === 'media refused' || why === 'not on WhatsApp') return true;
        return code !== undefined && (this.#sent.get(id)?.refused !== undefined || !isOfTheMoment(code));
      }
      case 'pending':
      case 'unknown':
        return false;
      default:
        return result satisfies never;
    }
  }

  /** False when the connection ended meanwhile. */
  async #pause(tries: number, cut: AbortSignal): Promise<boolean> {
    await sleep(this.#clock, backoff(BACKOFF, tries, Math.random()), cut).catch(() => undefined);
    return !cut.aborted;
  }
}
