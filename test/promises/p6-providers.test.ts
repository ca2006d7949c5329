import { beforeAll, describe, expect, it } from 'vitest';
import { type Scenario, sideBySide } from '../chaos/scenario.ts';
import { killCloudSend } from '../chaos/scenarios/kill-cloud-send.ts';
import { throttledCloud } from '../chaos/scenarios/throttled-cloud.ts';
import { tokenRotation } from '../chaos/scenarios/token-rotation.ts';
import type { Verdict } from '../helpers/audit.ts';

const scenarios = [killCloudSend, throttledCloud, tokenRotation];

describe('P6 through Meta and Twilio: no message lost, none doubled', () => {
  let verdict: (scenario: Scenario) => Promise<Verdict>;
  beforeAll(() => {
    verdict = sideBySide(scenarios);
  });

  it.each(scenarios)('$name: $shows', async (scenario) => {
    expect((await verdict(scenario)).problems).toEqual([]);
  });
});
