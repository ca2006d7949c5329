/**
 * Flows through `kill -9`: a shop-like conversation (menu, list, question with validation, condition, webhook, delay, form,
 * end) on the linked device and on Cloud API, many customers at once and each a little behind the other, so that every kill
 * meets them in different steps. Each customer sees each message once and in order, the app has all answers.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bridge } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import { Providers } from '../../helpers/providers.ts';
import type { World } from '../../helpers/world.ts';
import { Player } from '../flows/player.ts';
import { KEPT, type Kind, shop, shows, STEPS } from '../flows/shop.ts';
import type { Run, Scenario } from '../scenario.ts';

const CLOUD = '4930555009';
const WEBHOOK = '/api/flow-node/order-parse';
const KINDS = ['linked', 'cloud'] as const satisfies readonly Kind[];
/** Of each kind. */
const CUSTOMERS = { short: 3, long: 20 };
const BEHIND_MS = { short: 3_000, long: 2_200 };
const BETWEEN_MS = { short: [1_000, 4_000], long: [300, 2_500] } as const;
/** Peers take their time, so that kills meet messages on their way. */
const ANSWER_MS = 100;

export const flowConversation: Scenario = {
  name: 'flow-conversation',
  shows: 'kill -9 in every step of conversations on two engines: each message once and in order, all answers kept',
  rounds: { short: 4, long: 30 },
  async run({ stage, random, rounds, form, say }: Run) {
    const { world } = stage;
    const providers = new Providers(world);
    await providers.add({ vendor: 'graph', phone: CLOUD, token: 'cloud-token', id: CLOUD });
    await providers.faults('graph', { answerMs: ANSWER_MS });
    const { bridge, phones } = await stage.paired(1);
    const [number = ''] = phones;
    await bridge.allConnected(phones, 60_000);
    await world.faults({ ack: { delayMs: ANSWER_MS } });
    const webhook = { url: `${world.env['APP_DOMAIN_NAME'] ?? ''}${WEBHOOK}`, token: world.token };
    await world.app('flow-answer', { path: WEBHOOK, body: { count: 4 } });
    for (const [index, kind] of KINDS.entries()) await world.app('flow', { id: 41 + index, ...shop(kind, webhook) });

    const players = Array.from({ length: 2 * CUSTOMERS[form] }, (_, n) => {
      const index = n % 2;
      const who = { phone: `4917700${String(10_000 + n)}`, subscriber: 900 + n, flow: 41 + index };
      const kind = KINDS[index] ?? 'linked';
      return new Player({ world, bridge, kind, number: kind === 'linked' ? number : CLOUD, ...who });
    });
    const stuck: string[] = [];
    const playing = players.map(async (player, n) => {
      await delay(Math.floor(n / 2) * BEHIND_MS[form]);
      await player.play().catch((error: Error) => stuck.push(`${player.kind}: ${error.message}`));
    });
    const over = Promise.all(playing).then(() => true);
    const met = new Set<string>();
    let [kills, points] = [0, 0];
    while (
      kills < rounds &&
      !(await Promise.race([over, delay(random.between(BETWEEN_MS[form][0], BETWEEN_MS[form][1]), false)]))
    ) {
      kills += 1;
      const open = players.filter((player) => player.isPlaying && player.step > 0);
      points += open.length;
      for (const { kind, step } of open) met.add(`${kind} ${step}`);
      await bridge.kill9();
      await bridge.restart();
      await bridge.allConnected(phones, 60_000);
      say(`kill ${kills}/${rounds}: ${open.length} conversations met, in ${met.size} different steps so far`);
    }
    await over;
    await bridge.outboxEmpty();
    const verdicts = await Promise.all(players.map((player) => judged(player, world)));
    const hooks = await webhooks(world);
    const unseen = players.reduce((sum, player) => sum + player.unseen.length, 0);
    return {
      counts: {
        ...{
          kills,
          'conversations met by a kill': points,
          'different steps met': met.size,
          'steps there are': KINDS.length * (STEPS.length - 1),
        },
        ...{ 'conversations through': players.length - stuck.length, 'messages shown': sum(verdicts, 'shown') },
        'lost to an unknown outcome (Cloud API)': unseen,
        'webhooks called': hooks.length,
      },
      problems: [
        ...stuck,
        ...verdicts.flatMap(({ problems }) => problems),
        ...(hooks.length > players.length ? [`${hooks.length} webhooks for ${players.length} conversations`] : []),
        ...(await ended(bridge, players)),
        ...(await world.violations()).map((violation) => `the app refused: ${JSON.stringify(violation)}`),
      ],
    };
  },
};

type Judged = { readonly shown: number; readonly problems: readonly string[] };
const sum = (all: readonly Judged[], what: 'shown'): number => all.reduce((total, each) => total + each[what], 0);

/** What one customer saw, and what the app has of it. */
async function judged(player: Player, world: World): Promise<Judged> {
  const shown = await player.shown();
  const wanted = STEPS.filter((step) => !player.unseen.includes(step));
  const name = `${player.kind} ${player.phone}`;
  const problems: string[] = [];
  if (shown.length !== wanted.length || !wanted.every((step, index) => shows(step, shown[index] ?? '')))
    problems.push(`${name} saw ${JSON.stringify(shown)}`);
  const { contacts, completed } = await world.appFlows();
  const kept = contacts[player.phone]?.fields ?? {};
  if (Object.entries(KEPT).some(([key, value]) => kept[key] !== value))
    problems.push(`${name} answered ${JSON.stringify(KEPT)}, the app has ${JSON.stringify(kept)}`);
  if (completed[String(player.subscriber)] === undefined) problems.push(`${name} is not complete at the app`);
  const mirrors = await mirrorsOf(world, player.phone);
  if (player.kind === 'linked' ? mirrors.size !== shown.length : mirrors.size > shown.length)
    problems.push(`${name} saw ${shown.length} messages, the app's thread has ${mirrors.size}`);
  return { shown: shown.length, problems };
}

/** Ids of mirrored flow messages; a repeat of one id is the app's to recognise (F-46). */
async function mirrorsOf(world: World, customer: string): Promise<Set<unknown>> {
  const all = await world.appRequests({ path: '/api/inbound-message' });
  const bodies = all.map(({ body }) => body as Record<string, unknown>);
  const own = bodies.filter((body) => body['source'] === 'flow' && body['sender_phone'] === customer);
  return new Set(own.map((body) => body['wa_message_id']));
}

const webhooks = (world: World) => world.appRequests({ path: WEBHOOK });

/** No session is left behind as if it went on. */
async function ended(bridge: Bridge, players: readonly Player[]): Promise<string[]> {
  const open = async () => {
    const { body } = await bridge.call('/api/flow/sessions');
    const { sessions } = body as { sessions: { key: string; status: string }[] };
    const keys = new Set(players.map(({ key }) => key));
    return sessions.filter(({ key, status }) => keys.has(key) && status !== 'completed');
  };
  await eventually(async () => (await open()).length === 0, { what: 'all have ended', withinMs: 10_000 }).catch(
    () => undefined,
  );
  return (await open()).map(({ key, status }) => `the session ${key} is ${status} in the end`);
}
