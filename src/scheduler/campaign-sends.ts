/**
 * To whom campaigns were sent, and when: what finds the campaign that a customer replies to without looking through ledgers
 * (contract bulk §4.5).
 *
 *  CS1  Written by the transaction that writes the row. An entry whose row says something else by now is the reader's to
 *       leave out; one that is too old to count goes with `removeBefore`.
 *
 * Deliberately not here: what a reply leads to (replies.ts).
 */
import { isAccepted } from '../machines/recipient.ts';
import type { Batch, Key, Store, Table } from '../store/store.ts';
import type { LedgerRow, Place } from './jobs.types.ts';

/** Ledgers of campaigns that the app knows by an id. */
const OURS = /^campaign-\d/;

export class CampaignSends {
  readonly #sends: Table<Place>;

  constructor(store: Store) {
    this.#sends = store.table('campaign-sends');
  }

  note(batch: Batch, place: Place, row: LedgerRow): void {
    const key = OURS.test(place.ledger) && isAccepted(row.state) ? keyOf(row) : undefined;
    if (key !== undefined) batch.put(this.#sends, key, place);
  }

  forget(batch: Batch, row: LedgerRow): void {
    const key = keyOf(row);
    if (key !== undefined) batch.remove(this.#sends, key);
  }

  /** Newest first, sent at `since` or later. */
  *to(digits: string, since: number): Iterable<Place> {
    const range = { from: `${digits}!`, to: `${digits} ${padded(since)}`, reverse: true };
    for (const { value } of this.#sends.range(range)) yield value;
  }

  /** Looks at `limit` entries after `cursor`; the last one seen, or undefined at the end. */
  async removeBefore(store: Store, before: number, cursor: Key | undefined, limit: number): Promise<Key | undefined> {
    const keys = [...this.#sends.keys({ ...(cursor !== undefined && { from: cursor }), limit })];
    const old = keys.filter((key) => Number(String(key).split(' ')[1]) < before);
    if (old.length > 0) await store.write((batch) => old.forEach((key) => batch.remove(this.#sends, key)));
    return keys.length < limit ? undefined : keys.at(-1);
  }
}

const padded = (at: number): string => String(at).padStart(15, '0');

/** Two campaigns in the same millisecond differ by the message's id. */
const keyOf = ({ to, sentAt, id = '' }: LedgerRow): string | undefined =>
  to === undefined || sentAt === undefined ? undefined : `${to} ${padded(sentAt)} ${id}`;
