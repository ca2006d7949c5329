/**
 * The ledger of an open run in memory, written through: what has been sent, what is next, and the totals of all runs.
 *
 *  SH1  The order is the list's. Who may be sent later waits for its time; who is tried again comes after all others, at most
 *       twice more (contract settings §6).
 *  SH2  Totals are those of the rows at every instant (LE1).
 */
import { Tally, sumOf } from './ledger.ts';
import { DueHeap } from './due-heap.ts';
import type { LedgerRow } from './jobs.types.ts';
import type { Totals } from './protocol.ts';

const MAX_TRIES = 3;

export class Sheet {
  readonly #rows = new Map<number, LedgerRow>();
  readonly #tally = new Tally();
  /** The other occurrences: what they were, and what receipts have changed in them since. */
  readonly #earlier: Totals;
  readonly #changes = new Tally();
  /** Interrupted sends and outstanding second parts go first: their numbers are before everybody's. */
  readonly #first: number[] = [];
  readonly #ready: number[] = [];
  readonly #later = new DueHeap();
  readonly #again: number[] = [];
  #at = 0;

  /** `earlier`: totals of the other occurrences. Rows in list order. */
  constructor(rows: Iterable<LedgerRow>, earlier: Totals) {
    this.#earlier = earlier;
    for (const row of rows) {
      this.#rows.set(row.n, row);
      this.#tally.add(row);
      if (row.state === 'sending' || row.tail) this.#first.push(row.n);
      else if (row.state === 'pending') this.#enqueue(row);
    }
  }

  /** Of all occurrences. */
  get totals(): Totals {
    return sumOf(sumOf(this.#earlier, this.#changes.totals), this.#tally.totals);
  }

  /** Of this occurrence. */
  get own(): Totals {
    return this.#tally.totals;
  }

  row(n: number): LedgerRow | undefined {
    return this.#rows.get(n);
  }

  rows(): Iterable<LedgerRow> {
    return this.#rows.values();
  }

  /** What is written, or about to be. */
  set(row: LedgerRow): void {
    const before = this.#rows.get(row.n);
    this.#tally.change(before, row);
    this.#rows.set(row.n, row);
  }

  /** A row of another occurrence became another one. */
  elsewhere(before: LedgerRow, after: LedgerRow): void {
    this.#changes.change(before, after);
  }

  /** Back into the queue, for its own time or for the end. */
  put(row: LedgerRow): void {
    this.set(row);
    this.#enqueue(row);
  }

  /** A recipient that may be tried again, or not any more. */
  mayRepeat({ tries }: LedgerRow): boolean {
    return tries + 1 < MAX_TRIES;
  }

  /** When somebody can be sent; Infinity: nobody is left. */
  readyAt(): number {
    if (this.#first.length > 0 || this.#at < this.#ready.length || this.#again.length > 0) return 0;
    return this.#later.first()?.at ?? Infinity;
  }

  /** Takes the next one that may be sent at `now`. */
  take(now: number): LedgerRow | undefined {
    for (const n of this.#later.takeDue(now)) this.#ready.push(Number(n));
    const n = this.#first.shift() ?? this.#shiftReady() ?? this.#again.shift();
    return n === undefined ? undefined : this.#rows.get(n);
  }

  #shiftReady(): number | undefined {
    if (this.#at < this.#ready.length) return this.#ready[this.#at++];
    this.#ready.length = this.#at = 0;
    return undefined;
  }

  /** Back to the front: nothing was tried. */
  untake({ n }: LedgerRow): void {
    this.#first.unshift(n);
  }

  #enqueue({ n, notBefore, tries }: LedgerRow): void {
    if (notBefore !== undefined) this.#later.set(String(n), notBefore);
    else if (tries > 0) this.#again.push(n);
    else this.#ready.push(n);
  }
}
