import { beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../helpers/audit.ts';
import { type Scenario, sideBySide } from '../chaos/scenario.ts';
import { killAfterOnline } from '../chaos/scenarios/kill-after-online.ts';
import { killPairing } from '../chaos/scenarios/kill-pairing.ts';
import { kill } from '../chaos/scenarios/kill.ts';
import { whatsappDrops } from '../chaos/scenarios/whatsapp-drops.ts';

const scenarios = [kill, killAfterOnline, killPairing, whatsappDrops];

describe('P3: kill -9 at any instant never corrupts a pairing and never causes a QR', () => {
  let verdict: (scenario: Scenario) => Promise<Verdict>;
  beforeAll(() => {
    verdict = sideBySide(scenarios);
  });

  it.each(scenarios)('$name: $shows', async (scenario) => {
    expect((await verdict(scenario)).problems).toEqual([]);
  });
});
