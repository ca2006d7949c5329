import { describe } from 'vitest';
import { inboundFaults } from '../chaos/scenarios/inbound-faults.ts';
import { killPairing } from '../chaos/scenarios/kill-pairing.ts';
import { secondProcess } from '../chaos/scenarios/second-process.ts';
import { secrets } from '../chaos/scenarios/secrets.ts';
import { sigterm } from '../chaos/scenarios/sigterm.ts';
import { inTurn } from '../helpers/in-turn.ts';

describe('P3, P4, P5, P11 and the shutdown of contract README §9, in the life of one bridge', () => {
  // `secrets` searches the log of all before it, and leaves the bridge stopped.
  inTurn([inboundFaults, sigterm, secondProcess, killPairing, secrets], 3);
});
