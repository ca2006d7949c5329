/** Time that is lost: to a run before, to a stop, to a clock that was put back; and what a gap is (contract schedules §6, §11). */
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { NumberQueue } from '../../../src/scheduler/number-queue.ts';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { Stage } from './stage.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 09:00 there is 00:00 UTC. */
const TOKYO = '819012345678';
/** 09:00 there is 16:00 UTC in June. */
const LOS_ANGELES = '12135550100';
const local = (more: Fields = {}): Fields => ({
  ...{ scheduleId: 7, targetPhoneNumbers: [TOKYO, LOS_ANGELES], message: 'hello', timezone: 'UTC' },
  ...{ scheduleDateTime: '2026-06-02 09:00:00', recipientTimezones: true },
  recipientAttributes: { [LOS_ANGELES]: { timezone: 'America/Los_Angeles' } },
  ...more,
});
const daily = (more: Fields = {}): Fields => local({ repeatInterval: 'daily', ...more });
const hours = (stage: Stage): string[] =>
  stage.messages.map(({ to, at }) => `${to} ${new Date(at).toISOString().slice(8, 13)}`);

describe('recipients whose own hour is late (schedules §6, §11)', () => {
  it('S-43, S-55: a run that overlaps the next one makes its recipients wait, and leaves nobody out', async () => {
    const stage = new Stage();
    await stage.register('recurring', daily());
    await stage.run(1.5 * DAY - 1);
    expect(hours(stage)).toEqual([`${TOKYO} 02T00`, `${LOS_ANGELES} 02T16`]);
    stage.messages.length = 0;
    // At that pace the run of the 3rd ends at 04:00 of the 4th.
    stage.outcome = () => void (stage.pacing = { ...stage.pacing, gap: 28 * 3_600 });
    await stage.run(HOUR);
    stage.outcome = () => undefined;
    stage.pacing = { ...stage.pacing, gap: 3 };
    await stage.run(DAY);
    await stage.run(DAY);
    expect(hours(stage)).toEqual([
      `${TOKYO} 03T00`,
      `${LOS_ANGELES} 04T04`,
      `${TOKYO} 04T04`,
      `${LOS_ANGELES} 04T16`,
      `${TOKYO} 05T00`,
    ]);
    expect(stage.told('schedule recipient').filter(({ status }) => status === 'failed')).toEqual([]);
  });

  it('S-55: after a stop of days only those of today have missed it whose own hour has passed', async () => {
    const stage = new Stage();
    await stage.register('recurring', daily());
    await stage.run(1.5 * DAY);
    stage.messages.length = 0;
    stage.life.dead = true;
    await stage.run(2.5 * DAY);
    stage.restart();
    await stage.run(DAY - 1);
    // From the 5th, 12:00 on.
    expect(hours(stage)).toEqual([`${LOS_ANGELES} 05T16`, `${TOKYO} 06T00`]);
  });

  it('S-10, S-55: a series that is resumed between the hours of its recipients goes on with those still to come', async () => {
    const stage = new Stage();
    const { id } = await stage.register('recurring', daily());
    await stage.run(1.5 * DAY - HOUR);
    stage.messages.length = 0;
    await stage.settle(stage.jobs.order('pause', id));
    await stage.run(13 * HOUR);
    await stage.settle(stage.jobs.order('resume', id));
    await stage.run(DAY);
    expect(hours(stage)).toEqual([`${LOS_ANGELES} 03T16`, `${TOKYO} 04T00`]);
  });

  it('S-55: who was held over their hour is sent when the job goes on, as in a job without zones', async () => {
    const stage = new Stage();
    const { id } = await stage.register('bulk', local());
    await stage.settle(stage.life.scheduler.order('hold', id, 'not listed'));
    await stage.run(15 * HOUR);
    await stage.settle(stage.life.scheduler.order('release', id));
    await stage.run(DAY);
    expect(hours(stage)).toEqual([`${TOKYO} 02T03`, `${LOS_ANGELES} 02T16`]);
  });
});

describe('the pace of a number (settings §5)', () => {
  const queueAt = (start: number, gaps: () => number) => {
    const time = new SimulatedTime(start);
    const shift = { ms: 0 };
    const clock = {
      now: () => time.now() + shift.ms,
      setTimeout: time.setTimeout.bind(time),
      clearTimeout: time.clearTimeout.bind(time),
    };
    const steps: number[] = [];
    const queue = new NumberQueue(clock, createLog({ level: 'silent' }));
    const step = async () => {
      steps.push(time.now() - start);
      return true;
    };
    queue.add({ id: 'one', readyAt: () => 0, gapMs: gaps, step });
    const pass = async (ms: number) => {
      for (const end = time.now() + ms; time.now() < end; time.advance(500)) await new Promise(setImmediate);
    };
    return { queue, steps, shift, pass };
  };

  it('S-45: a clock that is put back holds no number for as long', async () => {
    const { queue, steps, shift, pass } = queueAt(10 * DAY, () => 3_000);
    await pass(4_000);
    expect(steps).toEqual([0, 3_000]);
    shift.ms = -HOUR;
    await pass(20_000);
    expect(steps.length).toBeGreaterThanOrEqual(6);
    await queue.stop();
  });

  it('PA1: the gaps of one job are as they were drawn, not the larger of two draws', async () => {
    const draws = [9_000, 1_000, 5_000, 2_000, 7_000, 1_000, 1_000];
    const { queue, steps, pass } = queueAt(10 * DAY, () => draws.shift() ?? 1_000);
    await pass(26_500);
    const between = steps.map((at, index) => at - (steps[index - 1] ?? 0)).slice(1);
    expect([
      [9_000, 1_000, 5_000, 2_000, 7_000],
      [1_000, 5_000, 2_000, 7_000, 1_000],
    ]).toContainEqual(between.slice(0, 5));
    await queue.stop();
  });
});
