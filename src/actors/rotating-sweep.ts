/**
 * Keeps a table of ageing rows bounded without a timer: whoever adds rows also looks at a few old ones behind a
 * rotating cursor, in the same transaction. A table that nobody writes to does not grow and is not swept.
 */
import type { Batch, Key, Table } from '../store/store.ts';

/** One look per EVERY added rows, at EVERY * 4 rows: a whole round takes at most a quarter of the table in new rows. */
const EVERY = 32;
const LOOK_AT = EVERY * 4;

export type SweepVerdict<V> = 'keep' | 'remove' | { readonly replace: V };

export class RotatingSweep<V> {
  readonly #table: Table<V>;
  readonly #judge: (value: V, key: Key) => SweepVerdict<V>;
  #cursor: Key | undefined;
  #added = 0;

  constructor(table: Table<V>, judge: (value: V, key: Key) => SweepVerdict<V>) {
    this.#table = table;
    this.#judge = judge;
  }

  /** To be called inside the write that adds a row. */
  onAdd(batch: Batch): void {
    this.#added += 1;
    if (this.#added % EVERY !== 0) return;
    let seen = 0;
    let last: Key | undefined;
    const from = this.#cursor === undefined ? {} : { from: this.#cursor };
    for (const { key, value } of this.#table.range({ ...from, limit: LOOK_AT })) {
      seen += 1;
      last = key;
      const verdict = this.#judge(value, key);
      if (verdict === 'remove') batch.remove(this.#table, key);
      else if (verdict !== 'keep') batch.put(this.#table, key, verdict.replace);
    }
    this.#cursor = seen < LOOK_AT ? undefined : last;
  }
}
