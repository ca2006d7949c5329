import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { jobs } from '../chaos/scenarios/jobs.ts';

describe('P6, P8: broadcasts and campaigns on two engines', () => {
  it(jobs.shows, async () => {
    expect((await inShort(jobs)).problems).toEqual([]);
  });
});
