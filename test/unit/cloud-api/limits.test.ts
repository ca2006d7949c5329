/** facts/cloud-api.md §7 in simulated time. */
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/actors/engines/cloud-api/limits.ts';
import type { Clock } from '../../../src/clock.ts';

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

describe('Cloud API limits', () => {
  it('CL2 45 to one recipient at once, then one in 6 s', async () => {
    const clock = waited();
    const limits = new Limits({ clock, perSecond: 1_000, random: () => 0 });
    const begun = clock.now();
    for (let n = 0; n < 45; n += 1) await limits.turn(sender, begun + 3_600_000);
    const burst = clock.now() - begun;
    for (let n = 0; n < 10; n += 1) await limits.turn(sender, begun + 3_600_000);
    expect(burst).toBeLessThan(1_000);
    expect(clock.now() - begun).toBeGreaterThan(59_000);
  });

  it('CL3 who cannot leave before the deadline hears so at once', async () => {
    const clock = waited();
    const limits = new Limits({ clock, perSecond: 1_000, random: () => 0 });
    limits.slowDown('slow number', sender);
    expect(await limits.turn(sender, clock.now() + 1_000)).toEqual({ kind: 'too late', waitMs: 2_000 });
  });

  it('CL4 holds double until a message is accepted, for what Meta spoke of only', async () => {
    const clock = waited();
    const limits = new Limits({ clock, perSecond: 1_000, random: () => 0 });
    const far = clock.now() + 3_600_000;
    expect(limits.slowDown('slow recipient', sender)).toBe(1_000);
    expect(await limits.turn({ ...sender, recipient: '50' }, clock.now() + 1)).toEqual({ kind: 'now' });
    await limits.turn(sender, far);
    expect(limits.slowDown('slow recipient', sender)).toBe(4_000);
    await limits.turn(sender, far);
    await limits.turn({ ...sender, recipient: '50' }, far);
    limits.slowDown('slow account', { ...sender, number: '2' });
    expect(await limits.turn(sender, clock.now() + 1_000)).toMatchObject({ kind: 'too late' });
  });
});
