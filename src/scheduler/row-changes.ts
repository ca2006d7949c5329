/**
 * What a recipient's row becomes when it is not sent. Pure.
 */
import type { BulkOutcome } from '../actors/protocol.ts';
import type { JobRow, LedgerRow } from './jobs.types.ts';

/** A provider may have had the message that a crash cut off (RM3). */
export const INTERRUPTED: BulkOutcome = {
  kind: 'unknown',
  error: 'outcome unknown (bridge restarted while sending)',
};

/** facts/cloud-api.md §6.2: so long a recipient may wait for its provider. */
const SLOW_RECIPIENT_MS = 600_000;

/** Without the id of a message that never was. */
export function failed(
  { id: _, notBefore: __, slowSince: ___, ...row }: LedgerRow,
  error: string,
  job: JobRow,
): LedgerRow {
  return { ...row, state: 'failed', error, dispatch: job.dispatch };
}

/** Its provider takes nothing for it before `until`. Undefined: it has had its time. */
export function slowed(row: LedgerRow, until: number, now: number): LedgerRow | undefined {
  const { slowSince = now } = row;
  return until - slowSince > SLOW_RECIPIENT_MS ? undefined : { ...row, slowSince, notBefore: until };
}

/** Without its second part, sent or not. */
export function withoutTail({ tail: _, ...row }: LedgerRow): LedgerRow {
  return row;
}

/** The run is given up. What was handed over may have left. Undefined: nothing changes. */
export function abandoned(row: LedgerRow, error: string, job: JobRow): LedgerRow | undefined {
  if (row.state === 'pending') return failed(row, error, job);
  if (row.state === 'sending') return { ...row, state: 'unknown', error: `outcome unknown (${error})` };
  return row.tail && withoutTail(row);
}
