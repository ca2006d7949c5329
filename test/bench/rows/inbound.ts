/**
 * From WhatsApp's stanza to the app's endpoint: latency at a steady rate, then messages per second in a burst.
 *
 * A baseline may lose messages: it is given up on when nothing has come for a while, and its row says how many are
 * missing. The bridge must bring every one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { call } from '../../helpers/json-http.ts';
import type { World } from '../../helpers/world.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { Bench } from '../bench.ts';
import { online } from '../contenders.ts';
import { less, more, percentile, type Row } from '../figures.ts';

const NUMBERS = 10;
const RATE = 50;
const GIVEN_UP_AFTER_MS = 10_000;

type Released = { readonly sent: readonly (readonly [id: string, at: number])[] };
type Arrived = { readonly at: number; readonly id?: string };

export async function inbound(bench: Bench): Promise<Row[]> {
  const steady = bench.size(1_000);
  const burst = bench.size(5_000);
  const rows: Row[] = [];
  for (const name of bench.names) {
    await using stage = await bench.stage(name, NUMBERS);
    const { contender, world, phones } = stage;
    const process = contender.start();
    await online(world, NUMBERS, 60_000, () => undefined);
    await delay(3_000);
    const given = { bench, world, phones, mayLose: name !== 'bridge' };
    await arrive(given, 200, { burst: true }, `${name}: warming up`);
    const latencies = await arrive(given, steady, { rate: RATE }, `inbound at ${RATE}/s, ${name}`);
    const cpuBefore = process.usage().cpuMs;
    const arrivals = await arrive(given, burst, { burst: true }, `inbound burst, ${name}`);
    const cpuMs = process.usage().cpuMs - cpuBefore;
    const seconds =
      (Math.max(...arrivals.map(({ at }) => at)) - Math.min(...arrivals.map(({ sentAt }) => sentAt))) / 1_000;
    const ms = latencies.map(({ at, sentAt }) => at - sentAt);
    rows.push({
      row: `inbound, ${NUMBERS} numbers`,
      contender: name,
      figures: [
        less(`stanza to app at ${RATE}/s, p50`, 'ms', percentile(ms, 0.5)),
        less(`stanza to app at ${RATE}/s, p99`, 'ms', percentile(ms, 0.99)),
        more(`burst of ${burst}`, '/s', arrivals.length / seconds),
        less('CPU per message in the burst', 'ms', cpuMs / arrivals.length),
        less('lost', 'messages', steady + burst - latencies.length - arrivals.length),
      ],
    });
  }
  return rows;
}

type Given = {
  readonly bench: Bench;
  readonly world: World;
  readonly phones: readonly string[];
  readonly mayLose: boolean;
};

/** Prepares `count` messages over all numbers, lets them go, and waits until the app has all of them. */
async function arrive({ bench, world, phones, mayLose }: Given, count: number, how: object, label: string) {
  const share = Math.ceil(count / phones.length);
  for (const [i, phone] of phones.entries()) {
    await post(world, `/contacts/4930555${String(i).padStart(4, '0')}/prepare`, { to: phone, count: share });
  }
  const before = await arrivals(world);
  const { sent } = (await post(world, '/release', how)) as Released;
  const sentAt = new Map(sent);
  let latest = { count: 0, at: performance.now() };
  const found = await eventually(
    async () => {
      const now = (await arrivals(world)).slice(before.length).filter(({ id }) => id !== undefined && sentAt.has(id));
      bench.progress(`${label}: ${now.length}/${sent.length}`);
      if (now.length > latest.count) latest = { count: now.length, at: performance.now() };
      const givenUp = mayLose && performance.now() - latest.at > GIVEN_UP_AFTER_MS;
      return now.length >= sent.length || givenUp ? now : undefined;
    },
    { what: `${label}: every message reaches the app`, withinMs: 120_000, everyMs: 200 },
  );
  return found.map(({ id = '', at }) => ({ at, sentAt: sentAt.get(id) ?? Number.NaN }));
}

async function arrivals(world: World): Promise<Arrived[]> {
  return (await call(`${world.control}/app/requests?path=${encodeURIComponent('/api/inbound-message')}`))
    .body as Arrived[];
}

async function post(world: World, path: string, body: object): Promise<unknown> {
  const answer = await call(`${world.control}${path}`, { body, timeoutMs: 120_000 });
  if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}`);
  return answer.body;
}
