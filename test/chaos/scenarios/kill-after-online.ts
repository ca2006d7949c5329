/**
 * P3: `kill -9` within 150 ms after numbers came online, when a login is rewritten after its reconnect. Multi-file
 * login state loses pairings here (design/yardsticks.md, last row).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { eventually } from '../../helpers/eventually.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Scenario, together } from '../scenario.ts';

const WINDOW_MS = 150;

export const killAfterOnline: Scenario = {
  name: 'kill-after-online',
  shows: 'kill -9 within 150 ms after coming online, 12 times with 10 numbers: no pairing lost',
  rounds: { short: 2, long: 12 },
  async run({ stage, random, rounds, form, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(form === 'short' ? 4 : 10);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    let inWindow = 0;
    for (let round = 1; round <= rounds; round += 1) {
      const from = Date.now();
      await bridge.kill9();
      await bridge.restart();
      // Which number triggers the kill changes, so that first and last ones are hit.
      const watched = random.pick(phones);
      const login = await eventually(
        async () => {
          const last = await world.lastLogin(watched);
          return last !== undefined && last.up && last.at > from && last;
        },
        { what: 'the number is online', withinMs: 20_000, everyMs: 2 },
      );
      await delay(random.between(0, WINDOW_MS - 50));
      await bridge.kill9();
      const after = Date.now() - login.at;
      if (after <= WINDOW_MS) inWindow += 1;
      say(`kill ${round}/${rounds}: ${after} ms after a number came online`);
      await bridge.restart();
    }
    await bridge.allConnected(phones, 30_000);
    // The keys must have survived as well, not only the login.
    const traffic = new Traffic({ world, bridge, numbers: phones, random, contactsPerNumber: 1 });
    for (const conversation of traffic.conversations) {
      await traffic.inject(conversation);
      await traffic.send(conversation);
    }
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    return together({ counts: { kills: rounds, [`kills within ${WINDOW_MS} ms`]: inWindow }, problems: [] }, verdict);
  },
};
