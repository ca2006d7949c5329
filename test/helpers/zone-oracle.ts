/**
 * A second opinion on wall clocks that shares nothing with the bridge's: it only ever asks `Intl.DateTimeFormat` what a
 * clock shows, and states the rule of contract schedules §5 in one sentence: the instant of a wall time is the first at
 * which the clock shows that much or more. In a gap that is the jump, in an overlap the first pass.
 *
 * `ZoneOracle` looks once a week for changes and is quick enough for every zone; `scan` walks minute by minute and checks it.
 */

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;

/** From `since` on the clock is `offset` ms ahead of UTC. */
type Span = { readonly since: number; readonly offset: number };
export type Change = { readonly at: number; readonly before: number; readonly after: number };

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clock shows, written as if it were UTC. */
export function shown(at: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    const numbers = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...numbers, second: '2-digit' });
    formats.set(zone, format);
  }
  // 03/08/2026, 02:30:00
  const [month, day, year, hour, minute, second] = format.format(at).split(/\D+/).map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, second);
}

export class ZoneOracle {
  readonly changes: readonly Change[];
  readonly #spans: readonly Span[];

  /** Knows the zone from a week before `from` to a week after `to`. */
  constructor(zone: string, from: number, to: number) {
    const offsetAt = (at: number) => shown(at, zone) - at;
    const spans: Span[] = [{ since: Number.NEGATIVE_INFINITY, offset: offsetAt(from - WEEK) }];
    const changes: Change[] = [];
    for (let at = from - WEEK; at <= to + WEEK; at += WEEK) {
      const before = offsetAt(at);
      const after = offsetAt(at + WEEK);
      if (before === after) continue;
      let [low, high] = [at, at + WEEK];
      while (high - low > SECOND) {
        const middle = low + Math.floor((high - low) / 2 / SECOND) * SECOND;
        if (offsetAt(middle) === before) low = middle;
        else high = middle;
      }
      spans.push({ since: high, offset: after });
      changes.push({ at: high, before, after });
    }
    this.#spans = spans;
    this.changes = changes;
  }

  instantOf(naive: number): number {
    for (const [index, { since, offset }] of this.#spans.entries()) {
      const at = Math.max(since, naive - offset);
      if (at < (this.#spans[index + 1]?.since ?? Number.POSITIVE_INFINITY)) return at;
    }
    throw new Error('the last span has no end');
  }
}

/** The same by walking: from 16 hours earlier, where no clock is, minute by minute; whole minutes only. */
export function scan(naive: number, zone: string): number {
  for (let at = naive - 16 * HOUR; ; at += MINUTE) if (shown(at, zone) >= naive) return at;
}

export const ALL_ZONES: readonly string[] = Intl.supportedValuesOf('timeZone');

/** The fields of a naive time as the bridge takes them. */
export function wallFrom(naive: number) {
  const date = new Date(naive);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  return { year, month, day, hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() };
}
