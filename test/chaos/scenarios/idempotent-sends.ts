/**
 * P6: `kill -9` during sends, the client repeats each one with its Idempotency-Key: at most one message per key.
 *
 * WhatsApp's acks are late, so that most kills fall between handing a stanza over and knowing that it was taken.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { eventually } from '../../helpers/eventually.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Scenario, together } from '../scenario.ts';

export const idempotentSends: Scenario = {
  name: 'idempotent-sends',
  shows: 'kill -9 during sends, the client repeats with its key: no message doubled, none lost',
  rounds: { short: 2, long: 20 },
  async run({ stage, random, rounds, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(3);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    await world.faults({ ack: { delayMs: 300 } });
    const traffic = new Traffic({ world, bridge, numbers: phones, random, directions: 'out', pause: [0, 30] });
    traffic.start();
    for (let round = 1; round <= rounds; round += 1) {
      const accepted = () => traffic.sent.filter((sent) => sent.outcome === 'accepted').length;
      const enough = accepted() + random.between(1, 12);
      await eventually(() => accepted() >= enough, { what: 'sends get through', withinMs: 60_000, everyMs: 5 });
      await delay(random.between(0, 300));
      const open = traffic.sent.filter((sent) => sent.outcome === 'open').length;
      await bridge.kill9();
      say(`kill ${round}/${rounds}: ${open} sends were without an answer`);
      await bridge.restart();
    }
    await traffic.stop();
    await world.faults({ clear: true });
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    return together({ counts: { kills: rounds }, problems: [] }, verdict);
  },
};
