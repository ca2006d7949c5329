/**
 * Sends that were answered `pending`: the caller was told that the message is on its way and does not ask again, so the
 * bridge finishes it, over reconnects and restarts (contract messages §1.4).
 *
 *  PS1  A promise is durable before `pending` is answered.
 *  PS2  It ends when WhatsApp or the contact has the message, when the message certainly cannot be sent, or after a day.
 *  PS3  It is kept by the next connection, never by the one it was made on, which may still get the ack; and always
 *       under the same id, which phones show once.
 *
 * Deliberately not here: sending (send.ts). `unknown` is no promise: its caller was told to decide.
 */
import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { Store, Table } from '../../../store/store.ts';
import type { SentIndex } from '../../sent-index.ts';
import type { SendResult } from '../engine.ts';

/** As long as an idempotency key is remembered. */
const DAY_MS = 24 * 3_600_000;

type Promised = { readonly id: string };

export class PromisedSends {
  readonly #store: Store;
  /** By time of the promise, so that they are kept in the order in which they were made. */
  readonly #rows: Table<Promised>;
  readonly #sent: SentIndex;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(store: Store, sent: SentIndex, clock: Clock, log: Log) {
    this.#store = store;
    this.#rows = store.table('promised-sends');
    this.#sent = sent;
    this.#clock = clock;
    this.#log = log;
  }

  /** PS1. Resolves when it is durable. */
  make(id: string): Promise<void> {
    const key = `${String(this.#clock.now()).padStart(15, '0')}-${id}`;
    return this.#store.write((batch) => batch.put(this.#rows, key, { id }));
  }

  /** Calls `repeat` for each promise at once, in order; resolves when all have a result. */
  async keep(repeat: (id: string) => Promise<SendResult>): Promise<void> {
    const all = [...this.#rows.range()];
    if (all.length > 0) this.#log.info({ count: all.length }, 'finishing sends that were answered as pending');
    await Promise.all(all.map(({ key, value: { id } }) => this.#keepOne(String(key), id, repeat)));
  }

  async #keepOne(key: string, id: string, repeat: (id: string) => Promise<SendResult>): Promise<void> {
    const isOld = this.#clock.now() - Number(key.slice(0, 15)) > DAY_MS;
    const isKnown = this.#sent.get(id)?.message !== undefined;
    const result = isOld || !isKnown ? undefined : await repeat(id);
    if (result && !isFinal(result)) return;
    if (result?.kind !== 'sent')
      this.#log.warn({ messageId: id }, 'a send that was answered as pending could not be finished');
    await this.#store.write((batch) => batch.remove(this.#rows, key));
  }
}

/** A failure without WhatsApp's own code is a fault of the moment: the next connection tries again. */
function isFinal(result: SendResult): boolean {
  switch (result.kind) {
    case 'sent':
      return true;
    case 'failed':
      return result.code !== undefined;
    case 'pending':
    case 'unknown':
      return false;
    default:
      return result satisfies never;
  }
}
