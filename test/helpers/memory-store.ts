/**
 * The store port without a disk, for tests in which the disk is not the matter: what they check is what was written and
 * when, thousands of times. It keeps what the port promises (ST1-ST5, test/conformance/store/memory.test.ts), with keys
 * and values as bytes like the real one, so that a bad key or value is refused here too.
 *
 * A write becomes visible in a later turn of the loop, as with a disk: whoever reads too early reads the old value.
 *
 * Deliberately not here: what outlives a process, a full disk, encryption.
 */
import { setImmediate } from 'node:timers';
import { bounds, decodeKey, encodeKey, tablePrefix } from '../../src/store/keys.ts';
import type { Batch, Range, Store, Table } from '../../src/store/store.ts';
import { valueCodec } from '../../src/store/values.ts';

/** Stays when a store is closed, to open another one on it. Keys are latin1, which compares as bytes do. */
export class Memory {
  readonly #keys: string[] = [];
  readonly #values = new Map<string, Buffer>();

  get(key: string): Buffer | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Buffer | undefined): void {
    if (this.#values.has(key) !== (value !== undefined)) {
      const at = this.#before(key);
      if (value) this.#keys.splice(at, 0, key);
      else this.#keys.splice(at, 1);
    }
    if (value) this.#values.set(key, value);
    else this.#values.delete(key);
  }

  /** As they are now; what changes later does not change them. */
  rows(prefix: Buffer, range: Range): { readonly key: Buffer; readonly value: Buffer }[] {
    const { start, end, limit = Infinity } = bounds(prefix, range);
    const from = start.toString('latin1');
    const to = end.toString('latin1');
    const keys = range.reverse
      ? this.#keys.slice(this.#after(to), this.#after(from)).reverse()
      : this.#keys.slice(this.#before(from), this.#before(to));
    return keys.slice(0, limit).map((key) => ({ key: Buffer.from(key, 'latin1'), value: this.#values.get(key)! }));
  }

  /** Number of keys below this one. */
  #before(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #after(key: string): number {
    return this.#before(key) + (this.#values.has(key) ? 1 : 0);
  }
}

/** For tests that close their store and open it again. */
export function memoryFolder(): { open(): Store; remove(): void } {
  const memory = new Memory();
  return { open: () => memoryStore(memory), remove: () => undefined };
}

type Change = readonly [key: string, value: Buffer | undefined];

export function memoryStore(memory = new Memory()): Store {
  const codec = valueCodec(undefined);
  const waiting: { readonly changes: readonly Change[]; readonly resolve: () => void }[] = [];
  let isClosed = false;

  const assertOpen = (): void => {
    if (isClosed) throw new Error('Store is closed');
  };

  function commit(): void {
    for (const { changes, resolve } of waiting.splice(0)) {
      for (const [key, value] of changes) memory.set(key, value);
      resolve();
    }
  }

  function collect(change: (batch: Batch) => void): Change[] {
    assertOpen();
    const changes: Change[] = [];
    let isValid = true;
    const add = (name: string, rowKey: string | number, encode?: (key: Buffer) => Buffer): void => {
      if (!isValid) throw new Error('A batch is only valid inside the function it was handed to');
      const key = encodeKey(tablePrefix(name), rowKey);
      changes.push([key.toString('latin1'), encode?.(key)]);
    };
    try {
      change({
        put: (table, rowKey, value) => add(table.name, rowKey, (key) => codec.encode(key, value)),
        remove: (table, rowKey) => add(table.name, rowKey),
      });
    } finally {
      isValid = false;
    }
    return changes;
  }

  function* rows<T>(prefix: Buffer, range: Range, read: (row: { key: Buffer; value: Buffer }) => T): Generator<T> {
    for (const row of memory.rows(prefix, range)) {
      yield read(row);
      assertOpen();
    }
  }

  function table<V>(name: string): Table<V> {
    const prefix = tablePrefix(name);
    // A value that is read shares nothing with the one that is kept (ST4).
    const read = (key: Buffer, value: Buffer) => codec.decode(key, Buffer.from(value)) as V;
    const iterable = <T>(range: Range, of: (row: { key: Buffer; value: Buffer }) => T): Iterable<T> => ({
      [Symbol.iterator]: () => {
        assertOpen();
        return rows(prefix, range, of);
      },
    });
    return {
      name,
      get: (key) => {
        assertOpen();
        const bytes = encodeKey(prefix, key);
        const value = memory.get(bytes.toString('latin1'));
        return value && read(bytes, value);
      },
      has: (key) => {
        assertOpen();
        return memory.get(encodeKey(prefix, key).toString('latin1')) !== undefined;
      },
      range: (range = {}) =>
        iterable(range, ({ key, value }) => ({ key: decodeKey(prefix, key), value: read(key, value) })),
      keys: (range = {}) => iterable(range, ({ key }) => decodeKey(prefix, key)),
    };
  }

  return {
    table: (name) => {
      assertOpen();
      return table(name);
    },
    write: async (change) => {
      const changes = collect(change);
      if (changes.length === 0) return;
      await new Promise<void>((resolve) => {
        if (waiting.push({ changes, resolve }) === 1) setImmediate(commit);
      });
    },
    writeSync: (change) => {
      const changes = collect(change);
      commit();
      for (const [key, value] of changes) memory.set(key, value);
    },
    close: async () => {
      isClosed = true;
      commit();
    },
  };
}
