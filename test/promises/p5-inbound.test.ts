import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { inboundFaults } from '../chaos/scenarios/inbound-faults.ts';

describe('P5: inbound messages reach the app at least once, in order per conversation', () => {
  it(inboundFaults.shows, async () => {
    expect((await inShort(inboundFaults)).problems).toEqual([]);
  });
});
