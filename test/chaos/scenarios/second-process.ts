/**
 * P4 on one machine: a second bridge on the same folders refuses to start, whether the first one runs or is frozen
 * (SIGSTOP); the first one goes on untouched, and connections of one number never overlap. After a kill the folders
 * are free at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import type { Stage } from '../../helpers/stage.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { PAUSE, type Scenario, together } from '../scenario.ts';

const REFUSAL = /another process|already (in use|running)|in use by/i;

export const secondProcess: Scenario = {
  name: 'second-process',
  shows: 'a second bridge on the same folders refuses; the first, even when frozen for a while, stays the only one',
  rounds: { short: 1, long: 3 },
  async run({ stage, random, rounds, form, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(3);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    const traffic = new Traffic({ world, bridge, numbers: phones, random, pause: PAUSE[form] });
    const problems: string[] = [];
    traffic.start();
    for (let round = 1; round <= rounds; round += 1) {
      problems.push(...(await refuses(stage, bridge, 'beside a running owner')));
      say(`round ${round}/${rounds}: refused beside a running owner`);
      bridge.process.signal('SIGSTOP');
      problems.push(...(await refuses(stage, bridge, 'beside a frozen owner')));
      // Longer than WhatsApp's keep-alive in the long form: the frozen owner wakes up with dead connections.
      await delay(form === 'short' ? 1_000 : 45_000);
      bridge.process.signal('SIGCONT');
      say(`round ${round}/${rounds}: refused beside a frozen owner`);
      await bridge.allConnected(phones, 60_000);
    }
    const { pid } = bridge.process;
    if (bridge.process.exit !== undefined) problems.push(`the owner (${pid}) ended`);
    // In the short form other scenarios do that.
    if (form === 'long') {
      await bridge.kill9();
      await bridge.restart();
      say('after a kill the folders were free');
    }
    await traffic.stop();
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    return together({ counts: { 'second processes': 2 * rounds }, problems }, verdict);
  },
};

async function refuses(stage: Stage, owner: Bridge, when: string): Promise<string[]> {
  const second = await stage.launch({
    name: 'second',
    env: { AUTH_DIR: owner.authDir, DATA_DIR: owner.dataDir, LEGACY_AUTH_DIR: owner.legacyDir },
  });
  const { code, signal } = await second.process.ended(20_000);
  const said = second.process.tail();
  if (code === 0 || signal !== null) return [`${when}: ended with code ${code}, signal ${signal}`];
  return REFUSAL.test(said) ? [] : [`${when}: no clear error: ${said}`];
}
