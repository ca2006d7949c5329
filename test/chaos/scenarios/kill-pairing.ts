/**
 * P3: `kill -9` while a number is being paired. A pairing that was complete is back without a QR; one that was not can
 * simply be made again. No half-made login is left that WhatsApp refuses (facts/loopback-whatsapp.md §15, last row).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import type { Verdict } from '../../helpers/audit.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { World } from '../../helpers/world.ts';
import type { Scenario } from '../scenario.ts';

export const killPairing: Scenario = {
  name: 'kill-pairing',
  shows: 'kill -9 during pairing by QR and by code: complete pairings come back alone, others can be made again',
  rounds: { short: 2, long: 16 },
  async run({ stage, random, rounds, say }): Promise<Verdict> {
    const { world } = stage;
    const bridge = await stage.bridge();
    const problems: string[] = [];
    let again = 0;
    for (let round = 1; round <= rounds; round += 1) {
      const phone = `49157${String(round).padStart(8, '0')}`;
      const by = round % 2 === 0 ? 'code' : 'qr';
      await world.addPhone(phone);
      await pair(world, bridge, phone, by);
      const pause = random.between(0, 1_500);
      await delay(pause);
      const reported = (await bridge.status(phone)).status === 'connected';
      await bridge.kill9();
      await bridge.restart();
      const alone = await connectedWithin(bridge, phone, 8_000);
      if (reported && !alone) problems.push(`a pairing reported as connected was lost (by ${by}, ${pause} ms)`);
      if (!alone) {
        again += 1;
        await world.unlink(phone);
        await pair(world, bridge, phone, by);
        if (!(await connectedWithin(bridge, phone, 20_000)))
          problems.push(`could not pair again (by ${by}, ${pause} ms)`);
      }
      say(
        `pairing ${round}/${rounds} by ${by}, killed ${pause} ms after the phone: ${alone ? 'back alone' : 'paired again'}`,
      );
    }
    const loggedOut = (await AppLog.ofAll(world).refresh())
      .statusWords()
      .filter(({ status }) => status === 'Logged Out');
    if (loggedOut.length > 0) problems.push(`${loggedOut.length} numbers were reported as Logged Out`);
    return { counts: { 'pairings killed': rounds, 'back alone': rounds - again, 'paired again': again }, problems };
  },
};

/** Returns when the phone has accepted; the bridge then still has to finish. */
async function pair(world: World, bridge: Bridge, phone: string, by: 'qr' | 'code'): Promise<void> {
  if (by === 'qr') await world.scan(phone, await bridge.qr(phone));
  else await world.enterCode(phone, await bridge.pairingCode(phone));
}

async function connectedWithin(bridge: Bridge, phone: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  return eventually(
    async () => {
      if ((await bridge.status(phone)).status === 'connected') return 'yes';
      return performance.now() > deadline ? 'no' : undefined;
    },
    { what: 'a decision', withinMs: withinMs + 5_000 },
  ).then((answer) => answer === 'yes');
}
