import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { appAway } from '../chaos/scenarios/app-away.ts';
import { inboundFaults } from '../chaos/scenarios/inbound-faults.ts';

describe('P5: inbound messages reach the app at least once, in order per conversation', () => {
  it.each([inboundFaults, appAway])('$name: $shows', async (scenario) => {
    expect((await inShort(scenario)).problems).toEqual([]);
  });
});
