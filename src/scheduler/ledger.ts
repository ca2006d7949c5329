/**
 * Totals of a ledger, derived from its rows (P8).
 *
 *  LE1  pending + sent + failed + unknown + skipped = total, at every instant; `sending` counts as pending.
 *  LE2  Who shares a phone with another contact counts as that contact does; a second spelling of one number in a schedule
 *       is the same recipient.
 */
import type { Totals } from './protocol.ts';
import type { LedgerRow } from './jobs.types.ts';

type Counts = { -readonly [K in keyof Totals]: number };

export class Tally {
  readonly #counts: Counts = noCounts();

  constructor(rows: Iterable<LedgerRow> = []) {
    for (const row of rows) this.add(row);
  }

  add(row: LedgerRow): void {
    this.#count(row, 1);
  }

  /** One row became another. */
  change(before: LedgerRow | undefined, after: LedgerRow): void {
    if (before) this.#count(before, -1);
    this.#count(after, 1);
  }

  get totals(): Totals {
    return { ...this.#counts };
  }

  #count(row: LedgerRow, by: 1 | -1): void {
    const weight = by * (1 + (row.also ?? []).filter(({ contactId }) => contactId !== undefined).length);
    const counts = this.#counts;
    counts.total += weight;
    switch (row.state) {
      case 'pending':
      case 'sending':
        counts.pending += weight;
        return;
      case 'read':
        counts.read += weight;
        counts.delivered += weight;
        counts.sent += weight;
        return;
      case 'delivered':
        counts.delivered += weight;
        counts.sent += weight;
        return;
      default:
        counts[row.state] += weight;
    }
  }
}

export const noCounts = (): Counts => ({
  total: 0,
  pending: 0,
  sent: 0,
  delivered: 0,
  read: 0,
  failed: 0,
  unknown: 0,
  skipped: 0,
});

export function sumOf(a: Totals, b: Totals): Totals {
  const sum = noCounts();
  for (const name of Object.keys(sum) as (keyof Totals)[]) sum[name] = a[name] + b[name];
  return sum;
}

/** Of a job that has ended: who was not tried has failed, for the app; where it never opened nobody has a row. */
export function finalTotals(counted: Totals, recipients: number): Totals {
  if (counted.total === 0) return { ...noCounts(), total: recipients, failed: recipients };
  return { ...counted, failed: counted.failed + counted.pending, pending: 0 };
}
