/**
 * Calls beside chatting numbers, of both pipelines: how audio packets pass, what a call costs, and what calls do to
 * messages. Only the bridge: the baselines know no calls.
 *
 * Meta's side, the vendors and WhatsApp are processes of their own; the app is in this one, which does little else. A packet
 * passes the event loop of the peer that hears it: how late that was is a figure, and where it explains the bridge's own
 * figures, the name of the row says so.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import { startAppPeer, type AppPeer } from '../../loopback/app/app-peer.ts';
import type { Bench, Stage } from '../bench.ts';
import { type Listened, Side, type SideName } from '../call-sides.ts';
import { online } from '../contenders.ts';
import { type Figure, less, more, percentile, type Row } from '../figures.ts';
import { chat, CONTACT } from './chat.ts';

const CALLS = 30;
const NUMBERS = 50;
/** Messages a second of one number, in each direction. */
const RATE = 0.5;
const SECONDS = 30;
/** Longer than a turn of a caller with its answer. */
const SHORTEST = 10;
/** Packets a second of one side. */
const BEAT = 50;
/** About 3 s of speech, which the caller does not interrupt. */
const REPLY = 'We are open until six. '.repeat(9).trim();

type Kind = {
  readonly name: string;
  readonly meta: SideName;
  readonly vendor: SideName;
  /** How many sides hear packets. */
  readonly hear: 1 | 2;
  readonly env: (vendor: Side) => Record<string, string>;
  readonly pipeline: 'realtime' | 'cascade';
  readonly keys: (vendor: Side) => Record<'deepgram' | 'openai' | 'elevenlabs', string>;
  /** All calls are accepted: resolves when they talk. `replies`: how often the app's model was asked. */
  readonly talk: (calls: number, vendor: Side, replies: () => number) => Promise<void>;
  readonly figures: (when: string, all: Listened) => Figure[];
};

const RELAYED: Kind = {
  ...{ name: 'relayed', meta: 'meta', vendor: 'models', hear: 2, pipeline: 'realtime' },
  env: ({ url }) => ({ VOICE_REALTIME_URL: url }),
  keys: ({ secret }) => ({ deepgram: '', openai: secret, elevenlabs: '' }),
  async talk(calls, vendor) {
    // After the greetings: a model that is still saying one would fall silent at its end.
    await delay(2_000);
    const models = await vendor.ask('talk', 'POST');
    if (models !== calls) throw new Error(`${String(models)} models talk in ${calls} calls`);
    await delay(2_000);
  },
  figures: (when, { ways }) => spread(`packet, ${when}`, ways),
};

/** Nothing passes through a cascade: it is measured by how it speaks, and how soon. */
const SPOKEN: Kind = {
  ...{ name: 'cascade', meta: 'talkers', vendor: 'speech', hear: 1, pipeline: 'cascade' },
  env: ({ url }) => ({ VOICE_DEEPGRAM_URL: url, VOICE_ELEVENLABS_URL: url }),
  keys: ({ secret }) => ({ deepgram: secret, openai: '', elevenlabs: secret }),
  async talk(calls, _, replies) {
    await eventually(() => replies() >= calls, { what: 'the callers are understood', withinMs: 60_000 });
  },
  figures(when, { answers, late }) {
    if (answers.length === 0) throw new Error(`nobody was answered, ${when}`);
    return [
      ...spread(`spoken packet behind its beat, ${when}`, late),
      ...spread(`answer after the caller's last word (900 ms of it end his turn), ${when}`, answers),
    ];
  },
};

type Town = Stage & { readonly app: AppPeer; readonly meta: Side; readonly vendor: Side };

export async function calls(bench: Bench): Promise<Row[]> {
  if (!bench.names.includes('bridge')) return [];
  return [await measured(bench, RELAYED), await measured(bench, SPOKEN)];
}

