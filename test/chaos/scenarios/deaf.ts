/**
 * P10: sessions that are connected but deaf, of every kind, with the settings of production. Each is found and replaced;
 * the times are printed. What is sent and received meanwhile arrives, once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import { Traffic } from '../../helpers/traffic.ts';
import type { CloseHow } from '../../helpers/world.ts';
import { type Scenario, together } from '../scenario.ts';

/** One number each. */
const KINDS = ['freeze', 'swallow', 'swallow-client', 'swallow-server'] as const satisfies readonly CloseHow[];
/** The promise: found within 30 s. A login follows at once. */
const FOUND_WITHIN_MS = 30_000;
/** Nobody answered (contract clients §6.2). */
const LOST = 408;

const history = z.object({
  history: z.array(z.object({ at: z.string().transform((at) => Date.parse(at)), code: z.number().optional() })),
});

export const deaf: Scenario = {
  name: 'p10',
  shows:
    'a session that is connected but deaf (frozen, swallowed in one or both directions, SIGSTOP) is found and replaced',
  rounds: { short: 1, long: 1 },
  async run({ stage, random, rounds, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(KINDS.length);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    const traffic = new Traffic({ world, bridge, numbers: phones, random, contactsPerNumber: 2, pause: [400, 1_200] });
    const problems: string[] = [];
    let slowest = 0;
    const judge = (what: string, foundMs: number, replacedMs: number | undefined) => {
      slowest = Math.max(slowest, foundMs);
      say(
        `${what}: found after ${seconds(foundMs)}${replacedMs === undefined ? '' : `, replaced after ${seconds(replacedMs)}`}`,
      );
      if (foundMs > FOUND_WITHIN_MS) problems.push(`${what}: found only after ${seconds(foundMs)}`);
    };
    for (let round = 1; round <= rounds; round += 1) {
      traffic.start();
      await delay(2_000);
      await Promise.all(
        KINDS.map(async (how, i) => {
          const phone = phones[i] ?? '';
          const from = Date.now();
          const login = nextLogin(world, phone);
          if (!(await world.closeNumber(phone, how))) problems.push(`${how}: the number was not connected`);
          const found = await foundDeaf(bridge, phone, from);
          judge(how, found - from, (await login) - from);
        }),
      );
      await traffic.stop(90_000);
      await bridge.allConnected(phones, 60_000);

      const from = Date.now();
      world.process.signal('SIGSTOP');
      const found = await Promise.all(phones.map((phone) => foundDeaf(bridge, phone, from)));
      world.process.signal('SIGCONT');
      const continued = Date.now();
      judge('SIGSTOP of the peer', Math.max(...found) - from, undefined);
      await bridge.allConnected(phones, 60_000);
      say(`all numbers back ${seconds(Date.now() - continued)} after SIGCONT`);
      for (const conversation of traffic.conversations) {
        await traffic.inject(conversation);
        await traffic.send(conversation);
      }
    }
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    const counts = { 'kinds of deafness': KINDS.length + 1, 'slowest found, ms': slowest };
    return together({ counts, problems }, verdict);
  },
};

/** When the bridge found it, by its own history (epoch ms): its watchdog, or the library, which looks every 15 s. */
async function foundDeaf(bridge: Bridge, phone: string, from: number): Promise<number> {
  const look = async () => {
    const entries = history.parse((await bridge.call(`/api/client-history/${phone}`)).body).history;
    return entries.find(({ at, code }) => at >= from && code === LOST)?.at;
  };
  return eventually(look, { what: `the deaf session of …${phone.slice(-4)} is found`, withinMs: 60_000, everyMs: 100 });
}

/** The control API waits 25 s; a deaf session may take a little longer. */
async function nextLogin(world: { nextLogin(phone: string): Promise<number> }, phone: string): Promise<number> {
  return world.nextLogin(phone).catch(() => world.nextLogin(phone));
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
