import { beforeAll, describe } from 'vitest';
import { shortForms } from '../chaos/scenario.ts';
import { killCloudSend } from '../chaos/scenarios/kill-cloud-send.ts';
import { throttledCloud } from '../chaos/scenarios/throttled-cloud.ts';
import { tokenRotation } from '../chaos/scenarios/token-rotation.ts';
import { sideBySide } from '../helpers/side-by-side.ts';

describe('P6 through Meta and Twilio: no message lost, none doubled', () => {
  const begin = sideBySide(shortForms([killCloudSend, throttledCloud, tokenRotation]));
  beforeAll(() => begin());
});
