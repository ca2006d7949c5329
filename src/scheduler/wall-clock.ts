/**
 * Wall clocks and instants: the only calendar of the bridge (contract schedules §5). An instant is epoch milliseconds,
 * a `Wall` is what a clock in some zone shows.
 *
 * Invariants:
 *  W1  `instantOf` is the first instant at which the zone's clock shows the wall time or, where it jumps over it, more:
 *      in a spring gap the moment of the jump, in an autumn overlap the first pass.
 *  W2  What is read keeps the wall time that was written, also one in a gap: a series that starts there goes on at the
 *      time its author meant.
 *  W3  No text from outside throws, and none of it makes a cache grow without bound.
 *
 * Offsets come from luxon, which asks the time zone data of Node. They are kept per zone and day, because a look-up
 * costs more than all the rest; only days on which the clock changes are asked exactly.
 * Deliberately not here: series (recurrence.ts), whose zone counts (recipient-zone.ts).
 */
import { IANAZone } from 'luxon';

export type Wall = {
  readonly year: number;
  /** 1-12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
};

export type TimeRead =
  | { readonly kind: 'instant'; readonly at: number; readonly wall: Wall }
  | { readonly kind: 'unreadable'; readonly why: string };

export const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const DAYS_KEPT = 512;
const NAMES_KEPT = 2_000;

/** Three-letter names that ICU still knows beside those of IANA's list; some of them mean something else elsewhere. */
const ICU_ONLY =
  /^(ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST)$/i;
const NAME = /^(?!SystemV\/)[A-Za-z][A-Za-z0-9_+/-]{0,63}$/i;

/** The offsets of one zone, in milliseconds east of Greenwich. */
class Offsets {
  readonly #zone: IANAZone;
  readonly #days = new Map<number, number>();
  readonly #names = new Map<number, string>();

  constructor(name: string) {
    this.#zone = IANAZone.create(name);
  }

  at(instant: number): number {
    const day = Math.floor(instant / DAY_MS);
    const before = this.#atDay(day);
    return before === this.#atDay(day + 1) ? before : this.#exactly(instant);
  }

  /** `EST`, `GMT+2`: what English speakers call the zone at that time of the year. */
  nameAt(instant: number): string {
    const offset = this.at(instant);
    const kept = this.#names.get(offset);
    if (kept !== undefined) return kept;
    const name = this.#zone.offsetName(instant, { format: 'short', locale: 'en-US' }) ?? this.#zone.name;
    this.#names.set(offset, name);
    return name;
  }

  #atDay(day: number): number {
    const kept = this.#days.get(day);
    if (kept !== undefined) return kept;
    if (this.#days.size >= DAYS_KEPT) this.#days.clear();
    const offset = this.#exactly(day * DAY_MS);
    this.#days.set(day, offset);
    return offset;
  }

  #exactly(instant: number): number {
    return Math.round(this.#zone.offset(instant) * MINUTE_MS);
  }
}

/** By the name as it was written; undefined for what turned out to be none, which costs a millisecond to find out. */
const byName = new Map<string, Offsets | undefined>();
/** One for all the spellings of a zone, so that there are never more than zones. */
const byCanonicalName = new Map<string, Offsets>();

function offsetsIn(zone: string): Offsets | undefined {
  if (byName.has(zone)) return byName.get(zone);
  if (!NAME.test(zone) || ICU_ONLY.test(zone)) return undefined;
  const offsets = IANAZone.isValidZone(zone) ? canonical(zone) : undefined;
  if (byName.size >= NAMES_KEPT) byName.clear();
  byName.set(zone, offsets);
  return offsets;
}

function canonical(zone: string): Offsets {
  const name = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  const offsets = byCanonicalName.get(name) ?? new Offsets(name);
  byCanonicalName.set(name, offsets);
  return offsets;
}

function offsetsOf(zone: string): Offsets {
  const offsets = offsetsIn(zone);
  if (!offsets) throw new Error('a time zone was used that `isZone` does not know');
  return offsets;
}

/** IANA names and their links, in any case. Fixed offsets like `+02:00` are not among them. */
export const isZone = (zone: string): boolean => offsetsIn(zone) !== undefined;

/** The wall time as if it were UTC: calendar arithmetic without zones. */
const naiveOf = ({ year, month, day, hour, minute, second }: Wall): number =>
  Date.UTC(year, month - 1, day, hour, minute, second);

function wallOfNaive(naive: number): Wall {
  const date = new Date(naive);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

/** What the clock in `zone` shows at an instant. */
export const wallOf = (at: number, zone: string): Wall => wallOfNaive(at + offsetsOf(zone).at(at));

/** W1. */
export const instantOf = (wall: Wall, zone: string): number => firstInstant(naiveOf(wall), offsetsOf(zone));

/** No zone is a day away from Greenwich, and none changes its clock twice in two days. */
function firstInstant(naive: number, offsets: Offsets): number {
  const before = offsets.at(naive - DAY_MS);
  const after = offsets.at(naive + DAY_MS);
  const earlier = naive - Math.max(before, after);
  if (before === after || offsets.at(earlier) === Math.max(before, after)) return earlier;
  const later = naive - Math.min(before, after);
  if (offsets.at(later) === Math.min(before, after)) return later;
  return changeBetween(
    Math.floor(earlier / 1000),
    Math.ceil(later / 1000),
    (second) => offsets.at(second * 1000) === after,
  );
}

/** The first second after `low` for which `changed` holds; at `high` it does. Clocks change on whole seconds. */
function changeBetween(low: number, high: number, changed: (second: number) => boolean): number {
  if (high - low <= 1) return high * 1000;
  const middle = Math.floor((low + high) / 2);
  return changed(middle) ? changeBetween(low, middle, changed) : changeBetween(middle, high, changed);
}

const DATE = String.raw`(\d{4}-\d{2}-\d{2})`;
const TIME = String.raw`(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?`;
const WRITTEN = new RegExp(String.raw`^${DATE}(?:[T ]${TIME}(?: ?(Z|([+-])(\d{2}):?(\d{2})))?)?$`, 'i');

const NO_ZONE: TimeRead = { kind: 'unreadable', why: 'unknown time zone' };
const NO_TIME: TimeRead = { kind: 'unreadable', why: 'unreadable time' };

/** A time as the app writes it (§5). `undefined`, a field that is not there, is now; `null` is not. */
export function readTime(value: unknown, zone: string, now: number): TimeRead {
  const offsets = offsetsIn(zone);
  if (!offsets) return NO_ZONE;
  if (value === undefined) return { kind: 'instant', at: now, wall: wallOf(now, zone) };
  const written = typeof value === 'string' ? WRITTEN.exec(value.trim()) : null;
  if (!written) return NO_TIME;
  const [date = '', hour = '0', minute = '0', second = '0', fraction = '', offset] = written.slice(1);
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const wall: Wall = { year, month, day, hour: Number(hour), minute: Number(minute), second: Number(second) };
  const naive = naiveOf(wall) + Number(fraction.padEnd(3, '0').slice(0, 3));
  if (!isSameWall(wall, wallOfNaive(naive))) return NO_TIME;
  if (offset === undefined) return { kind: 'instant', at: firstInstant(naive, offsets), wall };
  const [sign, hours, minutes] = [written[7], Number(written[8] ?? 0), Number(written[9] ?? 0)];
  if (hours > 23 || minutes > 59) return NO_TIME;
  const east = (hours * 60 + minutes) * MINUTE_MS;
  const at = sign === '-' ? naive + east : naive - east;
  return { kind: 'instant', at, wall: wallOf(at, zone) };
}

/** 2026-02-30 and 25:00 roll over in the calendar, so that they come back as something else. */
const isSameWall = (a: Wall, b: Wall): boolean =>
  a.year === b.year &&
  a.month === b.month &&
  a.day === b.day &&
  a.hour === b.hour &&
  a.minute === b.minute &&
  a.second === b.second;

/** Days since 1970-01-01 of a calendar date. */
export const dayOf = ({ year, month, day }: Pick<Wall, 'year' | 'month' | 'day'>): number =>
  Date.UTC(year, month - 1, day) / DAY_MS;

/** That time of day on another date. */
export const onDay = (day: number, time: Wall): Wall => {
  const { year, month, day: date } = wallOfNaive(day * DAY_MS);
  return { ...time, year, month, day: date };
};

/** `YYYY-MM-DD` as a day; undefined for what is no date of the calendar. */
export function readDay(text: string): number | undefined {
  const read = /^\d{4}-\d{2}-\d{2}$/.test(text) ? readTime(text, 'UTC', 0) : NO_TIME;
  return read.kind === 'instant' ? read.at / DAY_MS : undefined;
}

const two = (value: number): string => String(value).padStart(2, '0');
const four = (value: number): string => String(value).padStart(4, '0');

/** `2026-03-05 09:07:00 AM UTC`, as the answers of registrations show a time (§1). */
export function longForm(at: number, zone: string): string {
  const { year, month, day, hour, minute, second } = wallOf(at, zone);
  const time = `${two(hour % 12 || 12)}:${two(minute)}:${two(second)} ${hour < 12 ? 'AM' : 'PM'}`;
  return `${four(year)}-${two(month)}-${two(day)} ${time} ${offsetsOf(zone).nameAt(at)}`;
}

/** `2026-03-05T09:07:00+00:00`: the wall clock of a zone with its offset. */
export function isoWithOffset(at: number, zone: string): string {
  const { year, month, day, hour, minute, second } = wallOf(at, zone);
  const offset = Math.trunc(offsetsOf(zone).at(at) / MINUTE_MS);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const east = `${offset < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`;
  return `${four(year)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${east}`;
}
