import { scheduledJobs } from 'node-schedule';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { DueTimer } from '../../../src/scheduler/timer.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const LOOK = 5_000;
const DAY = 86_400_000;

/** Timers as they were set, and a reading that jumps: a clock that is put forward or back, a machine that slept. */
class JumpingClock implements Clock {
  readonly time = new SimulatedTime();
  ahead = 0;
  now = () => this.time.now() + this.ahead;
  setTimeout = (fn: () => void, ms: number) => this.time.setTimeout(fn, ms);
  clearTimeout = (timer: ReturnType<Clock['setTimeout']>) => this.time.clearTimeout(timer);
}

const lines: string[] = [];
const log = createLog({ level: 'info', stream: { write: (line) => lines.push(line) } });
const stops: (() => void)[] = [];

function timerOn(clock: Clock, work: () => void | Promise<void> = () => {}) {
  const fired: number[] = [];
  const onDue = () => {
    fired.push(clock.now());
    return work();
  };
  const timer = new DueTimer({ clock, onDue, log });
  stops.push(() => timer.stop());
  return { timer, fired };
}

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.useRealTimers();
  lines.length = 0;
});

describe('the timer of the scheduler', () => {
  it('T1 S-45 fires at the instant, not a millisecond early, and once', () => {
    const clock = new SimulatedTime();
    const { timer, fired } = timerOn(clock);
    const due = clock.now() + 7 * DAY + 123;
    timer.arm(due);
    clock.advance(7 * DAY + 122);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual([due]);
    clock.advance(DAY);
    expect(fired).toEqual([due]);
    expect(clock.pending).toBe(0);
  });

  it('the last arming counts, and undefined is none', () => {
    const clock = new SimulatedTime();
    const { timer, fired } = timerOn(clock);
    const start = clock.now();
    timer.arm(start + 10_000);
    timer.arm(start + 3_000);
    clock.advance(3_000);
    expect(fired).toEqual([start + 3_000]);
    timer.arm(start + 20_000);
    timer.arm(undefined);
    clock.advance(DAY);
    expect(fired).toEqual([start + 3_000]);
    timer.arm(start);
    clock.advance(0);
    expect(fired).toHaveLength(2);
  });

  it('T2 S-44 notices a clock that was put forward and a machine that slept, within its look', () => {
    const clock = new JumpingClock();
    const { timer, fired } = timerOn(clock);
    const due = clock.now() + DAY;
    timer.arm(due);
    clock.time.advance(60_000);
    clock.ahead = 2 * DAY;
    clock.time.advance(LOOK);
    expect(fired).toHaveLength(1);
    expect(fired[0]).toBeGreaterThanOrEqual(due);
  });

  it.each([60_000, 20])('T1 waits on when the clock was put back by %i ms', (back) => {
    const clock = new JumpingClock();
    const { timer, fired } = timerOn(clock);
    const due = clock.now() + 20_000;
    timer.arm(due);
    clock.ahead = -back;
    clock.time.advance(20_000 + back - 1);
    expect(fired).toEqual([]);
    clock.time.advance(1);
    expect(fired).toEqual([due]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken disk');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken disk'))],
  ])('T3 work that %s is logged and tried again', async (_how, failing) => {
    const clock = new SimulatedTime();
    let failures = 2;
    const { timer, fired } = timerOn(clock, () => (failures-- > 0 ? failing() : undefined));
    const due = clock.now() + 1_000;
    timer.arm(due);
    await clock.advanceAsync(DAY);
    expect(fired).toEqual([due, due + LOOK, due + 2 * LOOK]);
    expect(lines.filter((line) => line.includes('broken disk'))).toHaveLength(2);
  });

  it('after stop nothing fires, and nothing is armed by work under way', async () => {
    const clock = new SimulatedTime();
    const { timer, fired } = timerOn(clock, async () => {
      timer.stop();
      timer.arm(clock.now() + 1);
    });
    timer.arm(clock.now() + 1_000);
    await clock.advanceAsync(DAY);
    expect(fired).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

describe("on the machine's clock", () => {
  it('S-35 a date 60 days away comes once, at its instant', async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 2, 1) });
    const { timer, fired } = timerOn(systemClock);
    const due = Date.now() + 60 * DAY;
    timer.arm(due);
    vi.advanceTimersByTime(DAY / 24);
    expect(fired).toEqual([]);
    vi.setSystemTime(due - 60_000);
    vi.advanceTimersByTime(59_999);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual([due]);
    vi.advanceTimersByTime(400 * DAY);
    expect(fired).toEqual([due]);
    timer.arm(Date.now() + DAY);
    timer.arm(undefined);
    expect(scheduledJobs).toEqual({});
    expect(vi.getTimerCount()).toBe(0);
  });

  it('T1 S-45 real time: never early, at most a moment late', async () => {
    for (let n = 0; n < 10; n += 1) {
      const { timer, fired } = timerOn(systemClock);
      const due = Date.now() + 20 + n * 7;
      timer.arm(due);
      await vi.waitFor(() => expect(fired).toHaveLength(1), { timeout: 4_000, interval: 5 });
      expect(fired[0]).toBeGreaterThanOrEqual(due);
    }
  });

  it('S-44 a blocked event loop delays the work and does not lose or double it', async () => {
    const { timer, fired } = timerOn(systemClock);
    const due = Date.now() + 50;
    timer.arm(due);
    while (Date.now() < due + 250);
    expect(fired).toEqual([]);
    await vi.waitFor(() => expect(fired).toHaveLength(1), { timeout: 4_000, interval: 5 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(fired).toHaveLength(1);
  });

  it('a date that has passed is due at once', async () => {
    const { timer, fired } = timerOn(systemClock);
    timer.arm(Date.now() - DAY);
    await vi.waitFor(() => expect(fired).toHaveLength(1), { timeout: 4_000, interval: 5 });
  });
});
