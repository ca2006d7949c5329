/**
 * Flows through `kill -9`: a shop-like conversation (menu, list, question with validation, condition, webhook, delay, form,
 * end) on the linked device and on Cloud API, many customers at once and each a little behind the other, so that every kill
 * meets them in different steps; the long form meets every step of both. Each customer sees each message once and in order,
 * the app has all answers. What a kill may cost is bounded by the kills that a conversation lived through: on Cloud API one
 * message of unknown outcome, anywhere the stock that a webhook was just asked for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bridge } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import { Providers } from '../../helpers/providers.ts';
import type { World } from '../../helpers/world.ts';
import { Player } from '../flows/player.ts';
import { KEPT, type Kind, shop, shows, STEPS, TOLD } from '../flows/shop.ts';
import type { Run, Scenario } from '../scenario.ts';

const CLOUD = '4930555009';
const WEBHOOK = '/api/flow-node/order-parse';
const KINDS = ['linked', 'cloud'] as const satisfies readonly Kind[];
/** Of each kind. */
const CUSTOMERS = { short: 2, long: 20 };
const BEHIND_MS = { short: 700, long: 2_200 };
const BETWEEN_MS = { short: [1_500, 5_000], long: [300, 2_500] } as const;
/** How long a kill waits for a step that none has met; then any conversation will do. */
const AIM_MS = 3_000;
const AIM_EVERY_MS = 20;
/** Before the first step nothing was said. */
const STEPS_THERE_ARE = KINDS.length * (STEPS.length - 1);
/** Peers take their time, so that kills meet messages on their way. */
const ANSWER_MS = 100;

export const flowConversation: Scenario = {
  name: 'flow-conversation',
  shows: 'kill -9 amid the steps of conversations on two engines: each message once and in order, all answers kept',
  rounds: { short: 2, long: 30 },
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
    let isOver = false;
    const over = Promise.all(playing).then(() => (isOver = true));
    const met = new Set<string>();
    const problems: string[] = [];
    let [kills, points] = [0, 0];
    const aimed = async (): Promise<Player[]> => {
      const until = met.size < STEPS_THERE_ARE ? Date.now() + AIM_MS : 0;
      while (!isOver) {
        const open = players.filter(({ isUnderWay }) => isUnderWay);
        if (open.some(({ kind, step }) => !met.has(`${kind} ${step}`))) return open;
        if (open.length > 0 && Date.now() > until) return open;
        await delay(AIM_EVERY_MS);
      }
      return [];
    };
    while (kills < rounds) {
      await Promise.race([over, delay(random.between(BETWEEN_MS[form][0], BETWEEN_MS[form][1]))]);
      const open = await aimed();
      if (open.length === 0) break;
      kills += 1;
      points += open.length;
      for (const { kind, step } of open) met.add(`${kind} ${step}`);
      for (const player of players) player.killed();
      await bridge.kill9();
      await bridge.restart();
      await bridge.allConnected(phones, 60_000);
      say(`kill ${kills}/${rounds}: ${open.length} conversations met, in ${met.size} different steps so far`);
    }
    await over;
    await bridge.outboxEmpty();
    const verdicts = await Promise.all(players.map((player) => judged(player, world)));
    const hooks = await webhooks(world);
    const unseen = players.reduce((total, player) => total + player.unseen.length, 0);
    const asked = sum(verdicts, 'asked');
    if (hooks.length > players.length || hooks.length < asked)
      problems.push(`${hooks.length} webhooks of ${players.length} conversations, ${asked} of which know the stock`);
    if (form === 'short' && kills < rounds) problems.push(`only ${kills} of ${rounds} kills met a conversation`);
    if (rounds >= STEPS_THERE_ARE && met.size < STEPS_THERE_ARE)
      problems.push(`the kills met ${met.size} of ${STEPS_THERE_ARE} steps`);
    return {
      counts: {
        ...{
          kills,
          'conversations met by a kill': points,
          'different steps met': met.size,
          'steps there are': STEPS_THERE_ARE,
        },
        ...{ 'conversations through': players.length - stuck.length, 'messages shown': sum(verdicts, 'shown') },
        'lost to an unknown outcome (Cloud API)': unseen,
        'webhooks called': hooks.length,
      },
      problems: [
        ...problems,
        ...stuck,
        ...verdicts.flatMap((verdict) => verdict.problems),
        ...(await ended(bridge, players)),
        ...(await world.violations()).map((violation) => `the app refused: ${JSON.stringify(violation)}`),
      ],
    };
  },
};

type Judged = { readonly shown: number; readonly asked: number; readonly problems: readonly string[] };
const sum = (all: readonly Judged[], what: 'shown' | 'asked'): number =>
  all.reduce((total, each) => total + each[what], 0);

/** What one customer saw, and what the app has of it. */
async function judged(player: Player, world: World): Promise<Judged> {
  const shown = await player.shown();
  const { kills, unseen } = player;
  const wanted = STEPS.filter((step) => !unseen.includes(step));
  const name = `${player.kind} ${player.phone} (${kills} kills)`;
  const problems: string[] = [];
  if (unseen.length > (player.kind === 'linked' ? 0 : kills))
    problems.push(`${name} never saw ${unseen.map((step) => step.shows).join(', ')}`);
  if (shown.includes(TOLD.none) && kills === 0) problems.push(`${name} was not told the stock`);
  if (shown.length !== wanted.length || !wanted.every((step, index) => shows(step, shown[index] ?? '')))
    problems.push(`${name} saw ${JSON.stringify(shown)}`);
  const { contacts, completed } = await world.appFlows();
  const kept = contacts[player.phone]?.fields ?? {};
  if (Object.entries(KEPT).some(([key, value]) => kept[key] !== value))
    problems.push(`${name} answered ${JSON.stringify(KEPT)}, the app has ${JSON.stringify(kept)}`);
  if (completed[String(player.subscriber)] === undefined) problems.push(`${name} is not complete at the app`);
  const mirrors = await mirrorsOf(world, player.phone);
  const fewest = player.kind === 'linked' ? shown.length : shown.length - kills;
  if (mirrors.size > shown.length || mirrors.size < fewest)
    problems.push(`${name} saw ${shown.length} messages, the app's thread has ${mirrors.size}`);
  return { shown: shown.length, asked: shown.includes(TOLD.count) ? 1 : 0, problems };
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
