import { describe, expect, it } from 'vitest';
import { afterQuiet, quietHoursOf } from '../../../src/scheduler/quiet-hours.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);
const night = { from: '21:00', to: '08:00' };
const lunch = { from: '12:00', to: '13:30' };

describe('quiet hours', () => {
  it('are read from two times of the day', () => {
    expect(quietHoursOf({ from: '21:00', to: ' 08:00 ', more: 1 })).toEqual(night);
    expect(quietHoursOf('{"from":"12:00","to":"13:30"}')).toEqual(lunch);
    for (const nothing of [undefined, null, '', false, [], {}]) expect(quietHoursOf(nothing)).toBeUndefined();
  });

  it.each([
    ...['21:00-08:00', 5, true, ['21:00', '08:00'], { from: '21:00' }, { to: '08:00' }, { from: '9:00', to: '10:00' }],
    ...[
      { from: '08:00', to: '08:00' },
      { from: '24:00', to: '08:00' },
      { from: '21:60', to: '08:00' },
      { from: 21, to: 8 },
    ],
  ])('what makes no sense is refused: %j', (value) => {
    expect(quietHoursOf(value)).toBe('unreadable');
  });

  it.each([
    ['2026-06-01T20:59:59', '2026-06-01T20:59:59'],
    ['2026-06-01T21:00:00', '2026-06-02T08:00:00'],
    ['2026-06-02T00:00:00', '2026-06-02T08:00:00'],
    ['2026-06-02T07:59:59', '2026-06-02T08:00:00'],
    ['2026-06-02T08:00:00', '2026-06-02T08:00:00'],
    ['2026-12-31T23:30:00', '2027-01-01T08:00:00'],
  ])('over midnight: %s waits until %s', (from, until) => {
    expect(afterQuiet(utc(from), night, 'UTC')).toBe(utc(until));
  });

  it.each([
    ['2026-06-01T11:59:59', '2026-06-01T11:59:59'],
    ['2026-06-01T12:00:00', '2026-06-01T13:30:00'],
    ['2026-06-01T13:30:00', '2026-06-01T13:30:00'],
  ])('within a day: %s waits until %s', (from, until) => {
    expect(afterQuiet(utc(from), lunch, 'UTC')).toBe(utc(until));
  });

  it('S-55 are those of the zone', () => {
    expect(afterQuiet(utc('2026-06-01T12:30:00'), night, 'Asia/Tokyo')).toBe(utc('2026-06-01T23:00:00'));
    expect(afterQuiet(utc('2026-06-01T12:30:00'), night, 'Europe/Berlin')).toBe(utc('2026-06-01T12:30:00'));
  });

  it('S-42 end after a gap, and in an overlap with the first pass: never before the instant itself', () => {
    const small = { from: '00:00', to: '02:30' };
    expect(afterQuiet(utc('2026-03-29T00:30:00'), small, 'Europe/Berlin')).toBe(utc('2026-03-29T01:00:00'));
    const secondPass = utc('2026-10-25T01:10:00');
    expect(afterQuiet(secondPass, small, 'Europe/Berlin')).toBe(secondPass);
    expect(afterQuiet(utc('2026-10-24T23:00:00'), small, 'Europe/Berlin')).toBe(utc('2026-10-25T00:30:00'));
  });
});
