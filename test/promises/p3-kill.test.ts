import { beforeAll, describe } from 'vitest';
import { shortForms } from '../chaos/scenario.ts';
import { killAfterOnline } from '../chaos/scenarios/kill-after-online.ts';
import { killPairing } from '../chaos/scenarios/kill-pairing.ts';
import { kill } from '../chaos/scenarios/kill.ts';
import { whatsappDrops } from '../chaos/scenarios/whatsapp-drops.ts';
import { sideBySide } from '../helpers/side-by-side.ts';

describe('P3: kill -9 at any instant never corrupts a pairing and never causes a QR', () => {
  const begin = sideBySide(shortForms([kill, killAfterOnline, killPairing, whatsappDrops]));
  beforeAll(() => begin());
});
