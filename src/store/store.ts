/**
 * The port to durable storage: one small ordered key-value store per paired device (`auth/<digits>/`)
 * and one for the process (`data/`). Reads are synchronous and cheap (memory-mapped); every change goes
 * through `write`, and a resolved `write` has survived the power cord (committed *and* flushed).
 *
 * Invariants every adapter must keep (test/conformance/store):
 *  ST1  a write is atomic: all of its puts and removes or none, also across kill -9.
 *  ST2  a resolved write is durable; reads after it see it.
 *  ST3  keys of one table iterate in order: numbers by value before strings by code unit.
 *  ST4  values come back equal to what was put (bytes as Buffer), and never alias what was put.
 *  ST5  writes become visible in the order in which they were called.
 */

export type Key = string | number;

export type Range = {
  /** Inclusive lower bound (upper bound when `reverse`). */
  readonly from?: Key;
  /** Exclusive upper bound (lower bound when `reverse`). */
  readonly to?: Key;
  readonly limit?: number;
  readonly reverse?: boolean;
};

/** A named, typed part of a store. `V` is plain data: JSON types plus Uint8Array. */
export interface Table<V> {
  readonly name: string;
  get(key: Key): V | undefined;
  has(key: Key): boolean;
  /** Lazily; the iteration sees one consistent snapshot. */
  range(range?: Range): Iterable<{ readonly key: Key; readonly value: V }>;
  /** Key order, without reading the values. */
  keys(range?: Range): Iterable<Key>;
}

/** The changes of one atomic write. Only valid inside the function it is handed to. */
export interface Batch {
  put<V>(table: Table<V>, key: Key, value: V): void;
  remove(table: Table<unknown>, key: Key): void;
}

export interface Store {
  /** A typed view on the table called `name` (`[a-z][a-z0-9/-]*`); cheap, may be called often. */
  table<V>(name: string): Table<V>;
  /**
   * Collects the changes that `change` makes and applies them as one transaction.
   * Resolves when they are durable. Rejects (and changes nothing) when `change` throws or the disk refuses.
   */
  write(change: (batch: Batch) => void): Promise<void>;
  /**
   * As `write`, but committed before it returns; the flush follows at once. For the rare fact that must be on
   * disk before a library's next step and is told to us synchronously (Baileys' `creds.update`).
   */
  writeSync(change: (batch: Batch) => void): void;
  /** Waits for writes in flight, then releases the files. Later calls throw. Idempotent. */
  close(): Promise<void>;
}

/** Opens, lists and removes the per-device stores below one folder. */
export interface DeviceStores {
  /** Digits of every device folder that exists, sorted. */
  list(): string[];
  exists(digits: string): boolean;
  /**
   * Opens (or creates) the store of one device; the same object while it is open. Throws StoreUnusable (unusable.ts)
   * for a folder that is damaged, too new or encrypted otherwise: report that number and go on with the others.
   */
  open(digits: string): Store;
  /**
   * Closes the store and moves its folder aside to `auth/.removed/<digits>-<time>` (kept 30 days): used only when
   * WhatsApp itself said that the pairing is gone, or on unlink-client.
   */
  remove(digits: string): Promise<void>;
  close(): Promise<void>;
}
