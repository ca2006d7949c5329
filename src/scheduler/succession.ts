/**
 * How a job goes on: after a run, after a pause, and under another registration of the same key (contract schedules §6, §7,
 * §12, bulk §1.3). Pure.
 */
import { anchorOf, type JobRow } from './jobs.types.ts';
import { closesAt, opensAt } from './opening.ts';
import { latestOccurrence, occurrenceAfter } from './recurrence.ts';

const DAY_MS = 86_400_000;
/** Contract bulk §1.3: a broadcast that ended this recently is only repeated for who has failed. */
const RECENT_MS = 60_000;

/**
 * Resumed after its time: a one-off goes out now, a series goes on with its next occurrence (S-10), which is today's for
 * recipients whose own hour is still to come (§11).
 */
export function resumedAt(job: JobRow, now: number): Partial<JobRow> | 'over' {
  if (job.open !== undefined || job.next === undefined || job.next > now) return {};
  if (!job.rule) return { next: now };
  const latest = latestOccurrence(job.rule, anchorOf(job), job.zone, now) ?? -Infinity;
  const isOngoing = latest >= job.occurrence && closesAt(job, latest) > now;
  const occurrence = isOngoing ? latest : occurrenceAfter(job.rule, anchorOf(job), job.zone, now);
  return occurrence === undefined ? 'over' : { occurrence, next: Math.max(opensAt(job, occurrence), now) };
}

/** What a registration under the same key becomes (SC2, bulk §1.3). */
export function successor(before: JobRow, row: JobRow, now: number): JobRow {
  const dispatch = before.dispatch + 1;
  const { messageId } = before;
  // A new attempt that was asked for and has not begun is asked for still.
  const anew = before.anew && before.open === undefined && { anew: true as const };
  if (before.state !== 'ended') {
    const { id, createdAt, runs, lastRunAt, engine } = before;
    const kept = { id, createdAt, runs, ...(lastRunAt !== undefined && { lastRunAt }) };
    const sameEngine = engine !== undefined && before.provider === row.provider && { engine };
    const ledger = before.ledger === before.key ? before.ledger : row.ledger;
    return { ...row, ...kept, ...sameEngine, ...anew, ledger, dispatch, ...(messageId && { messageId }) };
  }
  const sinceEnd = now - (before.endedAt ?? now);
  const wasCancelled = before.outcome === 'cancelled';
  const joins = wasCancelled ? sinceEnd < DAY_MS : sinceEnd < RECENT_MS;
  const isBulk = row.kind === 'broadcast' || row.kind === 'campaign';
  return { ...row, dispatch, ...anew, ...(isBulk && !joins && { anew: true as const }) };
}

/** The occurrence after this one: the latest that fell due meanwhile, else the next (RS3). */
export function nextOf(job: JobRow, occurrence: number, now: number): number | undefined {
  const { rule, zone } = job;
  if (!rule) return undefined;
  const anchor = anchorOf(job);
  const latest = latestOccurrence(rule, anchor, zone, now);
  return latest !== undefined && latest > occurrence ? latest : occurrenceAfter(rule, anchor, zone, occurrence);
}
