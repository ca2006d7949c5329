/**
 * Many parked conversations: what one weighs, how long a restart takes with them, and what one more message of a customer
 * costs, from the app's call to `consumed` and until the next question has left.
 *
 * Only the bridge: the baselines run no flows. Cloud API, so that nothing is paired and a message is a single call.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';
import { ask, end, leads, planned } from '../../helpers/flow-plan.ts';
import { call } from '../../helpers/json-http.ts';
import { Providers } from '../../helpers/providers.ts';
import type { Bench, Stage } from '../bench.ts';
import { type Figure, less, more, percentile, type Row } from '../figures.ts';
import { Poster } from '../poster.ts';
import { inParallel } from './in-parallel.ts';
import { listening, restarted } from './restarted.ts';

const FLOW = 71;
/** Of the Cloud API; a number's own rate is no matter here. */
const NUMBERS = Array.from({ length: 10 }, (_, n) => `4930700${String(n).padStart(4, '0')}`);
/** The app's web requests at once. */
const WIDTH = 10;
const sessionList = z.object({ sessions: z.array(z.looseObject({ waitsFor: z.string() })) });

export async function flows(bench: Bench): Promise<Row[]> {
  if (!bench.names.includes('bridge')) return [];
  await using stage = await bench.stage('bridge', 0);
  const { world, contender } = stage;
  const total = bench.size(5_000);
  const messages = bench.size(1_000);
  const providers = new Providers(world);
  for (const phone of NUMBERS) await providers.add({ vendor: 'graph', phone, token: `token ${phone}`, id: phone });
  const conversation = planned({
    n_first1: leads(ask('Which city?', 'city'), { 1: 'n_secnd1' }),
    n_secnd1: leads(ask('And which street in {{city}}?', 'street'), { 1: 'n_ending' }),
    n_ending: end,
  });
  await world.app('flow', { id: FLOW, ...conversation });
  contender.start();
  await listening(stage.contender);
  const parking = await park(bench, stage, total);
  const restart = await restarted(stage.contender, 'flows resumed', 120_000);
  const inbound = await answers(bench, stage, messages);
  const name = `${total} parked conversations`;
  return [
    { row: name, contender: 'bridge', figures: parking },
    { row: `restart with ${name}`, contender: 'bridge', figures: restart },
    { row: `${messages} messages, one each, beside ${name}`, contender: 'bridge', figures: inbound },
  ];
}

async function park(bench: Bench, { contender }: Stage, total: number): Promise<Figure[]> {
  const process = contender.process();
  const poster = new Poster(contender.url, contender.token, WIDTH);
  await delay(2_000);
  const before = process.usage();
  const startedAt = performance.now();
  await inParallel(
    total,
    WIDTH,
    async (n) => {
      const body = { flowId: FLOW, targetPhoneNumber: customer(n), provider: 'waba', workspace_id: 7 };
      const status = await poster.post(`/api/flow/start/${numberOf(n)}`, body);
      if (status !== 202) throw new Error(`a start was answered ${status}`);
      return 0;
    },
    (done) => bench.progress(`flows: ${done}/${total} started`),
  );
  await untilAllWait(bench, contender, total);
  const seconds = (performance.now() - startedAt) / 1_000;
  await poster.close();
  await delay(5_000);
  const after = process.usage();
  return [
    more('started and parked', '/s', total / seconds),
    less('CPU per conversation', 'ms', (after.cpuMs - before.cpuMs) / total),
    less('RSS before', 'MB', before.rssMb),
    less('RSS with them', 'MB', after.rssMb),
  ];
}

/** One after the other: each answers its first question, whose answer is the second. */
async function answers(bench: Bench, stage: Stage, messages: number): Promise<Figure[]> {
  const { contender, world } = stage;
  const process = contender.process();
  const before = process.usage();
  const latencies = await inParallel(
    messages,
    1,
    async (n) => {
      const at = performance.now();
      const { body } = await call(`${contender.url}/api/flow/provider-inbound`, {
        body: {
          deviceNumber: numberOf(n),
          customerPhone: customer(n),
          text: 'Lisbon',
          provider: 'waba',
          workspaceId: 7,
        },
        headers: { 'x-node-token': contender.token },
      });
      if (!z.object({ consumed: z.literal(true) }).safeParse(body).success) throw new Error('a reply was not taken');
      return performance.now() - at;
    },
    (done) => bench.progress(`flows: ${done}/${messages} answered`),
  );
  const providers = new Providers(world);
  const second = async () =>
    (await providers.seen('graph')).filter(({ id, text }) => id !== undefined && text.includes('street'));
  await eventually(async () => (await second()).length >= messages || undefined, {
    ...{ what: 'every customer has the second question', withinMs: 120_000, everyMs: 1_000 },
  });
  await delay(3_000);
  const after = process.usage();
  return [
    less('call to consumed, p50', 'ms', percentile(latencies, 0.5)),
    less('call to consumed, p99', 'ms', percentile(latencies, 0.99)),
    less('CPU per message, with the next question', 'ms', (after.cpuMs - before.cpuMs) / messages),
    less('RSS', 'MB', after.rssMb),
  ];
}

async function untilAllWait(bench: Bench, { url, token }: Stage['contender'], total: number): Promise<void> {
  await eventually(
    async () => {
      const { body } = await call(`${url}/api/flow/sessions`, { headers: { 'x-node-token': token } });
      const waiting = sessionList.parse(body).sessions.filter(({ waitsFor }) => waitsFor === 'Question').length;
      bench.progress(`flows: ${waiting}/${total} wait`);
      return waiting >= total || undefined;
    },
    { what: 'every conversation waits', withinMs: 300_000, everyMs: 2_000 },
  );
}

const customer = (n: number): string => `49177${String(n).padStart(8, '0')}`;
const numberOf = (n: number): string => NUMBERS[n % NUMBERS.length] ?? '';
