/**
 * What of the books is let go, an hour after an hour (contract schedules §13, §12).
 *
 *  RT1  A job that ended 30 days ago is forgotten with its ledger.
 *  RT2  Of a series that goes on, rows of occurrences that old become one row of totals: its counters are cumulative for ever
 *       (S-41), and its ledger does not grow for ever. An occurrence that is still open is never touched.
 *  RT3  In small steps, each a transaction of its own: nobody waits for it, and a kill between two loses nothing. A round
 *       that has done its share goes on in the next.
 */
import { type Ticker, ticker } from '../app-client/ticker.ts';
import { type Clock, sleep } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Key, Store } from '../store/store.ts';
import type { Books } from './books.ts';
import type { JobRow, LedgerRow, Place } from './jobs.types.ts';
import { REPLY_MS } from './replies.ts';

const HOUR_MS = 3_600_000;
const KEPT_MS = 30 * 86_400_000;
/** Rows of one step, and of one round. */
const STEP = 50;
const ROUND = 50_000;

export type RetentionOptions = {
  readonly books: Books;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
};

export class Retention {
  readonly #o: RetentionOptions;
  readonly #ticker: Ticker;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;
  #left = ROUND;

  constructor(options: RetentionOptions) {
    this.#o = options;
    this.#ticker = ticker(options.clock, async () => {
      this.#round = this.#all().catch((error: unknown) =>
        options.log.error({ err: error }, 'what is old could not be removed from the books'),
      );
      await this.#round;
      return HOUR_MS;
    });
  }

  start(): void {
    this.#ticker.start();
  }

  /** Resolves when the step under way is through. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ticker.stop();
    await this.#round;
  }

  async #all(): Promise<void> {
    const { books, clock, store } = this.#o;
    const before = clock.now() - KEPT_MS;
    this.#left = ROUND;
    for (let last: string | undefined = ''; last !== undefined && this.#goesOn(); ) {
      const jobs = books.jobsAfter(last, STEP);
      for (const job of jobs) if (this.#goesOn()) await this.#one(job, before);
      last = jobs.length < STEP ? undefined : jobs.at(-1)?.id;
      await this.#rest();
    }
    let cursor: Key | undefined;
    do {
      cursor = await books.campaignSends.removeBefore(store, clock.now() - REPLY_MS, cursor, STEP);
      this.#left -= STEP;
      await this.#rest();
    } while (cursor !== undefined && this.#goesOn());
  }

  async #one(job: JobRow, before: number): Promise<void> {
    const { books } = this.#o;
    const isOver = job.endedAt !== undefined && job.endedAt < before;
    if (isOver && books.jobOf(job.ledger)?.id === job.id) await this.#fold(job, Infinity);
    // It may have been registered anew meanwhile.
    if (isOver && books.job(job.id)?.endedAt === job.endedAt && this.#goesOn()) await books.forget(job);
    else if (!isOver && job.rule) await this.#fold(job, before);
  }

  /** RT2, RT3: rows of occurrences before this instant, the oldest first. */
  async #fold({ id, ledger }: JobRow, before: number): Promise<void> {
    const { books } = this.#o;
    while (this.#goesOn()) {
      const open = books.job(id)?.open;
      const rows: (readonly [Place, LedgerRow])[] = [];
      for (const entry of books.rows(ledger)) {
        if (entry[0].occurrence >= before || rows.length >= STEP) break;
        if (entry[0].occurrence !== open) rows.push(entry);
      }
      if (rows.length === 0) return;
      this.#left -= rows.length;
      await books.fold(ledger, rows);
      await this.#rest();
    }
  }

  #goesOn(): boolean {
    return !this.#stopped && this.#left > 0;
  }

  /** What else there is to do has its turn. */
  #rest(): Promise<void> {
    return sleep(this.#o.clock, 0);
  }
}
