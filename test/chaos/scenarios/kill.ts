/**
 * P3, P5, P6: `kill -9` at random moments of sending and receiving, over several numbers, with the app and WhatsApp
 * failing at random beside it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { Random } from '../../helpers/random.ts';
import { Traffic } from '../../helpers/traffic.ts';
import type { World } from '../../helpers/world.ts';
import { PAUSE, type Scenario, together } from '../scenario.ts';

const NUMBERS = { short: 3, long: 4 };
/** Of the rounds that have a fault beside the kill. */
const FAULT_PROBABILITY = 0.4;
/** Of the rounds that are killed without waiting for a connection. */
const DURING_START_PROBABILITY = 0.2;

export const kill: Scenario = {
  name: 'kill',
  shows: 'kill -9 at random moments of sending and receiving: no pairing, message or order lost, nothing doubled',
  rounds: { short: 2, long: 100 },
  async run({ stage, random, rounds, form, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(NUMBERS[form]);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    const traffic = new Traffic({ world, bridge, numbers: phones, random, pause: PAUSE[form] });
    const accepted = () => traffic.sent.filter((sent) => sent.outcome === 'accepted').length;
    traffic.start();
    let online = 0;
    for (let round = 1; round <= rounds; round += 1) {
      const fault = random.chance(FAULT_PROBABILITY) ? await randomFault(world, phones, random) : undefined;
      if (random.chance(DURING_START_PROBABILITY)) {
        await delay(random.between(0, 1_500));
      } else {
        const enough = accepted() + random.between(0, 15);
        await eventually(async () => accepted() >= enough && (await bridge.connected(phones)).length > 0, {
          what: 'numbers are connected and sends get through',
          withinMs: 60_000,
          everyMs: 10,
        });
        online += 1;
        await delay(random.between(0, 300));
      }
      await bridge.kill9();
      await fault?.end();
      say(
        `kill ${round}/${rounds}${fault === undefined ? '' : ` with ${fault.name}`}: ` +
          `${traffic.injected.length} received, ${traffic.sent.length} sent so far`,
      );
      await bridge.restart();
    }
    await traffic.stop();
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    return together({ counts: { kills: rounds, 'kills while online': online }, problems: [] }, verdict);
  },
};

type Fault = { readonly name: string; readonly end: () => Promise<void> };

async function randomFault(world: World, phones: readonly string[], random: Random): Promise<Fault> {
  const app = random.pick(['down', '500', 'cut', 'slow'] as const);
  const cut = random.pick(['tcp', 'stream-error', 'swallow'] as const);
  const choice = random.pick(['app', 'whatsapp', 'late acks'] as const);
  switch (choice) {
    case 'app':
      await world.appMode(app, 500);
      return { name: `the app ${app}`, end: () => world.appMode('ok') };
    case 'whatsapp':
      await world.closeNumber(random.pick(phones), cut, cut === 'stream-error' ? 503 : undefined);
      return { name: `a connection broken (${cut})`, end: async () => undefined };
    case 'late acks':
      await world.faults({ ack: { delayMs: random.between(50, 800) } });
      return { name: 'late acks', end: () => world.faults({ clear: true }) };
    default:
      return choice satisfies never;
  }
}
