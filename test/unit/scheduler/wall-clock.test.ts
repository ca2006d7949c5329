import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  instantOf,
  isoWithOffset,
  isZone,
  longForm,
  readDay,
  readTime,
  wallOf,
} from '../../../src/scheduler/wall-clock.ts';

const NOW = Date.UTC(2026, 5, 1, 12, 0, 0, 250);
const utc = (text: string): number => Date.parse(`${text}Z`);

const at = (value: unknown, zone = 'UTC') => {
  const read = readTime(value, zone, NOW);
  return read.kind === 'instant' ? read.at : read.why;
};

describe('schedules §5: what a time means', () => {
  it.each([
    ['2026-07-01T10:00:00+00:00', 'Asia/Tokyo', '2026-07-01T10:00:00'],
    ['2026-07-01T10:00:00Z', 'Asia/Tokyo', '2026-07-01T10:00:00'],
    ['2026-07-01T10:00:00-05:30', 'UTC', '2026-07-01T15:30:00'],
    ['2026-07-01T10:00:00+0530', 'UTC', '2026-07-01T04:30:00'],
    ['2026-07-01 10:00+02:00', 'UTC', '2026-07-01T08:00:00'],
    ['2026-07-01T10:00:00.000000Z', 'UTC', '2026-07-01T10:00:00'],
    ['2026-07-01 10:00', 'Asia/Kolkata', '2026-07-01T04:30:00'],
    ['2026-07-01 10:00', 'Asia/Calcutta', '2026-07-01T04:30:00'],
    ['2026-07-01T10:00', 'America/New_York', '2026-07-01T14:00:00'],
    ['2026-07-01', 'America/Sao_Paulo', '2026-07-01T03:00:00'],
    [' 2026-07-01 10:00:00 ', 'UTC', '2026-07-01T10:00:00'],
  ])('%s in %s is %sZ', (value, zone, expected) => {
    expect(at(value, zone)).toBe(utc(expected));
  });

  it('S-45 seconds and fractions are kept', () => {
    expect(at('2026-07-01 10:00:37', 'Europe/Berlin')).toBe(utc('2026-07-01T08:00:37'));
    expect(at('2026-07-01T10:00:37.5Z')).toBe(utc('2026-07-01T10:00:37.500'));
    expect(at('2026-07-01 10:00:37.123456')).toBe(utc('2026-07-01T10:00:37.123'));
  });

  it('S-56 a field that is not there means now', () => {
    expect(readTime(undefined, 'Europe/Berlin', NOW)).toEqual({
      kind: 'instant',
      at: NOW,
      wall: { year: 2026, month: 6, day: 1, hour: 14, minute: 0, second: 0 },
    });
  });

  it.each([
    ...[null, '', '   ', 'soon', 'now', 0, 1_780_000_000, true, {}, [], ['2026-07-01']],
    ...['2026-02-30', '2026-13-01', '2026-00-10', '2026-07-01 24:00', '2026-07-01 10:60', '2026-07-01 10:00:60'],
    ...['2026-7-1', '26-07-01', '2026-07-01 10', '2026-07-01Z', '2026-07-01T10:00:00+25:00', '2026-07-01T10:00+01:75'],
    ...['2026-07-01T10:00:00 Europe/Berlin', '2026-07-01 10:00 AM', '0000-01-01', '+012026-07-01'],
  ])('garbage is refused: %j', (value) => {
    expect(at(value)).toBe('unreadable time');
  });

  it.each([
    '',
    'Mars/Olympus',
    '+02:00',
    'UTC+2',
    'GMT+2',
    'PST',
    'BST',
    'IST',
    'SystemV/PST8',
    '__proto__',
    'Europe/',
  ])('an unknown zone is refused, whatever the time: %j', (zone) => {
    for (const value of [undefined, '2026-07-01', '2026-07-01T10:00:00Z'])
      expect(at(value, zone)).toBe('unknown time zone');
  });

  it('S-42 a naive time in a spring gap is the first instant after it, and keeps what was written (W2)', () => {
    expect(readTime('2026-03-08 02:30', 'America/New_York', NOW)).toEqual({
      kind: 'instant',
      at: utc('2026-03-08T07:00:00'),
      wall: { year: 2026, month: 3, day: 8, hour: 2, minute: 30, second: 0 },
    });
    expect(at('2027-04-30 00:00', 'Africa/Cairo')).toBe(utc('2027-04-29T22:00:00'));
    expect(at('2026-10-04 02:15', 'Australia/Lord_Howe')).toBe(utc('2026-10-03T15:30:00'));
    expect(at('2026-03-28 23:30:15.5', 'America/Nuuk')).toBe(utc('2026-03-29T01:00:00'));
  });

  it('S-42 a naive time in an autumn overlap is the first pass', () => {
    expect(at('2026-11-01 01:30', 'America/New_York')).toBe(utc('2026-11-01T05:30:00'));
    expect(at('2026-10-25 02:30', 'Europe/Berlin')).toBe(utc('2026-10-25T00:30:00'));
    expect(at('2026-04-05 01:45', 'Australia/Lord_Howe')).toBe(utc('2026-04-04T14:45:00'));
  });

  it('S-35 a time near a change of the clock is its own instant, in its own year', () => {
    expect(at('2031-03-30 03:00', 'Europe/Berlin')).toBe(utc('2031-03-30T01:00:00'));
    expect(at('2031-03-30 01:59:59', 'Europe/Berlin')).toBe(utc('2031-03-30T00:59:59'));
    expect(at('2099-12-31 23:59', 'UTC')).toBe(utc('2099-12-31T23:59:00'));
  });

  it('an instant with an offset gets the wall time of the zone, on the second pass of an overlap too', () => {
    expect(readTime('2026-11-01T06:30:00Z', 'America/New_York', NOW)).toEqual({
      kind: 'instant',
      at: utc('2026-11-01T06:30:00'),
      wall: { year: 2026, month: 11, day: 1, hour: 1, minute: 30, second: 0 },
    });
  });
});

