/**
 * LID <-> phone, both directions, durable per number (contract inbound §2: every learned pair is stored).
 *
 *  LM1  A pair is one row per direction, written together. A newer pair replaces an older one.
 *  LM2  LID digits are never taken for a phone number: the two directions have keys of different form.
 *
 * The rows are the linked-device library's own (`<phone>` -> LID, `<LID>_reverse` -> phone, facts/baileys §2), so that
 * whatever it learns from envelopes, queries, history or an imported login is known here, and the other way round.
 */
import { type Digits, type Identity, parseDigits } from '../phone.ts';
import type { Batch, Store, Table } from '../store/store.ts';

export type LidPair = { readonly pn: Digits; readonly lid: string };

/** Where auth-state.ts keeps Baileys' key type `lid-mapping`. */
const LID_TABLE = 'signal/lid-mapping';

export class LidMap {
  readonly #table: Table<string>;

  constructor(store: Store) {
    this.#table = store.table(LID_TABLE);
  }

  phoneOf(lid: string): Digits | undefined {
    const pn = this.#table.get(`${lid}_reverse`);
    return pn === undefined ? undefined : parseDigits(pn);
  }

  lidOf(pn: string): string | undefined {
    return this.#table.get(pn);
  }

  /** Fills in the half that is known from earlier. */
  complete(identity: Identity): Identity {
    const pn = identity.pn ?? (identity.lid === undefined ? undefined : this.phoneOf(identity.lid));
    const lid = identity.lid ?? (identity.pn === undefined ? undefined : this.lidOf(identity.pn));
    return { ...(pn !== undefined && { pn }), ...(lid !== undefined && { lid }) };
  }

  /** Only what is new: most calls bring nothing, and must then cost no write. */
  news(pairs: readonly LidPair[]): LidPair[] {
    return pairs.filter(({ pn, lid }) => this.lidOf(pn) !== lid || this.phoneOf(lid) !== pn);
  }

  learn(batch: Batch, pairs: readonly LidPair[]): void {
    for (const { pn, lid } of pairs) {
      batch.put(this.#table, pn, lid);
      batch.put(this.#table, `${lid}_reverse`, pn);
    }
  }
}
