/**
 * What becomes of work that fell due while nobody could do it (contract schedules §6 downtime, §10 overdue): young enough
 * it is done now, older it is recorded as missed, never made up. Pure decisions; `graceMs` is SCHEDULE_GRACE_MINUTES.
 *
 * Deliberately not here: registrations with a past time, which always mean now (S-56), and runs that were interrupted.
 */
import { latestOccurrence, occurrenceAfter, type Rule } from './recurrence.ts';
import type { Wall } from './wall-clock.ts';

export const overdue = (due: number, now: number, graceMs: number): 'run' | 'missed' =>
  now - due <= graceMs ? 'run' : 'missed';

export type Missed = {
  /** The occurrence to run now: the latest, when it is young enough. */
  readonly run: number | undefined;
  /** Occurrences from `due` on that nobody will run. */
  readonly missedCount: number;
  /** The next one to wait for; undefined when the series is over. */
  readonly next: number | undefined;
};

type Series = {
  readonly rule: Rule;
  readonly anchor: Wall;
  readonly zone: string;
  /** When the last recipient of an occurrence has its turn, which is later where zones are (§11). */
  readonly closesAt: (occurrence: number) => number;
};

/** `due` is the occurrence that the series waited for. */
export function missed({ rule, anchor, zone, closesAt }: Series, due: number, now: number, graceMs: number): Missed {
  if (due > now) return { run: undefined, missedCount: 0, next: due };
  // `due` may be an instant of its own (a run that was asked for now), so it counts even when the series has it not.
  const latest = Math.max(due, latestOccurrence(rule, anchor, zone, now) ?? due);
  let count = 1;
  for (let at = due; at < latest; count += 1) at = occurrenceAfter(rule, anchor, zone, at) ?? latest;
  const run = overdue(Math.max(latest, closesAt(latest)), now, graceMs) === 'run' ? latest : undefined;
  return { run, missedCount: run === undefined ? count : count - 1, next: occurrenceAfter(rule, anchor, zone, now) };
}
