/**
 * The scheduler's durable books: jobs, their payloads, the ledger's rows, and which message id belongs to which row. All in
 * the process's own store, where the outbox of job callbacks lies too.
 *
 *  BK1  A change and what the app is told of it are one transaction: a crash leaves both or none (P8).
 *  BK2  Reads see changes that are still on their way to the disk; nothing is acknowledged before it is durable.
 *  BK3  Media in a payload is stored as it came while it may be needed, and let go when the job ends (S-31).
 *
 * Deliberately not here: what the rows mean (machines/job.ts, machines/recipient.ts), totals (ledger.ts).
 */
import type { OutboxQueue } from '../app-client/outbox.types.ts';
import type { Fields } from '../content/loose.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import { CampaignSends } from './campaign-sends.ts';
import type { Entries, JobRow, LedgerRow, Place } from './jobs.types.ts';
import { noCounts, sumOf, Tally } from './ledger.ts';
import { withoutMedia } from './payload.ts';
import type { Totals } from './protocol.ts';
import { Shelf } from './shelf.ts';

export class Books {
  readonly #store: Store;
  readonly #queue: OutboxQueue;
  readonly #jobs: Shelf<JobRow>;
  readonly #rows: Shelf<LedgerRow>;
  readonly #payloads: Shelf<Fields>;
  /** Ledger, or key of registration -> id of its newest job. */
  readonly #current: Shelf<string>;
  /** Message id -> key of its ledger row. */
  readonly #messages: Table<string>;
  readonly #byNumber: Table<1>;
  /** Totals of the occurrences of a ledger whose rows are gone (S-41). */
  readonly #folded: Table<Totals>;
  readonly campaignSends: CampaignSends;

  /** `queue`: the outbox queue of the same store (BK1). */
  constructor(store: Store, queue: OutboxQueue) {
    this.#store = store;
    this.#queue = queue;
    this.#jobs = new Shelf(store, 'jobs');
    this.#rows = new Shelf(store, 'ledger');
    this.#payloads = new Shelf(store, 'job-payloads');
    this.#current = new Shelf(store, 'job-of-ledger');
    this.#messages = store.table('job-messages');
    this.#byNumber = store.table('jobs-by-number');
    this.#folded = store.table('ledger-folded');
    this.campaignSends = new CampaignSends(store);
  }

  job(id: string): JobRow | undefined {
    return this.#jobs.get(id);
  }

  /** The newest job of a ledger, or with a key of registration. */
  jobOf(name: string): JobRow | undefined {
    const id = this.#current.get(name);
    return id === undefined ? undefined : this.#jobs.get(id);
  }

  payload(id: string): Fields {
    return this.#payloads.get(id) ?? {};
  }

