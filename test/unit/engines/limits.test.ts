/** facts/cloud-api.md §7 and facts/twilio.md §7 in simulated time. */
import { describe, expect, it } from 'vitest';
import { CLOUD_LIMITS } from '../../../src/actors/engines/cloud-api/create.ts';
import { Limits } from '../../../src/actors/engines/limits.ts';
import type { Clock } from '../../../src/clock.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

/** Time passes only by waiting for it. */
function waited(): Clock {
  let now = 1_000_000;
  return {
    now: () => now,
    setTimeout: (run, ms) => {
      now += ms;
      queueMicrotask(run);
      return { id: 0 };
    },
    clearTimeout: () => undefined,
  };
}
const sender = { number: '1', account: 'a', recipient: '49' };

describe('limits, with the figures of Cloud API', () => {
  it('CL2 45 to one recipient at once, then one in 6 s', async () => {
    const clock = waited();
    const limits = new Limits({ ...CLOUD_LIMITS, clock, perSecond: 1_000, random: () => 0 });
    const begun = clock.now();
    for (let n = 0; n < 45; n += 1) await limits.turn(sender, begun + 3_600_000);
    const burst = clock.now() - begun;
    for (let n = 0; n < 10; n += 1) await limits.turn(sender, begun + 3_600_000);
    expect(burst).toBeLessThan(1_000);
    expect(clock.now() - begun).toBeGreaterThan(59_000);
  });

  it('CL3 who cannot leave before the deadline hears so at once', async () => {
    const clock = waited();
    const limits = new Limits({ ...CLOUD_LIMITS, clock, perSecond: 1_000, random: () => 0 });
    limits.slowDown('slow number', sender, 0);
    expect(await limits.turn(sender, clock.now() + 1_000)).toEqual({ kind: 'too late', waitMs: 2_000, whom: 'number' });
  });

  it('CL3 who has to wait keeps 2 s for the answer; who does not may leave at the last moment', async () => {
    const clock = waited();
    const limits = new Limits({ ...CLOUD_LIMITS, clock, perSecond: 1_000, random: () => 0 });
    expect(await limits.turn(sender, clock.now() + 1)).toEqual({ kind: 'now' });
    limits.slowDown('slow number', sender, 0);
    expect(await limits.turn(sender, clock.now() + 4_000)).toEqual({ kind: 'too late', waitMs: 2_000, whom: 'number' });
    expect(await limits.turn(sender, clock.now() + 4_001)).toEqual({ kind: 'now' });
  });

  it('CL4 holds double until a message is accepted, for what Meta spoke of only', async () => {
    const clock = waited();
    const limits = new Limits({ ...CLOUD_LIMITS, clock, perSecond: 1_000, random: () => 0 });
    const far = clock.now() + 3_600_000;
    expect(limits.slowDown('slow recipient', sender, 0)).toBe(1_000);
    expect(await limits.turn({ ...sender, recipient: '50' }, clock.now() + 1)).toEqual({ kind: 'now' });
    await limits.turn(sender, far);
    expect(limits.slowDown('slow recipient', sender, 0)).toBe(4_000);
    await limits.turn(sender, far);
    await limits.turn({ ...sender, recipient: '50' }, far);
    limits.slowDown('slow account', { ...sender, number: '2' }, 0);
    expect(await limits.turn(sender, clock.now() + 1_000)).toMatchObject({ kind: 'too late' });
  });

  it('CL3, CL4 who waits is told: this recipient alone, or the number; an own pace of the pair counts like a hold', async () => {
    const clock = waited();
    const limits = new Limits({ ...CLOUD_LIMITS, clock, perSecond: 1_000, random: () => 0 });
    limits.slowDown('slow recipient', sender, 60_000);
    expect(await limits.turn(sender, clock.now() + 5_000)).toEqual({
      kind: 'too late',
      waitMs: 60_000,
      whom: 'recipient',
    });
    limits.slowDown('slow account', sender, 0);
    expect(await limits.turn(sender, clock.now() + 5_000)).toEqual({
      kind: 'too late',
      waitMs: 60_000,
      whom: 'number',
    });
    const other = { number: '2', account: 'b', recipient: '49' };
    for (let n = 0; n < 50; n += 1) await limits.turn(other, clock.now() + 600_000);
    expect(await limits.turn(other, clock.now() + 5_000)).toMatchObject({ kind: 'too late', whom: 'recipient' });
  });

  it('CL4 a Retry-After that is longer than the hold counts, also when it comes later', async () => {
    const clock = waited();
    const limits = new Limits({ ...CLOUD_LIMITS, clock, perSecond: 1_000, random: () => 0 });
    expect(limits.slowDown('slow number', sender, 7_000)).toBe(7_000);
    expect(limits.slowDown('slow number', sender, 3_000)).toBe(7_000);
    expect(limits.slowDown('slow number', sender, 9_000)).toBe(9_000);
  });

  it('CL4 CL5 what waited through a hold leaves at half the rate and not all at once; a minute later it doubles', async () => {
    const time = new SimulatedTime();
    const limits = new Limits({ ...CLOUD_LIMITS, clock: time, perSecond: 10, random: () => 0 });
    const begun = time.now();
    const left: number[] = [];
    const send = async (n: number) => {
      const turn = await limits.turn({ ...sender, recipient: String(n) }, begun + 3_600_000);
      expect(turn.kind).toBe('now');
      left.push(time.now() - begun);
    };
    const sends = Array.from({ length: 200 }, (_, n) => send(n));
    await time.advanceAsync(1_000);
    const before = left.length;
    expect(before).toBe(25);
    limits.slowDown('slow number', sender, 0);
    await time.advanceAsync(1_999);
    expect(left).toHaveLength(before);
    const perSecond = async () => {
      const count = left.length;
      await time.advanceAsync(1_000);
      return left.length - count;
    };
    await time.advanceAsync(1);
    for (let second = 0; second < 10; second += 1) expect(await perSecond()).toBe(5);
    await time.advanceAsync(60_000);
    await Promise.all(sends);
    expect(left).toHaveLength(200);
    for (const n of Array.from({ length: 100 }).keys()) void send(n);
    await time.advanceAsync(2_000);
    expect(await perSecond()).toBe(10);
  });

  it('CL4 a refused pair goes on with one in 6 s, others with all they have', async () => {
    const time = new SimulatedTime();
    const limits = new Limits({ ...CLOUD_LIMITS, clock: time, perSecond: 1_000, random: () => 0 });
    const begun = time.now();
    let left = 0;
    limits.slowDown('slow recipient', sender, 0);
    for (let n = 0; n < 5; n += 1) void limits.turn(sender, begun + 600_000).then(() => (left += 1));
    await time.advanceAsync(1_000);
    expect(left).toBe(1);
    await time.advanceAsync(12_000);
    expect(left).toBe(3);
    expect(await limits.turn({ ...sender, recipient: '50' }, time.now() + 1)).toEqual({ kind: 'now' });
  });
});
