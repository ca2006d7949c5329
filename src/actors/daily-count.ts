/**
 * How many messages a number has sent through its linked device in this UTC day, whatever they were for (contract settings
 * §6, S-28). One row in the number's own store.
 *
 *  DC1  It is written in the transaction that records the message (sent-index.ts SI1): no flush of its own, and never short
 *       after a crash. A hand-over that fails after that counts all the same.
 *  DC2  A repeat under the same id is the same message and counts once.
 *
 * Deliberately not here: the cap and what follows from it (bulk-sends.ts, jobs).
 */
import type { Clock } from '../clock.ts';
import type { Batch, Store, Table } from '../store/store.ts';

const tableOf = (store: Store): Table<number> => store.table<number>('daily-count');
const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10);

export class DailyCount {
  readonly #table: Table<number>;
  readonly #clock: Clock;
  #day: string;
  /** Also what is still on its way to the disk. */
  #count: number;

  constructor(store: Store, clock: Clock) {
    this.#table = tableOf(store);
    this.#clock = clock;
    this.#day = dayOf(clock.now());
    this.#count = this.#table.get(this.#day) ?? 0;
  }

  /** One more, inside the write that records it. */
  add(batch: Batch): void {
    const day = dayOf(this.#clock.now());
    if (day !== this.#day) {
      for (const old of this.#table.keys()) batch.remove(this.#table, old);
      this.#day = day;
      this.#count = 0;
    }
    this.#count += 1;
    batch.put(this.#table, day, this.#count);
  }
}

/** What is on disk. `now`: epoch ms. */
export const sentToday = (store: Store, now: number): number => tableOf(store).get(dayOf(now)) ?? 0;
