/**
 * A table whose reads see writes that are still on their way to the disk, so that reading a row and deciding what it
 * becomes is one step, without a lock.
 *
 *  SH1  `get` answers what was put last, durable or not.
 *  SH2  A write that fails leaves what the disk has.
 */
import type { Batch, Key, Store, Table } from '../store/store.ts';

export class Shelf<V> {
  readonly table: Table<V>;
  readonly #onTheirWay = new Map<Key, { value: V | undefined }>();

  constructor(store: Store, name: string) {
    this.table = store.table<V>(name);
  }

  get(key: Key): V | undefined {
    const coming = this.#onTheirWay.get(key);
    return coming ? coming.value : this.table.get(key);
  }

  /**
   * To be called before the write begins: shows these values at once. `put` is for the transaction, `done` for its end,
   * whatever that is. An undefined value removes.
   */
  stage(entries: readonly (readonly [Key, V | undefined])[]): { put(batch: Batch): void; done(): void } {
    const staged = entries.map(([key, value]) => [key, { value }] as const);
    for (const [key, entry] of staged) this.#onTheirWay.set(key, entry);
    return {
      put: (batch) => {
        for (const [key, { value }] of staged) {
          if (value === undefined) batch.remove(this.table, key);
          else batch.put(this.table, key, value);
        }
      },
      done: () => {
        for (const [key, entry] of staged) if (this.#onTheirWay.get(key) === entry) this.#onTheirWay.delete(key);
      },
    };
  }
}