  /** Every durable job, ended ones included. */
  *jobs(): Iterable<JobRow> {
    for (const { value } of this.#jobs.table.range()) yield value;
  }

  /** A part of the durable jobs in the order of their ids: those after the one named. */
  jobsAfter(id: string, limit: number): JobRow[] {
    return [...this.#jobs.table.range({ from: `${id} `, limit })].map(({ value }) => value);
  }

  /** Newest first. */
  *jobsOfNumber(sender: string): Iterable<JobRow> {
    const range = { from: `${sender}!`, to: `${sender} `, reverse: true };
    for (const key of this.#byNumber.keys(range)) {
      const job = this.job(String(key).split(' ')[2] ?? '');
      if (job) yield job;
    }
  }

  row(place: Place): LedgerRow | undefined {
    return this.#rows.get(keyOf(place));
  }

  /** Rows of one occurrence in list order, or of all occurrences. */
  *rows(ledger: string, occurrence?: number): Iterable<readonly [Place, LedgerRow]> {
    const prefix = occurrence === undefined ? ledger : `${ledger} ${padded(occurrence, 15)}`;
    for (const { key } of this.#rows.table.range({ from: `${prefix} `, to: `${prefix}!` })) {
      const row = this.#rows.get(key);
      const place = placeOf(String(key));
      if (row && place) yield [place, row];
    }
  }

  /** Somebody has a row, or had one: a job of this ledger has begun. */
  hasRows(ledger: string): boolean {
    for (const _ of this.rows(ledger)) return true;
    return this.folded(ledger).total > 0;
  }

  /** What rows that were folded count for. */
  folded(ledger: string): Totals {
    return this.#folded.get(ledger) ?? noCounts();
  }

  /** Of all its occurrences. */
  totals(ledger: string): Totals {
    const tally = new Tally();
    for (const [, row] of this.rows(ledger)) tally.add(row);
    return sumOf(tally.totals, this.folded(ledger));
  }

  /** Where a message belongs that a job sent. */
  placeOfMessage(id: string): Place | undefined {
    const key = this.#messages.get(id);
    return key === undefined ? undefined : placeOf(key);
  }

  /**
   * BK1. Visible at once, durable when it resolves. `payload` comes with a job that is new or was registered again; a job
   * that ended lets its media go (BK3).
   */
  async commit({ jobs = [], rows = [], facts = [] }: Entries, payload?: Fields): Promise<void> {
    const ended = jobs.filter(({ state, endedAt }) => state === 'ended' && endedAt !== undefined);
    const [first] = jobs;
    const payloads: [string, Fields][] = ended.map(({ id }) => [id, withoutMedia(this.payload(id))]);
    if (payload && first) payloads.push([first.id, payload]);
    const keys = new Set(jobs.map(numberKey));
    // An edit may have given it another sender.
    const left = jobs
      .flatMap((job) => this.job(job.id) ?? [])
      .map(numberKey)
      .filter((key) => !keys.has(key));
    const staged = [
      this.#jobs.stage(jobs.map((job) => [job.id, job])),
      this.#rows.stage(rows.map(([place, row]) => [keyOf(place), row])),
      this.#payloads.stage(payloads),
      this.#current.stage(
        payload ? jobs.flatMap(({ id, ledger, key }) => [ledger, key].map((name) => [name, id])) : [],
      ),
    ];
    const change = (batch: Batch) => {
      for (const each of staged) each.put(batch);
      for (const key of left) batch.remove(this.#byNumber, key);
      if (payload) for (const job of jobs) batch.put(this.#byNumber, numberKey(job), 1);
      for (const [place, row] of rows) {
        if (row.id !== undefined) batch.put(this.#messages, row.id, keyOf(place));
        this.campaignSends.note(batch, place, row);
      }
    };
    try {
      await (facts.length > 0 ? this.#queue.append(facts, change) : this.#store.write(change));
    } finally {
      for (const each of staged) each.done();
    }
  }

  /** Rows that nobody needs one by one any more: from now on only their totals count. */
  async fold(ledger: string, rows: readonly (readonly [Place, LedgerRow])[]): Promise<void> {
    const totals = sumOf(this.folded(ledger), new Tally(rows.map(([, row]) => row)).totals);
    await this.#store.write((batch) => {
      batch.put(this.#folded, ledger, totals);
      this.#remove(batch, rows);
    });
  }

  /** Forgets an ended job with all that was kept of it. */
  async forget(job: JobRow): Promise<void> {
    const isNewest = this.#current.get(job.ledger) === job.id;
    const rows = isNewest ? [...this.rows(job.ledger)] : [];
    await this.#store.write((batch) => {
      batch.remove(this.#jobs.table, job.id);
      batch.remove(this.#payloads.table, job.id);
      batch.remove(this.#byNumber, numberKey(job));
      if (isNewest) batch.remove(this.#current.table, job.ledger);
      if (isNewest) batch.remove(this.#folded, job.ledger);
      if (this.#current.get(job.key) === job.id) batch.remove(this.#current.table, job.key);
      this.#remove(batch, rows);
    });
  }

  #remove(batch: Batch, rows: readonly (readonly [Place, LedgerRow])[]): void {
    for (const [place, row] of rows) {
      batch.remove(this.#rows.table, keyOf(place));
      if (row.id !== undefined) batch.remove(this.#messages, row.id);
      this.campaignSends.forget(batch, row);
    }
  }
}

/** The newest job of a ledger, as durable as it is. */
export function newestOnDisk(store: Store): (ledger: string) => JobRow | undefined {
  const current = store.table<string>('job-of-ledger');
  const jobs = store.table<JobRow>('jobs');
  return (ledger) => {
    const id = current.get(ledger);
    return id === undefined ? undefined : jobs.get(id);
  };
}

const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');
const keyOf = ({ ledger, occurrence, n }: Place): string => `${ledger} ${padded(occurrence, 15)} ${padded(n, 7)}`;
const numberKey = ({ sender, createdAt, id }: JobRow): string => `${sender} ${padded(createdAt, 15)} ${id}`;

function placeOf(key: string): Place | undefined {
  const [ledger, occurrence, n] = key.split(' ');
  return ledger === undefined || n === undefined ? undefined : { ledger, occurrence: Number(occurrence), n: Number(n) };
}
