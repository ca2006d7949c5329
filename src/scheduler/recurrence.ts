/**
 * Series of runs: daily, weekly, monthly (contract schedules §2, §6; S-36 to S-39, S-42).
 *
 * Invariants:
 *  R1  The anchor, the wall time of the first run, is the first occurrence; none lies before it, nor after the end date.
 *  R2  Occurrences are dates of the calendar at the anchor's time of day, in the job's zone. Which dates is decided
 *      without any zone; the instant of each comes from `instantOf`, so that a change of the clock neither swallows nor
 *      doubles one.
 *  R3  A date is found by arithmetic from the anchor, not by walking: clamping a month never moves the months after it,
 *      and a series that is ten years old costs what a new one does.
 *
 * Deliberately not here: what happens to occurrences that were missed (misfire.ts).
 */
import { type Fields, listOf, numberOf, textOf } from '../content/loose.ts';
import { dayOf, instantOf, onDay, readDay, type Wall, wallOf } from './wall-clock.ts';

export type Rule = {
  readonly every: 'daily' | 'weekly' | 'monthly';
  readonly repeatEvery: number;
  /** Weekly only, 0 = Sunday; none means the anchor's weekday. */
  readonly days: readonly number[];
  /** `YYYY-MM-DD` in the job's zone, inclusive. */
  readonly endDate?: string;
};

export type RuleRead = { readonly kind: 'rule'; readonly rule: Rule } | Unreadable;
type Unreadable = { readonly kind: 'unreadable'; readonly why: string };

const unreadable = (why: string): Unreadable => ({ kind: 'unreadable', why });
const isBlank = (value: unknown): boolean => value == null || (typeof value === 'string' && value.trim() === '');
const isWholeBetween = (low: number, high: number, value: number): boolean =>
  Number.isInteger(value) && value >= low && value <= high;

/** The fields of §2. What is there but makes no sense is refused: a guess would send at times nobody asked for. */
export function ruleOf(fields: Fields): RuleRead {
  const every = textOf(fields['repeatInterval']).trim();
  if (every !== 'daily' && every !== 'weekly' && every !== 'monthly')
    return unreadable('repeatInterval must be daily, weekly or monthly');
  const repeatEvery = isBlank(fields['repeatEvery']) ? 1 : numberOf(fields['repeatEvery']);
  if (!isWholeBetween(1, 365, repeatEvery)) return unreadable('repeatEvery must be a whole number from 1 to 365');
  const days = every === 'weekly' ? listOf(fields['daysOfWeek'])?.map(numberOf) : [];
  if (!days?.every((day) => isWholeBetween(0, 6, day))) return unreadable('daysOfWeek must list numbers from 0 to 6');
  const rule: Rule = { every, repeatEvery, days: [...new Set(days)].sort((a, b) => a - b) };
  if (isBlank(fields['endDate'])) return { kind: 'rule', rule };
  // A date column may come with a time of day behind it, which says nothing.
  const endDate = textOf(fields['endDate'])
    .trim()
    .replace(/[T ].*$/s, '');
  if (readDay(endDate) === undefined) return unreadable('endDate must be a date, YYYY-MM-DD');
  return { kind: 'rule', rule: { ...rule, endDate } };
}

/** The dates of a series, as days since 1970, in order. */
type Dates = {
  /** The date of occurrence `index`, 0 being the anchor. */
  at(index: number): number;
  /** An index whose date is on or before `day`, and near it; may be negative. */
  near(day: number): number;
};

function datesOf(rule: Rule, anchor: Wall): Dates {
  switch (rule.every) {
    case 'daily': {
      const first = dayOf(anchor);
      const step = rule.repeatEvery;
      return { at: (index) => first + index * step, near: (day) => Math.floor((day - first) / step) };
    }
    case 'weekly':
      return weeklyDates(rule, dayOf(anchor));
    case 'monthly':
      return monthlyDates(rule.repeatEvery, anchor);
  }
}

function weeklyDates({ repeatEvery, days }: Rule, first: number): Dates {
  const own = fromMonday(first);
  const monday = first - own;
  const listed = (days.length === 0 ? [own] : days.map((day) => (day + 6) % 7)).sort((a, b) => a - b);
  // Occurrences are the listed days counted from the anchor's week on. Those before the anchor are left out, and an
  // anchor that is not listed stands in for the last of them.
  const skipped = listed.filter((day) => day < own).length - (listed.includes(own) ? 0 : 1);
  const at = (index: number) => {
    if (index === 0) return first;
    const place = index + skipped;
    const week = Math.floor(place / listed.length);
    return monday + week * 7 * repeatEvery + (listed[place - week * listed.length] ?? 0);
  };
  const near = (day: number) => Math.floor((day - monday) / (7 * repeatEvery)) * listed.length - skipped - 1;
  return { at, near };
}

/** Days since Monday; 1970-01-01 was a Thursday. */
const fromMonday = (day: number): number => (((day + 3) % 7) + 7) % 7;

function monthlyDates(repeatEvery: number, anchor: Wall): Dates {
  const first = anchor.year * 12 + anchor.month - 1;
  const at = (index: number) => {
    const month = first + index * repeatEvery;
    const start = dayOf({ year: Math.floor(month / 12), month: (month % 12) + 1, day: 1 });
    const next = dayOf({ year: Math.floor((month + 1) / 12), month: ((month + 1) % 12) + 1, day: 1 });
    return Math.min(start + anchor.day, next) - 1;
  };
  const near = (day: number) => {
    const { year, month } = onDay(day, anchor);
    return Math.floor((year * 12 + month - 1 - first) / repeatEvery) - 1;
  };
  return { at, near };
}

const lastDayOf = ({ endDate }: Rule): number =>
  endDate === undefined ? Number.POSITIVE_INFINITY : (readDay(endDate) ?? Number.NEGATIVE_INFINITY);

/** The first occurrence strictly after an instant; undefined when the series is over by then. */
export function occurrenceAfter(rule: Rule, anchor: Wall, zone: string, after: number): number | undefined {
  const dates = datesOf(rule, anchor);
  const last = lastDayOf(rule);
  // A gap can put an occurrence on the next date, never further.
  for (let index = Math.max(0, dates.near(dayOf(wallOf(after, zone)) - 1)); ; index += 1) {
    const day = dates.at(index);
    if (day > last) return undefined;
    const at = instantOf(onDay(day, anchor), zone);
    if (at > after) return at;
  }
}

/** The last occurrence at or before an instant; undefined when there was none yet. */
export function latestOccurrence(rule: Rule, anchor: Wall, zone: string, notAfter: number): number | undefined {
  const dates = datesOf(rule, anchor);
  const last = Math.min(lastDayOf(rule), dayOf(wallOf(notAfter, zone)) + 1);
  let index = Math.max(0, dates.near(last));
  while (dates.at(index + 1) <= last) index += 1;
  for (; index >= 0; index -= 1) {
    const day = dates.at(index);
    if (day > last) continue;
    const at = instantOf(onDay(day, anchor), zone);
    if (at <= notAfter) return at;
  }
  return undefined;
}

/** A description for people (§2); nothing is ever scheduled by it. */
export function cronOf(rule: Rule, anchor: Wall): string {
  const time = `${anchor.minute} ${anchor.hour}`;
  switch (rule.every) {
    case 'daily':
      return `${time} * * *`;
    case 'weekly':
      return `${time} * * ${rule.days.length > 0 ? rule.days.join(',') : (fromMonday(dayOf(anchor)) + 1) % 7}`;
    case 'monthly':
      return `${time} ${anchor.day} * *`;
  }
}
