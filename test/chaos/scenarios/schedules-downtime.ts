/**
 * P7, contract schedules §10, §12: the bridge dies before its schedules are due and comes back while the app is down. Nothing
 * leaves until the app's list is known; then everything that is still in it leaves once, also when the bridge is killed
 * again while it sends, and what the app has cancelled meanwhile never does.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { AppLog } from '../../helpers/app-log.ts';
import type { Verdict } from '../../helpers/audit.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import { Providers } from '../../helpers/providers.ts';
import { listedRow, registrationOf, type Schedule } from '../../helpers/schedule-rows.ts';
import type { World } from '../../helpers/world.ts';
import { type Run, type Scenario, together } from '../scenario.ts';

const SIZES = { short: { devices: 1, clouds: 3, each: 4 }, long: { devices: 2, clouds: 18, each: 10 } };
/** From the registration of the first until they fall due: while the bridge is down. */
const DUE_MS = 12_000;
const OUTCOMES = ['sent', 'failed', 'cancelled', 'completed'];
const registered = z.object({ scheduleId: z.string() });
const seenJob = z.object({
  job: z.object({ state: z.string(), totals: z.object({ sent: z.int(), unknown: z.int() }) }),
});

/**
 * Due while the bridge is down, while it waits for the list, or after that; `reminder`: an id that is in no list
 * (contract schedules §10).
 */
const KINDS = ['down', 'waiting', 'after', 'cancelled down', 'cancelled after', 'reminder'] as const;
type Kind = (typeof KINDS)[number];
type Planned = Schedule & { readonly kind: Kind; readonly bridgeId: string };

export const schedulesDowntime: Scenario = {
  name: 'schedules-downtime',
  shows: 'restart with the app down, then up: no schedule lost or sent twice, what was cancelled meanwhile is not sent',
  rounds: { short: 1, long: 3 },
  async run(run) {
    const { stage, form, rounds, say } = run;
    const { world } = stage;
    const { devices, clouds } = SIZES[form];
    const providers = new Providers(world);
    const cloud = Array.from({ length: clouds }, (_, n) => `4930556${String(n).padStart(3, '0')}`);
    for (const phone of cloud) await providers.add({ vendor: 'graph', phone, token: `token ${phone}`, id: phone });
    await call(`${world.control}/app/message-settings`, { body: { msg_gap: 1 } });
    const { bridge, phones } = await stage.paired(devices);
    await bridge.allConnected(phones, 60_000);
    const verdicts: Verdict[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      verdicts.push(await downtime(run, { bridge, providers, phones, cloud, round }));
      say(`round ${round}/${rounds}: ${JSON.stringify(verdicts.at(-1)?.counts)}`);
    }
    return together(...verdicts);
  },
};

type Cast = {
  readonly bridge: Bridge;
  readonly providers: Providers;
  readonly phones: readonly string[];
  readonly cloud: readonly string[];
  readonly round: number;
};

async function downtime({ stage, random, form }: Run, cast: Cast): Promise<Verdict> {
  const { world } = stage;
  const { bridge, providers } = cast;
  const appLog = await AppLog.fromNow(world);
  const planned = await registerAll(cast, SIZES[form].each);
  const latest = (...kinds: readonly Kind[]) =>
    Math.max(...planned.map(({ kind, dueAt }) => (kinds.includes(kind) ? dueAt : 0)));
  await bridge.kill9();
  await world.appMode('down');
  await list(
    world,
    planned.filter(({ kind }) => !kind.startsWith('cancelled') && kind !== 'reminder'),
  );
  await until(latest('down', 'cancelled down', 'reminder'));
  await bridge.restart();
  await until(latest('waiting') + 500);
  const early = (await Promise.all(planned.map((one) => arrivals(world, providers, one)))).flat().length;
  await world.appMode('ok');
  await delay(random.between(0, 4_000));
  await bridge.kill9();
  await bridge.restart();
  await until(latest('after', 'cancelled after'));
  await eventually(
    async () => {
      const open = await Promise.all(planned.map(async (one) => (await seen(bridge, one)).state === 'active'));
      return !open.includes(true);
    },
    { what: 'all schedules have run or are held', withinMs: 120_000, everyMs: 500 },
  );
  await delay(1_500);
  await bridge.outboxEmpty();
  await appLog.refresh();
  return judge(cast, world, appLog, planned, early);
}

