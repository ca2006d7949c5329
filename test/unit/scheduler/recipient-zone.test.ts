import { describe, expect, it } from 'vitest';
import { zoneOf } from '../../../src/scheduler/recipient-zone.ts';
import { isoWithOffset } from '../../../src/scheduler/wall-clock.ts';

const JOB = 'Pacific/Chatham';

describe('schedules §11: whose clock counts (S-55)', () => {
  it('the zone written for the recipient comes first', () => {
    expect(zoneOf('4915112345678', 'America/New_York', JOB)).toBe('America/New_York');
    expect(zoneOf('4915112345678', ' Asia/Calcutta ', JOB)).toBe('Asia/Calcutta');
  });

  it.each([undefined, null, '', 'Berlin time', '+02:00', 7, {}, ['Asia/Tokyo']])(
    'a zone that is none counts as absent: %j',
    (own) => {
      expect(zoneOf('6591234567', own, JOB)).toBe('Asia/Singapore');
    },
  );

  it.each([
    ['4915112345678', 'Europe/Berlin'],
    ['+49 1511 2345678', 'Europe/Berlin'],
    ['919876543210', 'Asia/Kolkata'],
    ['447400123456', 'Europe/London'],
    ['971501234567', 'Asia/Dubai'],
    ['18765551234', 'America/Jamaica'],
    ['5491123456789', 'America/Argentina/Buenos_Aires'],
    ['393312345678', 'Europe/Rome'],
  ])('%s has the clock of %s', (phone, zone) => {
    for (const at of [Date.UTC(2026, 0, 15), Date.UTC(2026, 6, 15)])
      expect(isoWithOffset(at, zoneOf(phone, undefined, JOB))).toBe(isoWithOffset(at, zone));
  });

  it.each([
    ['14155550123', 'the United States'],
    ['5511987654321', 'Brazil'],
    ['551187654321', 'Brazil, an old number'],
    ['5215512345678', 'Mexico'],
    ['79161234567', 'Russia'],
    ['61412345678', 'Australia'],
    ['34612345678', 'Spain, with its islands'],
    ['6281234567890', 'Indonesia'],
    ['999123456', 'no country'],
    ['', 'nothing'],
    ['120363041234567890', 'a group'],
  ])("%s (%s) has the job's", (phone) => {
    expect(zoneOf(phone, undefined, JOB)).toBe(JOB);
  });
});
