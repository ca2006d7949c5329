/** What a run waits for (contract settings §6). */
import { expect, it } from 'vitest';
import { Waits } from '../../../src/scheduler/waits.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 5, 1, 12);

it('WA1: the connection ends only the wait for it, and the longest of the others counts', () => {
  const time = new SimulatedTime(NOON);
  const waits = new Waits(time);
  waits.hold(NOON + 20 * MINUTE, 'the provider');
  waits.hold(NOON + 5 * MINUTE, 'a batch');
  waits.forConnection();
  expect([waits.until, waits.current?.why]).toEqual([NOON + 20 * MINUTE, 'the provider']);
  waits.connected();
  expect(waits.until).toBe(NOON + 20 * MINUTE);
  time.advance(20 * MINUTE);
  expect(waits.current).toBeUndefined();
});

it('WA2, S-26: ten minutes from when the number was first missed, however often it was looked for', () => {
  const time = new SimulatedTime(NOON);
  const waits = new Waits(time);
  waits.forConnection();
  time.advance(6 * MINUTE);
  waits.connected();
  waits.forConnection();
  expect([waits.until, waits.isOver()]).toEqual([NOON + 10 * MINUTE, false]);
  time.advance(4 * MINUTE);
  expect(waits.isOver()).toBe(true);
  waits.found();
  expect(waits.isOver()).toBe(false);
});

it('S-07: a day at the cap is no time without the number', () => {
  const time = new SimulatedTime(NOON);
  const waits = new Waits(time);
  waits.untilTomorrow('the daily cap');
  expect(waits.until).toBe(Date.UTC(2026, 5, 2));
  expect(waits.isOver()).toBe(false);
  time.advance(12 * 60 * MINUTE);
  expect(waits.isOver()).toBe(false);
  waits.forConnection();
  expect([waits.isOver(), waits.until]).toEqual([false, time.now() + 10 * MINUTE]);
});

it('WA3, S-44: a clock that is put back makes no wait longer than it was', () => {
  const clock = new SimulatedTime(NOON);
  const shift = { ms: 0 };
  const time = {
    now: () => clock.now() + shift.ms,
    setTimeout: clock.setTimeout.bind(clock),
    clearTimeout: clock.clearTimeout.bind(clock),
  };
  const waits = new Waits(time);
  waits.hold(NOON + 5 * MINUTE, 'a batch');
  waits.forConnection();
  clock.advance(2 * MINUTE);
  shift.ms = -60 * MINUTE;
  expect([waits.current?.why, waits.until - time.now()]).toEqual(['the number is not connected', 10 * MINUTE]);
  waits.connected();
  expect(waits.until - time.now()).toBe(5 * MINUTE);
  clock.advance(5 * MINUTE);
  expect([waits.current, waits.isOver()]).toEqual([undefined, false]);
  clock.advance(5 * MINUTE);
  expect(waits.isOver()).toBe(true);
  // One that is set after it was put back counts from then.
  shift.ms -= 60 * MINUTE;
  waits.hold(time.now() + 7 * MINUTE, 'the provider');
  expect(waits.until - time.now()).toBe(7 * MINUTE);
});
