import { describe } from 'vitest';
import { killCloudSend } from '../chaos/scenarios/kill-cloud-send.ts';
import { throttledCloud } from '../chaos/scenarios/throttled-cloud.ts';
import { tokenRotation } from '../chaos/scenarios/token-rotation.ts';
import { inTurn } from '../helpers/in-turn.ts';

describe('P6 through Meta and Twilio: no message lost, none doubled', () => {
  inTurn([tokenRotation, throttledCloud, killCloudSend], 0);
});