describe('zones', () => {
  it('IANA names and links are zones, in any case', () => {
    for (const zone of [
      'UTC',
      'Etc/GMT+5',
      'Asia/Calcutta',
      'Asia/Kolkata',
      'europe/berlin',
      'EST5EDT',
      'GMT',
      'PRC',
      'MST',
    ])
      expect(isZone(zone), zone).toBe(true);
  });

  it("every name in the system's own list is one", (context) => {
    const list = '/usr/share/zoneinfo/tzdata.zi';
    if (!existsSync(list)) context.skip('this system has no list of time zones');
    const names = readFileSync(list, 'utf8')
      .split('\n')
      .flatMap((line) => /^(?:Z (\S+)|L \S+ (\S+))/.exec(line)?.slice(1) ?? []);
    const refused = names.filter((name) => name !== undefined && name !== 'Factory' && !isZone(name));
    expect(names.length).toBeGreaterThan(500);
    expect(refused).toEqual([]);
  });

  it('a zone that nobody checked is a bug', () => {
    expect(() => wallOf(NOW, 'Mars/Olympus')).toThrow('isZone');
    expect(() => instantOf(wallOf(NOW, 'UTC'), '')).toThrow('isZone');
  });
});

describe('how a time is shown', () => {
  it("§1 scheduledFor: twelve hours, AM or PM, the zone's abbreviation", () => {
    expect(longForm(utc('2026-03-05T09:07:05'), 'UTC')).toBe('2026-03-05 09:07:05 AM UTC');
    expect(longForm(utc('2026-07-01T16:05:00'), 'America/New_York')).toBe('2026-07-01 12:05:00 PM EDT');
    expect(longForm(utc('2026-01-01T05:05:00'), 'America/New_York')).toBe('2026-01-01 12:05:00 AM EST');
    expect(longForm(utc('2026-07-01T16:05:00'), 'Asia/Kolkata')).toBe('2026-07-01 09:35:00 PM GMT+5:30');
  });

  it('ISO with offset', () => {
    expect(isoWithOffset(utc('2026-07-01T00:05:09'), 'UTC')).toBe('2026-07-01T00:05:09+00:00');
    expect(isoWithOffset(utc('2026-07-01T00:05:09'), 'Asia/Kolkata')).toBe('2026-07-01T05:35:09+05:30');
    expect(isoWithOffset(utc('2026-07-01T00:05:09'), 'America/St_Johns')).toBe('2026-06-30T21:35:09-02:30');
  });

  it('a day is a date of the calendar', () => {
    expect(readDay('1970-01-02')).toBe(1);
    expect(readDay('2024-02-29')).toBe(19_782);
    for (const text of ['2026-02-29', '2026-02-01 00:00', '', '2026-2-1']) expect(readDay(text), text).toBeUndefined();
  });
});
