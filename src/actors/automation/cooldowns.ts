/**
 * For how long a customer gets no further automatic reply from a number (contract inbound §8). Flows ignore it.
 *
 *  CD1  A cooldown is on disk with the decision to reply, before the reply is sent.
 *  CD2  It holds for the customer, however they are known: phone in all its spellings, LID.
 *  CD3  What is over is dropped at the latest with the sweep (README §9: every 10 min).
 */
import type { Clock } from '../../clock.ts';
import type { Identity } from '../../phone.ts';
import type { Batch, Store, Table } from '../../store/store.ts';
import { contactKeys } from './conversations.ts';

export class Cooldowns {
  readonly #store: Store;
  /** Contact key -> until when, epoch ms. */
  readonly #table: Table<number>;
  readonly #clock: Clock;
  /** One name of each customer who may have one, and until when: for the count. */
  readonly #ends = new Map<string, number>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#table = store.table('cooldowns');
    this.#clock = clock;
    // The two names of one customer were written with the same end, to the millisecond.
    const ends = new Set<number>();
    for (const { key, value } of this.#table.range()) {
      if (!ends.has(value)) this.#ends.set(String(key), value);
      ends.add(value);
    }
  }

  /** Customers with a cooldown now. Looks at those only that began one, not at the disk. */
  active(): number {
    const now = this.#clock.now();
    for (const [name, until] of this.#ends) if (until <= now) this.#ends.delete(name);
    return this.#ends.size;
  }

  isActive(contact: Identity): boolean {
    const now = this.#clock.now();
    return contactKeys(contact).some((key) => (this.#table.get(key) ?? 0) > now);
  }

  /** CD1. `until`: epoch ms. */
  set(batch: Batch, contact: Identity, until: number): void {
    const names = contactKeys(contact);
    for (const name of names) batch.put(this.#table, name, until);
    if (names[0] !== undefined) this.#ends.set(names[0], until);
  }

  /** One that no reply began. */
  begin(contact: Identity, until: number): Promise<void> {
    return this.#store.write((batch) => this.set(batch, contact, until));
  }

  /** CD3. */
  async sweep(): Promise<void> {
    const now = this.#clock.now();
    const over = [...this.#table.range()].filter(({ value }) => value <= now);
    if (over.length === 0) return;
    await this.#store.write((batch) => {
      for (const { key, value } of over) if (this.#table.get(key) === value) batch.remove(this.#table, key);
    });
  }
}
