/**
 * What is remembered of a number besides its login: the operator's stop mark and the workspace it belongs to
 * (contract clients §4.1 and head). Lives in the number's own folder, so it goes where the login goes; for a number
 * that is still pairing it waits in memory until there is a folder.
 *
 * R1  A stop mark of a paired number is on disk before the caller hears of it, and survives a restart (C-51).
 * R2  The first workspace named is kept until unlink; another one never replaces it (C-11).
 */
import type { DeviceStores, Store } from '../store/store.ts';

export type NumberRecord = { readonly stopped: boolean; readonly workspace?: string };

const KEY = 'number';
const table = (store: Store) => store.table<NumberRecord>('meta');

export class NumberRecords {
  readonly #stores: DeviceStores;
  /** Every number asked for so far, so that reads never touch the disk. */
  readonly #known = new Map<string, NumberRecord>();

  constructor(stores: DeviceStores) {
    this.#stores = stores;
  }

  read(digits: string): NumberRecord {
    const known = this.#known.get(digits);
    if (known) return known;
    const stored = this.#stores.exists(digits) ? table(this.#stores.open(digits)).get(KEY) : undefined;
    const record = stored ?? { stopped: false };
    this.#known.set(digits, record);
    return record;
  }

  /** Rare, so written synchronously: committed when this returns. */
  change(digits: string, change: Partial<NumberRecord>): void {
    this.#known.set(digits, { ...this.read(digits), ...change });
    this.persist(digits);
  }

  /** Writes what is in memory; called again when pairing has created the folder. */
  persist(digits: string): void {
    if (!this.#stores.exists(digits)) return;
    const store = this.#stores.open(digits);
    store.writeSync((batch) => batch.put(table(store), KEY, this.read(digits)));
  }

  /** The login is gone, and with it the binding (contract clients §4.2). */
  forget(digits: string): void {
    this.#known.delete(digits);
  }
}
