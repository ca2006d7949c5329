/**
 * A job as routes see it (contract schedules §13, bulk §4.2; issue: progress, rate, expected finish).
 *
 *  VI1  Counts are the ledger's, not kept beside it (P8).
 *  VI2  Base64 media is never shown (S-30).
 */
import { textOf } from '../content/loose.ts';
import type { Books } from './books.ts';
import { type JobRow, type LedgerRow, occurrenceOf } from './jobs.types.ts';
import { finalTotals } from './ledger.ts';
import type { Messenger } from './messenger.ts';
import type { Pacing } from './pacing.ts';
import { withoutMedia } from './payload.ts';
import type { JobView, RecipientView, Totals } from './protocol.ts';
import type { Run } from './run.ts';
import { longForm } from './wall-clock.ts';

export type ViewOf = {
  readonly job: JobRow;
  readonly books: Books;
  readonly run: Run | undefined;
  readonly totals: Totals;
  readonly pacing: Pacing;
  readonly now: number;
};

export function viewOf({ job, books, run, totals, pacing, now }: ViewOf): JobView {
  const pending = run?.sheet.own.pending ?? 0;
  const nextAt = job.state === 'ended' ? undefined : (job.open ?? job.next);
  return {
    id: job.id,
    kind: job.kind,
    ...(job.appId !== undefined && { appId: job.appId }),
    sender: job.sender,
    state: job.state,
    running: job.open !== undefined,
    ...(job.outcome && { outcome: job.outcome }),
    ...(job.reason !== undefined && { reason: job.reason }),
    ...(run?.waits && { waits: run.waits }),
    zone: job.zone,
    ...(nextAt !== undefined && { nextAt }),
    createdAt: job.createdAt,
    ...(job.endedAt !== undefined && { endedAt: job.endedAt }),
    ...(job.lastRunAt !== undefined && { lastRunAt: job.lastRunAt }),
    runs: job.runs,
    totals: shownTotals(job, totals),
    failedNumbers: [...failedNumbers(books, job)],
    ...(run && {
      rate: run.rate,
      finishAt: Math.max(now, run.waits?.until ?? 0) + pending * averageGapMs(job, pacing),
    }),
    ...(job.messageId !== undefined && { messageId: job.messageId }),
    scheduledFor: longForm(job.at, job.zone),
    body: withoutMedia(books.payload(job.id)),
  };
}

/** VI1. Before it begins nobody has a row; in the end the app was told that who was left has failed. */
function shownTotals({ state, outcome, open, recipients }: JobRow, totals: Totals): Totals {
  if (state === 'ended' && outcome !== 'cancelled') return finalTotals(totals, recipients);
  return totals.total === 0 && open === undefined ? { ...totals, total: recipients, pending: recipients } : totals;
}

/** Between two messages of one job, batches included. */
export function averageGapMs({ gap, recipients }: Pick<JobRow, 'gap' | 'recipients'>, pacing: Pacing): number {
  const between = gap ? (gap.min + gap.max) / 2 : pacing.gap;
  const batches = pacing.inBatches && recipients > pacing.batch ? (pacing.pause * 60) / pacing.batch : 0;
  return 1_000 * (between + batches);
}

/** Rows of the newest occurrence, in list order. */
export function recipientsOfJob(books: Books, job: JobRow, offset: number, limit: number): LedgerRow[] {
  const at = occurrenceOf(job, job.open ?? newestOccurrence(books, job));
  const rows: LedgerRow[] = [];
  let index = 0;
  for (const [, row] of books.rows(job.ledger, at)) {
    if (index >= offset + limit) break;
    if (index++ >= offset) rows.push(row);
  }
  return rows;
}

function newestOccurrence(books: Books, job: JobRow): number {
  let newest = 0;
  for (const [{ occurrence }] of job.rule ? books.rows(job.ledger) : []) newest = Math.max(newest, occurrence);
  return newest;
}

export function recipientView({ flow }: JobRow, row: LedgerRow, messenger: Messenger): RecipientView {
  const fields = messenger.recipient(row.key)?.fields ?? {};
  const times = {
    ...(row.notBefore !== undefined && { notBefore: row.notBefore }),
    ...(row.sentAt !== undefined && { sentAt: row.sentAt }),
    ...(row.deliveredAt !== undefined && { deliveredAt: row.deliveredAt }),
    ...(row.readAt !== undefined && { readAt: row.readAt }),
    ...(row.respondedAt !== undefined && { respondedAt: row.respondedAt }),
  };
  return {
    listed: row.listed,
    ...(row.contactId !== undefined && { contactId: row.contactId }),
    state: row.state === 'sending' ? 'pending' : row.state,
    ...(row.variant && { variant: row.variant }),
    ...(flow === undefined && row.id !== undefined && { messageId: row.id }),
    ...(row.error !== undefined && { error: row.error }),
    ...times,
    ...(row.response !== undefined && { response: row.response }),
    name: textOf(fields['name']),
    email: textOf(fields['email']),
  };
}

function* failedNumbers(books: Books, job: JobRow): Iterable<string> {
  if (job.runs === 0 && job.open === undefined && job.endedAt === undefined) return;
  for (const [, row] of books.rows(job.ledger)) if (row.state === 'failed' || row.state === 'unknown') yield row.listed;
}
