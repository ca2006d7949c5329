/**
 * The ledger of an open run in both its places: the sheet, which knows whose turn it is, and the books on disk.
 *
 * Deliberately not here: what becomes of a recipient (delivery.ts), and when the run waits or ends (run.ts).
 */
import type { JobFact } from '../app-client/callbacks.types.ts';
import type { Books } from './books.ts';
import { type JobRow, type LedgerRow, occurrenceOf, type Place } from './jobs.types.ts';
import type { Sheet } from './sheet.ts';

export class RunLedger {
  readonly id: string;
  /** The instant of the occurrence. */
  readonly occurrence: number;
  readonly sheet: Sheet;
  readonly books: Books;
  #firstFailure: string | undefined;

  /** `job.open` is the occurrence's instant. */
  constructor(books: Books, job: JobRow, sheet: Sheet) {
    this.books = books;
    this.id = job.id;
    this.occurrence = job.open ?? job.at;
    this.sheet = sheet;
  }

  /** As it is now: an order may have come. */
  job(): JobRow | undefined {
    return this.books.job(this.id);
  }

  place(job: JobRow, { n }: LedgerRow): Place {
    return { ledger: job.ledger, occurrence: occurrenceOf(job, this.occurrence), n };
  }

  /** With what the app is told of it; durable when it resolves. */
  async write(job: JobRow, row: LedgerRow, facts: readonly JobFact[] = []): Promise<void> {
    this.sheet.set(row);
    await this.books.commit({ rows: [[this.place(job, row), row]], facts });
  }

  failed(error: string): void {
    this.#firstFailure ??= error;
  }

  /** Why somebody was not sent: the first of this process, else anybody. */
  failure(): string | undefined {
    if (this.#firstFailure !== undefined) return this.#firstFailure;
    for (const { state, error } of this.sheet.rows()) if (state === 'failed' || state === 'unknown') return error;
    return undefined;
  }
}
