/**
 * P5: the app is away for 20 s, and for 12 h by the bridge's own clock; afterwards every message reaches it, in order.
 *
 * The 12 h are made inside the real process: a preload moves its `Date.now()` forward hour by hour (moved-clock.ts).
 * Half-way the bridge is killed, so that the second half is waited by a restarted process.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit, type Verdict } from '../../helpers/audit.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { MovedClock } from '../../helpers/moved-clock.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Run, type Scenario, together } from '../scenario.ts';

const MESSAGES = 200;
const HOURS = 12;
/** The longest pause between two attempts is 5 min and a fifth (contract README §3.1). */
const LONGEST_RETRY_MS = 360_000;

export const appAway: Scenario = {
  name: 'app-away',
  shows: 'the app is away for 20 s and for 12 simulated hours: all 200 messages reach it in order',
  rounds: { short: 1, long: 1 },
  async run(run) {
    const { stage, say, form } = run;
    const clock = new MovedClock(`${stage.dir}/clock`);
    const phones = await stage.world.pairedFixtures(2, `${stage.dir}/bridge/legacy`);
    // Signed at the bridge's own time, which the app would not believe.
    const bridge = await stage.bridge({ preload: [clock.preload], env: { ...clock.env, CALLBACK_SIGNING_SECRET: '' } });
    await bridge.allConnected(phones, 30_000);

    const seconds = form === 'short' ? 3 : 20;
    say(`the app is away for ${seconds} s`);
    const short = await whileAway(run, bridge, phones, () => delay(seconds * 1000));
    if (form === 'short') return short;

    say(`the app is away for ${HOURS} h by the bridge's clock`);
    const long = await whileAway(run, bridge, phones, async () => {
      for (let hour = 1; hour <= HOURS; hour += 1) {
        clock.set(hour, bridge.process);
        if (hour === HOURS / 2) {
          await bridge.kill9();
          await bridge.restart();
        }
        await delay(500);
      }
    });
    return together(short, long);
  },
};

async function whileAway(
  { stage, random, say }: Run,
  bridge: Bridge,
  phones: readonly string[],
  away: () => Promise<void>,
): Promise<Verdict> {
  const { world } = stage;
  const appLog = await AppLog.fromNow(world);
  const traffic = new Traffic({ world, bridge, numbers: phones, random, directions: 'in' });
  await world.appMode('down');
  for (let n = 0; n < MESSAGES; n += 1) {
    const conversation = traffic.conversations[n % traffic.conversations.length];
    if (conversation !== undefined) await traffic.inject(conversation);
  }
  await away();
  await world.appMode('ok');
  const from = performance.now();
  const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones, settleMs: LONGEST_RETRY_MS });
  say(`all settled ${((performance.now() - from) / 1000).toFixed(1)} s after the app came back`);
  return verdict;
}