async function judge(
  { bridge, providers }: Cast,
  world: World,
  appLog: AppLog,
  planned: readonly Planned[],
  early: number,
): Promise<Verdict> {
  const counts: Record<string, number> = { schedules: planned.length, 'left before the list was known': early };
  const add = (what: string, by = 1) => (counts[what] = (counts[what] ?? 0) + by);
  for (const what of ['sent once', 'outcome unknown', 'not sent, cancelled']) add(what, 0);
  const problems = early > 0 ? [`${early} messages left before the app's list was known`] : [];
  for (const one of planned) {
    const count = (await arrivals(world, providers, one)).length;
    const { state, totals } = await seen(bridge, one);
    const finals = new Set(
      appLog
        .callbacks(({ scheduleId, status }) => scheduleId === one.appId && OUTCOMES.includes(String(status)))
        .flatMap(({ path, id }) => (path === '/api/update-schedule-status' ? [id] : [])),
    );
    const example = `schedule ${one.appId} (${one.kind}): ${count} messages, ${finals.size} final callbacks, ${state}`;
    if (one.kind.startsWith('cancelled')) {
      if (count > 0 || finals.size > 0) problems.push(`cancelled, and yet: ${example}`);
      else add('not sent, cancelled');
      continue;
    }
    // A kill in mid-send: a provider cannot be asked, and is not asked to send again (P6).
    const isUnknown = one.engine === 'waba' && totals.unknown === 1;
    if (count !== 1 && !(isUnknown && count === 0)) problems.push(`not exactly one message: ${example}`);
    else add(isUnknown ? 'outcome unknown' : 'sent once');
    // Nobody in the app waits for a reminder's.
    if (one.kind !== 'reminder' && finals.size !== 1) problems.push(`not exactly one final callback: ${example}`);
  }
  const violations = await world.violations();
  if (violations.length > 0) problems.push(`contract violations at the app: ${JSON.stringify(violations[0])}`);
  return { counts, problems };
}

async function registerAll({ bridge, phones, cloud, round }: Cast, each: number): Promise<Planned[]> {
  const begun = Date.now();
  const dueOf: Record<Kind, number> = {
    ...{ down: DUE_MS, 'cancelled down': DUE_MS, reminder: DUE_MS },
    ...{ waiting: DUE_MS + 8_000, after: DUE_MS + 25_000, 'cancelled after': DUE_MS + 25_000 },
  };
  const planned: Planned[] = [];
  for (const [index, sender] of [...phones, ...cloud].entries()) {
    for (let n = 0; n < each; n += 1) {
      const kind = KINDS[(index + n) % KINDS.length] ?? 'down';
      const serial = round * 100_000 + index * 100 + n;
      const appId = kind === 'reminder' ? -1_000_000 - serial : serial;
      const one: Schedule = {
        ...{ appId, sender, engine: phones.includes(sender) ? 'baileys' : 'waba' },
        ...{ contact: `4917691${String(serial).padStart(6, '0')}`, dueAt: begun + dueOf[kind] },
      };
      const body = registrationOf(one);
      const answer = await bridge.call(`/api/schedule-message-bulk/${sender}`, { body });
      const bridgeId = registered.parse(answer.body).scheduleId;
      planned.push({ ...one, kind, bridgeId });
    }
  }
  if (Date.now() - begun > DUE_MS) throw new Error('the machine is too slow: schedules fell due before the kill');
  return planned;
}

/** What the app considers alive. */
async function list(world: World, rows: readonly Planned[]): Promise<void> {
  await call(`${world.control}/app/schedules`, { body: rows.map(listedRow) });
}

async function seen(bridge: Bridge, { bridgeId }: Planned) {
  return seenJob.parse((await bridge.call(`/api/jobs/${bridgeId}?limit=1`)).body).job;
}

async function arrivals(world: World, providers: Providers, one: Planned): Promise<string[]> {
  if (one.engine === 'baileys') return (await world.contactMessages(one.contact, one.sender)).map(({ id }) => id);
  const graph = await providers.seen('graph');
  return graph.flatMap(({ id, recipient }) => (id !== undefined && recipient === one.contact ? [id] : []));
}

const until = (at: number): Promise<void> => delay(Math.max(0, at - Date.now()));
