/**
 * Contract messages §1.4: a send that was answered `pending` is finished by the bridge under the id it answered, when
 * the connection turns out to be dead and also when the bridge is killed before it noticed.
 *
 * WhatsApp swallows the frames of a connection without closing it, so that a message is handed over and never arrives.
 */
import { z } from 'zod';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Scenario, together } from '../scenario.ts';

const pending = z.object({ pending: z.literal(true) });

export const pendingSends: Scenario = {
  name: 'pending-sends',
  shows: 'what was answered `pending` on a dead connection arrives once, also when the bridge is killed meanwhile',
  rounds: { short: 1, long: 3 },
  async run({ stage, random, rounds, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(2);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    const traffic = new Traffic({ world, bridge, numbers: phones, random, directions: 'out' });
    for (const conversation of traffic.conversations) await traffic.send(conversation);
    let answeredPending = 0;
    for (let round = 1; round <= rounds; round += 1) {
      for (const phone of phones) await world.closeNumber(phone, 'swallow');
      const sends = await Promise.all(traffic.conversations.map((conversation) => traffic.send(conversation)));
      const left = sends.filter(
        ({ answer = '' }) => pending.safeParse(JSON.parse(answer.replace(/^\d+ /, ''))).success,
      );
      answeredPending += left.length;
      say(`round ${round}/${rounds}: ${left.length} of ${sends.length} sends answered pending`);
      if (round % 2 === 0) {
        await bridge.kill9();
        await bridge.restart();
      }
      // A deaf connection is noticed by its keep-alive; then comes the reconnect delay.
      await bridge.allConnected(phones, 60_000);
    }
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones, settleMs: 90_000 });
    const problems = answeredPending > 0 ? [] : ['no send was answered pending: nothing was shown'];
    return together({ counts: { 'answered pending': answeredPending }, problems }, verdict);
  },
};
