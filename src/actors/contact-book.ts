/**
 * The people a number knows (contract clients §10): address book, push names, business names. One book per device store.
 *
 *  CB1  At most 20,000 people; the longest unchanged go first, those of the phone's address book last.
 *  CB2  What is learned is readable at once and written together, at most every 10 s (contract clients §10, C-41).
 *  CB3  One person is one entry: what was learned under a LID belongs to the phone as soon as that is known (C-37).
 *
 * Deliberately not here: where news come from (engines).
 */
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import { lidJid, lidOfJid, phoneJid, phoneOfJid } from '../phone.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import type { LidMap } from './lid-map.ts';

const WRITE_EVERY_MS = 10_000;
const MAX_ROWS = 20_000;
/** So many below the bound after a cut, so that the table is not read again for each new person. */
const CUT = 1_000;

type Names = {
  /** As saved in the phone's address book. */
  readonly name?: string;
  /** As people call themselves. */
  readonly notify?: string;
  readonly verifiedName?: string;
};

/** A person this number knows. `id` is the phone JID when the phone is known, else the LID JID. */
export type Contact = Names & { readonly id: string; readonly phoneNumber?: string };

/** Something heard of a person; fields that were not spoken of are absent. */
export type ContactNews = Names & { readonly jid: string };

/** `at`: epoch ms of the last change. */
type Row = Names & { readonly at: number };

export class ContactBook {
  readonly #store: Store;
  readonly #table: Table<Row>;
  readonly #lids: LidMap;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #unwritten = new Map<string, Row>();
  #timer: Timer | undefined;
  #rows: number | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, lids: LidMap, clock: Clock, log: Log) {
    this.#store = store;
    this.#table = store.table('contacts');
    this.#lids = lids;
    this.#clock = clock;
    this.#log = log;
  }

  /** Groups, channels and news that change nothing are passed over. */
  learn(news: readonly ContactNews[]): void {
    for (const { jid, ...heard } of news) {
      const key = keyOf(jid);
      if (key === undefined || this.#unwritten.size >= MAX_ROWS) continue;
      const known = this.#unwritten.get(key) ?? this.#table.get(key);
      const names = { ...namesOf(known ?? {}), ...namesOf(heard) };
      if (known ? isSame(known, names) : Object.keys(names).length === 0) continue;
      this.#unwritten.set(key, { ...names, at: this.#clock.now() });
    }
    if (this.#unwritten.size > 0) this.#timer ??= this.#clock.setTimeout(() => this.#writeLater(), WRITE_EVERY_MS);
  }

  /** Everybody, one entry per person (CB3). */
  list(): Contact[] {
    const people = new Map<string, Contact>();
    const add = (key: string, row: Names) => {
      const lid = lidOfJid(key);
      const phone = lid === undefined ? phoneOfJid(key) : this.#lids.phoneOf(lid);
      const id = phone === undefined ? key : phoneJid(phone);
      const spoken = namesOf(row);
      const names = lid === undefined ? { ...people.get(id), ...spoken } : { ...spoken, ...people.get(id) };
      people.set(id, { ...names, id, ...(phone !== undefined && { phoneNumber: phoneJid(phone) }) });
    };
    for (const { key, value } of this.#table.range()) {
      if (!this.#unwritten.has(String(key))) add(String(key), value);
    }
    for (const [key, row] of this.#unwritten) add(key, row);
    return [...people.values()];
  }

  /** Writes what is waiting; to be called before the store may go away. */
  flush(): Promise<void> {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#writing.catch(() => undefined); // its own caller has the failure
    this.#writing = before.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    const rows = [...this.#unwritten];
    const added = rows.filter(([key]) => !this.#table.has(key)).length;
    const total = (this.#rows ??= [...this.#table.keys()].length) + added;
    const surplus = total > MAX_ROWS ? this.#leastMissed(total - MAX_ROWS + CUT) : [];
    this.#rows = total - surplus.length;
    await this.#store.write((batch: Batch) => {
      for (const key of surplus) batch.remove(this.#table, key);
      for (const [key, row] of rows) batch.put(this.#table, key, row);
    });
    for (const [key, row] of rows) if (this.#unwritten.get(key) === row) this.#unwritten.delete(key);
  }

  #writeLater(): void {
    this.#timer = undefined;
    this.flush().catch((error: unknown) => {
      this.#rows = undefined;
      this.#log.warn({ err: error }, 'contacts could not be written; they are tried again with the next news');
    });
  }

  /** CB1. */
  #leastMissed(count: number): string[] {
    const rows = [...this.#table.range()].map(({ key, value }) => ({ key: String(key), value }));
    const rank = ({ value }: (typeof rows)[number]) => (value.name === undefined ? 0 : 1);
    rows.sort((a, b) => rank(a) - rank(b) || a.value.at - b.value.at);
    return rows.slice(0, count).map(({ key }) => key);
  }
}

function keyOf(jid: string): string | undefined {
  const phone = phoneOfJid(jid);
  if (phone !== undefined) return phoneJid(phone);
  const lid = lidOfJid(jid);
  return lid === undefined ? undefined : lidJid(lid);
}

const namesOf = ({ name, notify, verifiedName }: Names): Names => ({
  ...(name && { name }),
  ...(notify && { notify }),
  ...(verifiedName && { verifiedName }),
});

const isSame = (row: Names, names: Names): boolean =>
  row.name === names.name && row.notify === names.notify && row.verifiedName === names.verifiedName;
