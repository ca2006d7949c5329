/**
 * Many schedules: what a registration costs over HTTP, what they weigh, how long a restart takes with them, and how late the
 * first message of each number is when many fall due in one second beside them.
 *
 * Only the bridge: the baselines know no schedules. A number's jobs share one pace, so lateness is that of the first message of
 * each number; the others wait for their turn, by design. The numbers are of the Cloud API, so that nothing is paired.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import { Providers } from '../../helpers/providers.ts';
import { listedRow, registrationOf, type Schedule } from '../../helpers/schedule-rows.ts';
import type { Bench, Stage } from '../bench.ts';
import { type Figure, less, more, percentile, type Row } from '../figures.ts';
import { Poster } from '../poster.ts';
import { inParallel } from './in-parallel.ts';
import { listening, restarted } from './restarted.ts';

const SENDERS = 1_000;
const DUE_SENDERS = 100;
const YEAR_MS = 365 * 86_400_000;
/** Registrations at once; the app has a dispatcher and its web requests. */
const WIDTH = 20;
/** What the app lists at most. */
const LISTED = 1_000;
/** Out of the app's own pace: all messages of a number in one second. */
const PACE = { warmerGap: { min: 0.001, max: 0.001 } };
const registered = z.object({ scheduleId: z.string() });

export async function schedules(bench: Bench): Promise<Row[]> {
  if (!bench.names.includes('bridge')) return [];
  await using stage = await bench.stage('bridge', 0);
  const total = bench.size(100_000);
  const due = bench.size(1_000);
  // While registrations go on, the app's list would be behind them.
  await stage.world.appMode('500', undefined, '/api/scheduled/active');
  stage.contender.start();
  await listening(stage.contender);
  const registration = await registerMany(bench, stage, total);
  const restart = await restarted(stage.contender, 'jobs loaded', 300_000);
  const lateness = await dueAtOnce(bench, stage, due);
  return [
    { row: `${total} schedules over a year, of ${SENDERS} numbers`, contender: 'bridge', figures: registration },
    { row: `restart with ${total} schedules`, contender: 'bridge', figures: restart },
    { row: `${due} due in one second on ${DUE_SENDERS} numbers`, contender: 'bridge', figures: lateness },
  ];
}

async function registerMany(bench: Bench, { contender, world }: Stage, total: number): Promise<Figure[]> {
  const process = contender.process();
  const poster = new Poster(contender.url, contender.token, WIDTH);
  const now = Date.now();
  const plan = (n: number): Schedule => ({
    ...{ appId: n + 1, sender: `493070${String(n % SENDERS).padStart(5, '0')}`, engine: 'waba' },
    ...{ contact: `49177${String(n).padStart(8, '0')}`, dueAt: now + 3_600_000 + Math.floor((n / total) * YEAR_MS) },
  });
  const before = process.usage();
  const startedAt = performance.now();
  const latencies = await inParallel(
    total,
    WIDTH,
    async (n) => {
      const schedule = plan(n);
      const at = performance.now();
      const status = await poster.post(`/api/schedule-message-bulk/${schedule.sender}`, registrationOf(schedule));
      if (status !== 200) throw new Error(`a registration was answered ${status}`);
      return performance.now() - at;
    },
    (done) => bench.progress(`schedules: ${done}/${total} registered`),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  await poster.close();
  await delay(5_000);
  const after = process.usage();
  // The app knows no ids of the bridge here.
  const rows = Array.from({ length: Math.min(total, LISTED) }, (_, n) => listedRow({ ...plan(n), bridgeId: '' }));
  await call(`${world.control}/app/schedules`, { body: rows });
  await world.appMode('ok', undefined, '/api/scheduled/active');
  return [
    more('registrations', '/s', total / seconds),
    less('p50', 'ms', percentile(latencies, 0.5)),
    less('p99', 'ms', percentile(latencies, 0.99)),
    less('CPU per registration', 'ms', (after.cpuMs - before.cpuMs) / total),
    less('RSS before', 'MB', before.rssMb),
    less('RSS after', 'MB', after.rssMb),
  ];
}

async function dueAtOnce(bench: Bench, { contender, world }: Stage, due: number): Promise<Figure[]> {
  const providers = new Providers(world);
  const phones = Array.from({ length: DUE_SENDERS }, (_, n) => `4930800${String(n).padStart(4, '0')}`);
  for (const phone of phones) await providers.add({ vendor: 'graph', phone, token: `token ${phone}`, id: phone });
  const dueAt = Math.ceil((Date.now() + 5_000 + due * 5) / 1_000) * 1_000;
  await inParallel(due, WIDTH, async (n) => {
    const sender = phones[n % phones.length] ?? '';
    const contact = `49178${String(n).padStart(8, '0')}`;
    const schedule: Schedule = { appId: 1_000_000 + n, sender, engine: 'waba', contact, dueAt: dueAt + (n % 1_000) };
    const answer = await call(`${contender.url}/api/schedule-message-bulk/${sender}`, {
      body: { ...registrationOf(schedule), ...PACE },
      headers: { 'x-node-token': contender.token },
    });
    registered.parse(answer.body);
    return 0;
  });
  if (Date.now() > dueAt) throw new Error('registered too late: the machine is too slow for this measurement');
  const taken = async () => (await providers.seen('graph')).filter(({ id }) => id !== undefined);
  await delay(Math.max(0, dueAt - Date.now() + 3_000));
  const messages = await eventually(
    async () => {
      const all = await taken();
      bench.progress(`schedules: ${all.length}/${due} due ones have left`);
      return all.length >= due ? all : undefined;
    },
    { what: 'all due schedules have left', withinMs: 120_000, everyMs: 1_000 },
  );
  const dueOf = (recipient: string) => dueAt + (Number(recipient.slice(-8)) % 1_000);
  const first = new Map<string, number>();
  for (const { sender, recipient, at } of messages) if (!first.has(sender)) first.set(sender, at - dueOf(recipient));
  const late = [...first.values()];
  return [
    less('first message of each number, p50 late', 'ms', percentile(late, 0.5)),
    less('first message of each number, p99 late', 'ms', percentile(late, 0.99)),
    less('earliest', 'ms', Math.min(...late)),
    less('last message of all, 1 ms apart', 'ms', Math.max(...messages.map(({ at }) => at)) - dueAt),
  ];
}
