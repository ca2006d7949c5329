import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { secondProcess } from '../chaos/scenarios/second-process.ts';

describe('P4: two processes never drive one number', () => {
  it(secondProcess.shows, async () => {
    expect((await inShort(secondProcess)).problems).toEqual([]);
  });
});
