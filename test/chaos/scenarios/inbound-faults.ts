/**
 * P5: the app is down, answers 500, is slow, or cuts the connection in mid-answer, and the bridge is killed in each of
 * these (in the short form in the last one, after all); every injected message id reaches the app at least once, in order
 * per conversation without its repeats.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Scenario, together } from '../scenario.ts';

const MODES = ['500', 'cut', 'down', 'slow'] as const;
/** Rounds from one kill to the next. */
const KILL_EVERY = { short: 4, long: 1 };
const PAUSE = { short: [150, 600], long: [50, 300] } as const;

export const inboundFaults: Scenario = {
  name: 'inbound-faults',
  shows: 'the app down, answering 500, slow or cutting while the bridge is killed: no inbound message lost',
  rounds: { short: 4, long: 20 },
  async run({ stage, random, rounds, form, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(3);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    const pause = PAUSE[form];
    const traffic = new Traffic({ world, bridge, numbers: phones, random, directions: 'in', pause });
    let kills = 0;
    traffic.start();
    for (let round = 1; round <= rounds; round += 1) {
      const mode = MODES[(round - 1) % MODES.length] ?? 'cut';
      await bridge.allConnected(phones, 30_000);
      await world.appMode(mode, 300);
      await delay(random.between(300, 1_000));
      const isKilled = round % KILL_EVERY[form] === 0;
      if (isKilled) await bridge.kill9();
      await world.appMode('ok');
      if (!isKilled) continue;
      await bridge.restart();
      kills += 1;
      say(`kill ${kills}, round ${round}/${rounds}, app ${mode}: ${traffic.injected.length} messages injected`);
    }
    await traffic.stop();
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    return together({ counts: { kills }, problems: [] }, verdict);
  },
};
