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

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#table = store.table('cooldowns');
    this.#clock = clock;
  }

  isActive(contact: Identity): boolean {
    const now = this.#clock.now();
    return contactKeys(contact).some((key) => (this.#table.get(key) ?? 0) > now);
  }

  /** CD1. `until`: epoch ms. */
  set(batch: Batch, contact: Identity, until: number): void {
    for (const key of contactKeys(contact)) batch.put(this.#table, key, until);
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
