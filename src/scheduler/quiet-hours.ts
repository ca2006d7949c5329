/**
 * Hours in which a job sends nothing, by the wall clock of a zone; they may span midnight. Both ends are minutes of the
 * day, the first inside, the second outside.
 */
import { mapOf, textOf } from '../content/loose.ts';
import { dayOf, instantOf, onDay, wallOf } from './wall-clock.ts';

/** `HH:mm` each, never the same: a whole day would send nothing at all. */
export type QuietHours = { readonly from: string; readonly to: string };

const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

/** `{from: "21:00", to: "08:00"}`; undefined when nothing is asked for. */
export function quietHoursOf(value: unknown): QuietHours | undefined | 'unreadable' {
  const fields = mapOf(value);
  if (!fields) return 'unreadable';
  if (Object.keys(fields).length === 0) return undefined;
  const from = textOf(fields['from']).trim();
  const to = textOf(fields['to']).trim();
  return CLOCK.test(from) && CLOCK.test(to) && from !== to ? { from, to } : 'unreadable';
}

/** The instant itself when it is outside of the quiet hours, else their end. */
export function afterQuiet(at: number, { from, to }: QuietHours, zone: string): number {
  const wall = wallOf(at, zone);
  const [start, end, minute] = [minutesOf(from), minutesOf(to), wall.hour * 60 + wall.minute];
  const spansMidnight = start > end;
  const isQuiet = spansMidnight ? minute >= start || minute < end : minute >= start && minute < end;
  if (!isQuiet) return at;
  const day = dayOf(wall) + (spansMidnight && minute >= start ? 1 : 0);
  const over = instantOf(onDay(day, { ...wall, hour: Math.floor(end / 60), minute: end % 60, second: 0 }), zone);
  // In the second pass of an autumn overlap they ended with the first.
  return Math.max(at, over);
}

function minutesOf(clock: string): number {
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  return hour * 60 + minute;
}
