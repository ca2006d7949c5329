import { describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { sleep } from '../../../src/clock.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

describe('SimulatedTime', () => {
  it('steps through chained XState delays, each at its exact time (design/xstate.md §2.7)', () => {
    const clock = new SimulatedTime(0);
    const seen: [unknown, number][] = [];
    const chain = createMachine({
      initial: 'a',
      states: { a: { after: { 100: 'b' } }, b: { after: { 100: 'c' } }, c: { after: { 100: 'd' } }, d: {} },
    });
    const actor = createActor(chain, { clock });
    actor.subscribe((snapshot) => seen.push([snapshot.value, clock.now()]));
    actor.start();
    clock.advance(300);
    expect(seen).toEqual([
      ['a', 0],
      ['b', 100],
      ['c', 200],
      ['d', 300],
    ]);
    actor.stop();
    expect(clock.pending).toBe(0);
  });

  it('fires timers of the same instant in the order in which they were set, cleared ones never', () => {
    const clock = new SimulatedTime();
    const fired: string[] = [];
    clock.setTimeout(() => fired.push('late'), 20);
    clock.setTimeout(() => fired.push('first'), 10);
    clock.setTimeout(() => fired.push('second'), 10);
    clock.clearTimeout(clock.setTimeout(() => fired.push('cleared'), 10));
    expect(clock.nextIn()).toBe(10);
    clock.advance(15);
    expect(fired).toEqual(['first', 'second']);
  });

  it('advanceAsync lets promises set their next timer', async () => {
    const clock = new SimulatedTime(0);
    let wokenAt = 0;
    const twice = async () => {
      await sleep(clock, 50);
      await sleep(clock, 50);
      wokenAt = clock.now();
    };
    const done = twice();
    await clock.advanceAsync(200);
    await done;
    expect(wokenAt).toBe(100);
  });
});
