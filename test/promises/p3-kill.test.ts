import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { killAfterOnline } from '../chaos/scenarios/kill-after-online.ts';
import { killPairing } from '../chaos/scenarios/kill-pairing.ts';
import { kill } from '../chaos/scenarios/kill.ts';
import { whatsappDrops } from '../chaos/scenarios/whatsapp-drops.ts';

describe('P3: kill -9 at any instant never corrupts a pairing and never causes a QR', () => {
  it.each([kill, killAfterOnline, killPairing, whatsappDrops])('$name: $shows', async (scenario) => {
    expect((await inShort(scenario)).problems).toEqual([]);
  });
});
