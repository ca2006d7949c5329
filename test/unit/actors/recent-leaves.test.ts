import { describe, expect, it } from 'vitest';
import { RecentLeaves } from '../../../src/actors/recent-leaves.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

describe('clients §11 groups left in the last 30 s by that workspace are hidden', () => {
  it('for that number and workspace only, and only that long', () => {
    const clock = new SimulatedTime();
    const leaves = new RecentLeaves(clock);
    leaves.left('5511987654321', '7', '1-2@g.us');
    clock.advance(29_999);
    expect(leaves.has('5511987654321', '7', '1-2@g.us')).toBe(true);
    expect(leaves.has('5511987654321', undefined, '1-2@g.us')).toBe(false);
    expect(leaves.has('5511987654321', '8', '1-2@g.us')).toBe(false);
    expect(leaves.has('5511987654322', '7', '1-2@g.us')).toBe(false);
    clock.advance(1);
    expect(leaves.has('5511987654321', '7', '1-2@g.us')).toBe(false);
  });
});
