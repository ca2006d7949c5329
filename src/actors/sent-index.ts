/**
 * Every message id that this number sent through the bridge: to whom, what, and the best receipt so far. One row serves
 * the retry receipts of recipients (getMessage), the suppression of own echoes (contract inbound §7), the rank of
 * receipts (§10) and the repeat of an interrupted send under the same id (P6).
 *
 *  SI1  A row is durable before its stanza leaves.
 *  SI2  The content of an id never changes: a repeat sends what was recorded first.
 *  SI3  Content is kept 8 days (retries ask for at least 7), the row 30 (receipts); the content of a `lasting` row as long
 *       as the row: a poll's votes cannot be read without it.
 *  SI4  Reads see writes that are still on their way to the disk.
 *  SI5  Ids that others name, in receipts and votes, may be anything: what no id of ours looks like is simply not here.
 */
import type { Clock } from '../clock.ts';
import { advance, type Receipt } from '../machines/receipt.ts';
import type { Origin } from './engines/engine.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import { RotatingSweep } from './rotating-sweep.ts';

const DAY_MS = 86_400_000;
const CONTENT_DAYS = 8;
const ROW_DAYS = 30;
/** Ours have 22 characters. */
const MAX_ID = 191;

export type SentRow = {
  /** The JID really used. */
  readonly to: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The engine's own encoding of the content; gone after 8 days. */
  readonly message?: Uint8Array;
  /** Undefined until the server's ack. */
  readonly receipt?: Receipt;
  /** Where its receipts go (contract inbound §10); a single send when absent. */
  readonly origin?: Origin;
  readonly lasting?: true;
  /** WhatsApp's code, when it refused the message after it had been answered as sent or pending. */
  readonly refused?: number;
};

export type SentTraits = Pick<SentRow, 'origin' | 'lasting'>;

/** Makes a change durable, alone or together with others. */
export type Commit = (change: (batch: Batch) => void) => Promise<void>;

export class SentIndex {
  readonly #table: Table<SentRow>;
  readonly #clock: Clock;
  readonly #sweep: RotatingSweep<SentRow>;
  /** Rows whose write has not resolved yet (SI4). */
  readonly #onTheirWay = new Map<string, SentRow>();

  constructor(store: Store, clock: Clock) {
    this.#clock = clock;
    this.#table = store.table('sent');
    this.#sweep = new RotatingSweep(this.#table, (row) => {
      const days = (clock.now() - row.at) / DAY_MS;
      if (days > ROW_DAYS) return 'remove';
      if (days <= CONTENT_DAYS || !row.message || row.lasting) return 'keep';
      const { message: _, ...rest } = row;
      return { replace: rest };
    });
  }

  get(id: string): SentRow | undefined {
    return this.#onTheirWay.get(id) ?? (id.length <= MAX_ID ? this.#table.get(id) : undefined);
  }

  has(id: string): boolean {
    return this.#onTheirWay.has(id) || (id.length <= MAX_ID && this.#table.has(id));
  }

  /** SI1. Resolves when `commit` has made it durable. */
  record(id: string, to: string, message: Uint8Array, commit: Commit, traits: SentTraits = {}): Promise<void> {
    const origin = traits.origin ?? this.get(id)?.origin;
    return this.#write(id, { to, message, at: this.#clock.now(), ...traits, ...(origin && { origin }) }, (change) =>
      commit((batch) => {
        change(batch);
        this.#sweep.onAdd(batch);
      }),
    );
  }

  /**
   * Takes a receipt when it is news, in the transaction that `commit` makes of it. Resolves when durable.
   * An id that this number never sent, and a receipt that is no news, change nothing and never call `commit`.
   */
  async receive(id: string, receipt: Receipt, commit: Commit): Promise<void> {
    const row = this.get(id);
    const news = row && advance(row.receipt, receipt);
    if (!row || !news) return;
    await this.#write(id, { ...row, receipt: news }, commit);
  }

  /** C-23: a refusal counts only until the contact has the message. Resolves when durable. */
  async refuse(id: string, code: number, commit: Commit): Promise<void> {
    const row = this.get(id);
    if (!row || (row.receipt !== undefined && row.receipt !== 'sent')) return;
    await this.#write(id, { ...row, refused: code }, commit);
  }

  /** A write may leave later than one that began after it (ride-along.ts): it must not take a receipt back. */
  #newest(id: string, row: SentRow): SentRow {
    const now = this.get(id);
    if (!now || now === row || now.receipt === undefined) return row;
    return row.receipt !== undefined && advance(now.receipt, row.receipt) ? row : now;
  }

  async #write(id: string, row: SentRow, commit: Commit): Promise<void> {
    this.#onTheirWay.set(id, row);
    try {
      await commit((batch) => batch.put(this.#table, id, this.#newest(id, row)));
    } finally {
      if (this.#onTheirWay.get(id) === row) this.#onTheirWay.delete(id);
    }
  }
}
