import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../src/content/loose.ts';
import { cronOf, latestOccurrence, occurrenceAfter, type Rule, ruleOf } from '../../../src/scheduler/recurrence.ts';
import { isoWithOffset, readTime, type Wall } from '../../../src/scheduler/wall-clock.ts';

const rule = (every: Rule['every'], more: Partial<Rule> = {}): Rule => ({ every, repeatEvery: 1, days: [], ...more });

function wall(text: string): Wall {
  const read = readTime(text, 'UTC', 0);
  if (read.kind === 'unreadable') throw new Error(text);
  return read.wall;
}

/** The first occurrences as the zone's clock shows them. */
function series(of: Rule, anchor: string, zone: string, count: number): string[] {
  const found: string[] = [];
  let after = Date.UTC(2000, 0, 1);
  while (found.length < count) {
    const next = occurrenceAfter(of, wall(anchor), zone, after);
    if (next === undefined) return [...found, 'over'];
    found.push(isoWithOffset(next, zone));
    after = next;
  }
  return found;
}

const dates = (...args: Parameters<typeof series>) => series(...args).map((text) => text.replace(/T.*/, ''));

describe('schedules §6: series', () => {
  it('S-36 monthly on the 31st is clamped to each month and comes back to its day', () => {
    expect(dates(rule('monthly'), '2027-12-31 09:00', 'Europe/Berlin', 6)).toEqual([
      ...['2027-12-31', '2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30', '2028-05-31'],
    ]);
    expect(dates(rule('monthly'), '2026-01-29 09:00', 'UTC', 3)).toEqual(['2026-01-29', '2026-02-28', '2026-03-29']);
  });

  it('S-37 repeatEvery counts days, weeks and months', () => {
    expect(dates(rule('daily', { repeatEvery: 3 }), '2026-12-30 09:00', 'UTC', 3)).toEqual([
      ...['2026-12-30', '2027-01-02', '2027-01-05'],
    ]);
    // A Wednesday: its own week first, then every second one, weeks beginning on Monday.
    expect(dates(rule('weekly', { repeatEvery: 2, days: [0, 1, 3] }), '2026-06-03 09:00', 'UTC', 6)).toEqual([
      ...['2026-06-03', '2026-06-07', '2026-06-15', '2026-06-17', '2026-06-21', '2026-06-29'],
    ]);
    expect(dates(rule('monthly', { repeatEvery: 5 }), '2026-10-31 09:00', 'UTC', 3)).toEqual([
      ...['2026-10-31', '2027-03-31', '2027-08-31'],
    ]);
  });

  it("weekly without days is the anchor's weekday; an anchor on a day that is not listed still runs first", () => {
    expect(dates(rule('weekly'), '2026-06-04 09:00', 'UTC', 3)).toEqual(['2026-06-04', '2026-06-11', '2026-06-18']);
    expect(dates(rule('weekly', { days: [1, 5] }), '2026-06-04 09:00', 'UTC', 3)).toEqual([
      ...['2026-06-04', '2026-06-05', '2026-06-08'],
    ]);
    expect(dates(rule('weekly', { days: [1], repeatEvery: 3 }), '2026-06-04 09:00', 'UTC', 3)).toEqual([
      ...['2026-06-04', '2026-06-22', '2026-07-13'],
    ]);
  });

  it('S-38 nothing runs before the anchor, however many matching days lie before it', () => {
    const anchor = wall('2026-06-03 09:00');
    const first = Date.UTC(2026, 5, 3, 9);
    for (const every of ['daily', 'weekly', 'monthly'] as const) {
      const of = rule(every, { days: every === 'weekly' ? [0, 1, 2, 3, 4, 5, 6] : [] });
      expect(occurrenceAfter(of, anchor, 'UTC', Date.UTC(2020, 0, 1))).toBe(first);
      expect(occurrenceAfter(of, anchor, 'UTC', first - 1)).toBe(first);
      expect(occurrenceAfter(of, anchor, 'UTC', first)).toBeGreaterThan(first);
      expect(latestOccurrence(of, anchor, 'UTC', first - 1)).toBeUndefined();
      expect(latestOccurrence(of, anchor, 'UTC', first)).toBe(first);
    }
  });

  it("S-39 the end date is inclusive, in the job's zone", () => {
    const late = rule('daily', { endDate: '2026-06-05' });
    // 23:30 in New York is already the next day in UTC.
    expect(dates(late, '2026-06-03 23:30', 'America/New_York', 9)).toEqual([
      ...['2026-06-03', '2026-06-04', '2026-06-05', 'over'],
    ]);
    expect(dates(late, '2026-06-06 00:00', 'Asia/Tokyo', 9)).toEqual(['over']);
    expect(latestOccurrence(late, wall('2026-06-03 23:30'), 'America/New_York', Date.UTC(2030, 0, 1))).toBe(
      Date.UTC(2026, 5, 6, 3, 30),
    );
    expect(latestOccurrence(late, wall('2026-06-06 00:00'), 'Asia/Tokyo', Date.UTC(2030, 0, 1))).toBeUndefined();
  });

  it('S-42 one run a day over both changes of the clock, at the wall time', () => {
    expect(series(rule('daily'), '2026-03-07 02:30', 'America/New_York', 3)).toEqual([
      ...['2026-03-07T02:30:00-05:00', '2026-03-08T03:00:00-04:00', '2026-03-09T02:30:00-04:00'],
    ]);
    expect(series(rule('daily'), '2026-10-31 01:30', 'America/New_York', 3)).toEqual([
      ...['2026-10-31T01:30:00-04:00', '2026-11-01T01:30:00-04:00', '2026-11-02T01:30:00-05:00'],
    ]);
    // Greenland jumps over the last hour of a Saturday: that run is at midnight, not left out.
    expect(series(rule('daily'), '2026-03-27 23:30', 'America/Nuuk', 3)).toEqual([
      ...['2026-03-27T23:30:00-02:00', '2026-03-29T00:00:00-01:00', '2026-03-29T23:30:00-01:00'],
    ]);
  });

  it('W2 a series that starts in a gap goes on at the time that was written', () => {
    expect(series(rule('daily'), '2026-03-08 02:30', 'America/New_York', 2)).toEqual([
      ...['2026-03-08T03:00:00-04:00', '2026-03-09T02:30:00-04:00'],
    ]);
  });

  it('R2 two dates that begin at one instant are one occurrence', () => {
    // Samoa left out 30 December 2011.
    expect(series(rule('daily'), '2011-12-29 00:00', 'Pacific/Apia', 3)).toEqual([
      ...['2011-12-29T00:00:00-10:00', '2011-12-31T00:00:00+14:00', '2012-01-01T00:00:00+14:00'],
    ]);
  });

  it('R3 a series of a hundred years costs no more than a new one', () => {
    const old = wall('1926-01-31 09:00');
    const started = performance.now();
    for (let n = 0; n < 2_000; n += 1) occurrenceAfter(rule('daily'), old, 'UTC', Date.UTC(2026, 0, 1) + n * 60_000);
    // Walking it takes 36,500 steps each: minutes.
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('S-45 seconds of the anchor are kept', () => {
    expect(series(rule('daily'), '2026-06-03 09:00:37', 'UTC', 2)).toEqual([
      ...['2026-06-03T09:00:37+00:00', '2026-06-04T09:00:37+00:00'],
    ]);
  });
});

describe('schedules §2: fields', () => {
  it('reads numbers and lists as PHP writes them', () => {
    const fields = { repeatInterval: 'weekly', repeatEvery: '2', daysOfWeek: { 0: '5', 1: 1, 2: 5 }, endDate: null };
    expect(ruleOf(fields)).toEqual({ kind: 'rule', rule: { every: 'weekly', repeatEvery: 2, days: [1, 5] } });
    expect(ruleOf({ repeatInterval: 'weekly', daysOfWeek: '[0,6]', endDate: '2026-12-31T00:00:00.000000Z' })).toEqual({
      kind: 'rule',
      rule: { every: 'weekly', repeatEvery: 1, days: [0, 6], endDate: '2026-12-31' },
    });
  });

  it('S-37 repeatEvery is 1 when it is missing; days count for weekly series only', () => {
    for (const repeatEvery of [undefined, null, ''])
      expect(ruleOf({ repeatInterval: 'daily', repeatEvery, daysOfWeek: 'nonsense', endDate: '' })).toEqual({
        kind: 'rule',
        rule: { every: 'daily', repeatEvery: 1, days: [] },
      });
  });

  const refused: readonly (readonly [Fields, string])[] = [
    [{}, 'repeatInterval'],
    [{ repeatInterval: 'hourly' }, 'repeatInterval'],
    [{ repeatInterval: ['daily'] }, 'repeatInterval'],
    ...[0, 366, 1.5, -1, 'two', true, {}].map(
      (repeatEvery) => [{ repeatInterval: 'daily', repeatEvery }, 'repeatEvery'] as const,
    ),
    ...[[7], [-1], [1.5], ['x'], [null], 'mon', 3, { a: 'b' }].map(
      (daysOfWeek) => [{ repeatInterval: 'weekly', daysOfWeek }, 'daysOfWeek'] as const,
    ),
    ...['2026-02-30', 'never', 20_261_231, {}].map(
      (endDate) => [{ repeatInterval: 'monthly', endDate }, 'endDate'] as const,
    ),
  ];
  it.each(refused)('refuses %j, and says which field', (fields, field) => {
    const read = ruleOf(fields);
    expect(read.kind === 'unreadable' ? read.why : 'read').toMatch(new RegExp(`^${field} must`));
  });

  it('the cron expression describes it', () => {
    const anchor = wall('2026-06-04 09:05:30');
    expect(cronOf(rule('daily'), anchor)).toBe('5 9 * * *');
    expect(cronOf(rule('weekly'), anchor)).toBe('5 9 * * 4');
    expect(cronOf(rule('weekly', { days: [0, 3] }), anchor)).toBe('5 9 * * 0,3');
    expect(cronOf(rule('monthly'), anchor)).toBe('5 9 4 * *');
  });
});
