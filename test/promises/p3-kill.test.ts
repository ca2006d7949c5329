import { describe } from 'vitest';
import { killAfterOnline } from '../chaos/scenarios/kill-after-online.ts';
import { kill } from '../chaos/scenarios/kill.ts';
import { restore } from '../chaos/scenarios/restore.ts';
import { whatsappDrops } from '../chaos/scenarios/whatsapp-drops.ts';
import { inTurn } from '../helpers/in-turn.ts';

describe('P3, contract README §9: kill -9 at any instant never corrupts a pairing and never causes a QR', () => {
  // Fewer at once than there are numbers, so that a restore takes more than one go.
  inTurn([kill, restore, killAfterOnline, whatsappDrops], 3, { RESTORE_CONCURRENCY: '2' });
});
