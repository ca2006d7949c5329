/**
 * P3: WhatsApp drops every connection for the first 15 s after a start. No pairing is lost and none shows a QR: the
 * bundled bridge deleted every login whose first connection failed (design/yardsticks.md).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Scenario, together } from '../scenario.ts';

export const whatsappDrops: Scenario = {
  name: 'whatsapp-drops-15s',
  shows: 'WhatsApp drops every connection for 15 s at start: no pairing lost, what arrived meanwhile is delivered',
  rounds: { short: 1, long: 2 },
  async run({ stage, random, rounds, form, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(form === 'short' ? 3 : 5);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    const traffic = new Traffic({ world, bridge, numbers: phones, random });
    const dropMs = form === 'short' ? 3_000 : 15_000;
    for (let round = 1; round <= rounds; round += 1) {
      await bridge.kill9();
      await world.faults({ refuse: { ms: dropMs } });
      await bridge.restart();
      for (const conversation of traffic.conversations) await traffic.inject(conversation);
      await delay(dropMs);
      const from = performance.now();
      // Reconnect delays are at most 30 s (contract clients §6.2).
      await bridge.allConnected(phones, 40_000);
      say(
        `round ${round}/${rounds}: all ${phones.length} numbers back ${Math.round(performance.now() - from)} ms after the end`,
      );
    }
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    return together({ counts: { starts: rounds, 'ms of dropping': dropMs }, problems: [] }, verdict);
  },
};
