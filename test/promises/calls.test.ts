import { expect, it } from 'vitest';
import { calls } from '../chaos/scenarios/calls.ts';
import { inShort } from '../chaos/scenario.ts';

it(`calls: ${calls.shows} (V-01, V-02, V-05, V-08, V-34)`, async () => {
  const { counts, problems } = await inShort(calls);
  expect(problems, JSON.stringify(counts)).toEqual([]);
});