async function measured(bench: Bench, kind: Kind): Promise<Row> {
  const [count, numbers] = [bench.size(CALLS), bench.size(NUMBERS)];
  await using stage = await bench.stage('bridge', numbers);
  const { contender, world, dir } = stage;
  const [app, meta, vendor] = await Promise.all([
    startAppPeer({ token: world.token, record: 'ids' }),
    Side.start(kind.meta, dir),
    Side.start(kind.vendor, dir),
  ]);
  try {
    const seconds = Math.max(SHORTEST, bench.size(SECONDS));
    const rate = numbers * RATE;
    const progress = (line: string) => bench.progress(`calls, ${kind.name}: ${line}`);
    await world.receipts(CONTACT, 'off');
    const urls = { APP_DOMAIN_NAME: app.url, META_GRAPH_URL: meta.url, ...kind.env(vendor) };
    const process = contender.start({ ...urls, VOICE_MAX_CALLS: String(count) });
    const cpu = () => process.usage().cpuMs / 1_000;
    await online(world, numbers, 60_000, () => undefined);
    await delay(3_000);
    await chat(stage, app, { seconds: 3, rate });
    progress('messages alone');
    const alone = { from: cpu(), chatted: await chat(stage, app, { seconds, rate }), to: cpu() };
    await begin({ ...stage, app, meta, vendor }, kind, count, (talking) => progress(`${talking}/${count} talk`));
    progress('alone');
    const listen = () => Promise.all([meta.listen(seconds), vendor.listen(seconds)]);
    const quiet = { from: cpu(), heard: await listen(), to: cpu() };
    progress('calls and messages');
    const listening = listen();
    const both = { from: cpu(), chatted: await chat(stage, app, { seconds, rate }), to: cpu() };
    const beside = await listening;
    const packets = count * kind.hear * BEAT;
    return {
      row: `${count} ${kind.name} calls, ${numbers} numbers that chat at ${rate}/s each way${blame([...quiet.heard, ...beside])}`,
      contender: 'bridge',
      figures: [
        ...kind.figures('calls alone', together(quiet.heard)),
        ...heard('calls alone', together(quiet.heard), packets),
        ...kind.figures('beside messages', together(beside)),
        ...heard('beside messages', together(beside), packets),
        less('CPU per call', 's/s', (quiet.to - quiet.from) / seconds / count),
        less('CPU per call, beside messages', 's/s', (both.to - both.from - alone.to + alone.from) / seconds / count),
        ...spread('send without calls', alone.chatted.sent),
        ...spread('send beside calls', both.chatted.sent),
        ...spread('inbound without calls', alone.chatted.arrived),
        ...spread('inbound beside calls', both.chatted.arrived),
      ],
    };
  } finally {
    await contender.process().kill9();
    await Promise.all([app.close(), meta.stop(), vendor.stop()]);
  }
}

const spread = (what: string, samples: readonly number[]): Figure[] => [
  less(`${what}, p50`, 'ms', percentile(samples, 0.5)),
  less(`${what}, p99`, 'ms', percentile(samples, 0.99)),
];

/** What both sides heard; of their event loops the later one's, the busier one's. */
const together = (sides: readonly Listened[]): Listened => ({
  packets: sides.reduce((sum, { packets, seconds }) => sum + packets / seconds, 0),
  ways: sides.flatMap(({ ways }) => ways),
  late: sides.flatMap(({ late }) => late),
  answers: sides.flatMap(({ answers }) => answers),
  seconds: 1,
  loop: {
    busy: Math.max(...sides.map(({ loop }) => loop.busy)),
    p50: Math.max(...sides.map(({ loop }) => loop.p50)),
    p99: Math.max(...sides.map(({ loop }) => loop.p99)),
  },
});

function heard(when: string, { packets, loop }: Listened, expected: number): Figure[] {
  return [
    more(`packets heard, ${when}`, '%', (packets / expected) * 100),
    less(`the peers' own event loop is late, ${when}, p50`, 'ms', loop.p50),
    less(`the peers' own event loop is late, ${when}, p99`, 'ms', loop.p99),
    less(`the peers' own event loop, ${when}`, '% busy', loop.busy * 100),
  ];
}

/** Where a peer was late or busy itself, a packet's way says little of the bridge. */
function blame(sides: readonly Listened[]): string {
  const isTheirs = sides.some(
    ({ ways, late, loop }) => loop.busy > 0.8 || loop.p99 > percentile([...ways, ...late], 0.99) / 2,
  );
  return isTheirs ? ' (WARNING: the peers were the bottleneck of the packets)' : '';
}

const incoming = z.object({ id: z.string(), offer: z.string() });

/** All calls talk. */
async function begin(
  { contender, app, meta, vendor }: Town,
  { pipeline, keys, talk }: Kind,
  count: number,
  progress: (talking: number) => void,
): Promise<void> {
  app.answers.calls.keys = keys(vendor);
  let replies = 0;
  app.answers.calls.reply = () => {
    replies += 1;
    return REPLY;
  };
  app.answers.calls.assistants.set('1', {
    ...{ id: 1, name: 'Ada', ai_system_prompt: 'You sell flowers.', greeting_text: 'Good morning!' },
    ...{ meta: { voice_pipeline: pipeline, languages: [] }, exit_keywords: [], tools: [] },
  });
  for (let n = 1; n <= count; n += 1) {
    const { id, offer } = incoming.parse(await meta.ask('incoming', 'POST'));
    const answer = await call(`${contender.url}/api/waba-call/answer`, {
      body: {
        ...{ wa_call_id: n, meta_call_id: id, workspace_id: 3, assistant_id: 1, sdp_offer: offer },
        ...{ caller_phone: '5511912345678', callee_phone: '4915512345678' },
        ...{ meta_token: meta.secret, phone_number_id: '109', graph_version: 'v23.0' },
      },
      headers: { 'x-node-token': contender.token },
    });
    if (answer.status !== 202) throw new Error(`a call was answered ${answer.status}`);
    const talks = async () => (await meta.ask('talking', 'GET')) === n;
    await eventually(talks, { what: `call ${n} talks`, withinMs: 20_000, everyMs: 20 });
    progress(n);
  }
  await talk(count, vendor, () => replies);
}
