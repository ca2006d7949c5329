import { describe, expect, it } from 'vitest';
import { missed, overdue } from '../../../src/scheduler/misfire.ts';
import type { Rule } from '../../../src/scheduler/recurrence.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const GRACE = HOUR;
const anchor = { year: 2026, month: 6, day: 1, hour: 9, minute: 0, second: 0 };
const nine = (day: number) => Date.UTC(2026, 5, day, 9);
const daily: Rule = { every: 'daily', repeatEvery: 1, days: [] };
const after = (due: number, now: number, rule = daily, spread = 0) =>
  missed({ rule, anchor, zone: 'UTC', closesAt: (at) => at + spread }, due, now, GRACE);

describe('schedules §10: one-offs found late', () => {
  it('S-44 run when they are within the grace time, else are missed', () => {
    expect(overdue(nine(1), nine(1), GRACE)).toBe('run');
    expect(overdue(nine(1), nine(1) + GRACE, GRACE)).toBe('run');
    expect(overdue(nine(1), nine(1) + GRACE + 1, GRACE)).toBe('missed');
    expect(overdue(nine(1), nine(1) + 1, 0)).toBe('missed');
  });
});

describe('schedules §6: series after a stop', () => {
  it('only the latest missed occurrence runs, and only when it is young', () => {
    expect(after(nine(2), nine(5) + 10 * 60_000)).toEqual({ run: nine(5), missedCount: 3, next: nine(6) });
    expect(after(nine(2), nine(5) + 2 * HOUR)).toEqual({ run: undefined, missedCount: 4, next: nine(6) });
    expect(after(nine(2), nine(2))).toEqual({ run: nine(2), missedCount: 0, next: nine(3) });
  });

  it('S-55: an occurrence is young as long as the last of its recipients may still be sent', () => {
    const run = { run: nine(5), missedCount: 3, next: nine(6) };
    expect(after(nine(2), nine(5) + 8 * HOUR, daily, 7 * HOUR)).toEqual(run);
    expect(after(nine(2), nine(5) + 8 * HOUR + 1, daily, 7 * HOUR)).toMatchObject({ run: undefined, missedCount: 4 });
    // All of them were before the job's own hour: it is never older than that.
    expect(after(nine(2), nine(5) + HOUR, daily, -9 * HOUR)).toEqual(run);
  });

  it('what is not due yet is only waited for', () => {
    expect(after(nine(2), nine(2) - 1)).toEqual({ run: undefined, missedCount: 0, next: nine(2) });
  });

  it('a series that ended meanwhile runs its last occurrence, or none', () => {
    const ended: Rule = { ...daily, endDate: '2026-06-03' };
    expect(after(nine(2), nine(3) + 5, ended)).toEqual({ run: nine(3), missedCount: 1, next: undefined });
    expect(after(nine(2), nine(3) + 9 * DAY, ended)).toEqual({ run: undefined, missedCount: 2, next: undefined });
  });

  it('a run asked for at an instant of its own counts as one', () => {
    const own = nine(2) + 7 * 60_000;
    expect(after(own, own + 60_000)).toEqual({ run: own, missedCount: 0, next: nine(3) });
    expect(after(own, nine(3) + 60_000)).toEqual({ run: nine(3), missedCount: 1, next: nine(4) });
  });
});
