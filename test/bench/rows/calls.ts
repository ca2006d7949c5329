/**
 * Relayed calls beside chatting numbers: what the relay adds to a packet's way, what a call costs, and what calls do to
 * messages. Only the bridge: the baselines know no calls.
 *
 * Meta's side, the vendor and WhatsApp are processes of their own; the app is in this one, which does little else. A packet
 * passes the event loop of the peer that hears it: how late that was is a figure, and where it explains the bridge's own
 * figures, the name of the row says so.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import { Process, START_MS } from '../../helpers/process.ts';
import { program } from '../../helpers/programs.ts';
import { type AppPeer, startAppPeer } from '../../loopback/app/app-peer.ts';
import type { Bench, Stage } from '../bench.ts';
import { online } from '../contenders.ts';
import { type Figure, less, more, percentile, type Row } from '../figures.ts';
import { Poster } from '../poster.ts';

const CALLS = 30;
const NUMBERS = 50;
/** Messages a second, in each direction. */
const RATE = 25;
const SECONDS = 30;
const CONTACT = '5511955550001';
/** Of both sides of every call, a second. */
const PACKETS = CALLS * 2 * 50;

const ready = z.object({ control: z.string(), url: z.string(), secret: z.string() });
const incoming = z.object({ id: z.string(), offer: z.string() });
const listened = z.object({
  ways: z.array(z.number()),
  seconds: z.number(),
  loop: z.object({ busy: z.number(), p50: z.number(), p99: z.number() }),
});
type Listened = z.infer<typeof listened>;

type Town = Stage & { readonly app: AppPeer; readonly meta: Side; readonly vendor: Side };
type Chatted = { readonly sent: readonly number[]; readonly arrived: readonly number[] };

/** Meta's side or the vendor's (call-peer-process.ts). */
class Side {
  readonly url: string;
  readonly secret: string;
  readonly #control: string;
  readonly #process: Process;

  private constructor(process: Process, { control, url, secret }: z.infer<typeof ready>) {
    this.#process = process;
    this.#control = control;
    this.url = url;
    this.secret = secret;
  }

  static async start(side: 'meta' | 'vendor', cwd: string): Promise<Side> {
    const args = [program('test/bench/call-peer-process.ts'), side];
    const process = new Process({ args, cwd, output: `${cwd}/${side}.txt` });
    return new Side(process, ready.parse(JSON.parse(await process.line(/^\{"control":/, START_MS))));
  }

  async ask(path: string, method: 'GET' | 'POST', timeoutMs = 30_000): Promise<unknown> {
    const { status, body } = await call(`${this.#control}/${path}`, { method, timeoutMs });
    if (status !== 200) throw new Error(`${path} was answered ${status}`);
    return body;
  }

  async listen(seconds: number): Promise<Listened> {
    return listened.parse(await this.ask(`listen/${seconds}`, 'POST', seconds * 1_000 + 30_000));
  }

  async stop(): Promise<void> {
    await this.#process.kill9();
  }
}

export async function calls(bench: Bench): Promise<Row[]> {
  if (!bench.names.includes('bridge')) return [];
  await using stage = await bench.stage('bridge', NUMBERS);
  const { contender, world, dir } = stage;
  const [app, meta, vendor] = await Promise.all([
    startAppPeer({ token: world.token, record: 'ids' }),
    Side.start('meta', dir),
    Side.start('vendor', dir),
  ]);
  try {
    const seconds = Math.max(5, bench.size(SECONDS));
    const town = { ...stage, app, meta, vendor };
    await world.receipts(CONTACT, 'off');
    const urls = { APP_DOMAIN_NAME: app.url, META_GRAPH_URL: meta.url, VOICE_REALTIME_URL: vendor.url };
    const process = contender.start({ ...urls, VOICE_MAX_CALLS: String(CALLS) });
    const cpu = () => process.usage().cpuMs / 1_000;
    await online(world, NUMBERS, 60_000, () => undefined);
    await delay(3_000);
    await chat(town, 3);
    bench.progress('calls: messages alone');
    const alone = { from: cpu(), chatted: await chat(town, seconds), to: cpu() };
    await begin(town, (talking) => bench.progress(`calls: ${talking}/${CALLS} talk`));
    bench.progress('calls: alone');
    const listen = () => Promise.all([meta.listen(seconds), vendor.listen(seconds)]);
    const quiet = { from: cpu(), heard: await listen(), to: cpu() };
    bench.progress('calls: calls and messages');
    const listening = listen();
    const both = { from: cpu(), chatted: await chat(town, seconds), to: cpu() };
    const beside = await listening;
    return [
      {
        row: `${CALLS} relayed calls, ${NUMBERS} numbers that chat at ${RATE}/s each way${blame([...quiet.heard, ...beside])}`,
        contender: 'bridge',
        figures: [
          ...packets('calls alone', quiet.heard),
          ...packets('beside messages', beside),
          less('CPU per call', 's/s', (quiet.to - quiet.from) / seconds / CALLS),
          less('CPU per call, beside messages', 's/s', (both.to - both.from - alone.to + alone.from) / seconds / CALLS),
          ...spread('send without calls', alone.chatted.sent),
          ...spread('send beside calls', both.chatted.sent),
          ...spread('inbound without calls', alone.chatted.arrived),
          ...spread('inbound beside calls', both.chatted.arrived),
        ],
      },
    ];
  } finally {
    await contender.process().kill9();
    await Promise.all([app.close(), meta.stop(), vendor.stop()]);
  }
}

const spread = (what: string, samples: readonly number[]): Figure[] => [
  less(`${what}, p50`, 'ms', percentile(samples, 0.5)),
  less(`${what}, p99`, 'ms', percentile(samples, 0.99)),
];

/** What both sides heard, and how late and busy their own event loops were: the later one's, the busier one's. */
const packets = (when: string, sides: readonly Listened[]): Figure[] => [
  ...spread(
    `packet, ${when}`,
    sides.flatMap(({ ways }) => ways),
  ),
  more(`packets heard, ${when}`, '%', (heardASecond(sides) / PACKETS) * 100),
  less(`the peers' own event loop is late, ${when}, p50`, 'ms', Math.max(...sides.map(({ loop }) => loop.p50))),
  less(`the peers' own event loop is late, ${when}, p99`, 'ms', Math.max(...sides.map(({ loop }) => loop.p99))),
  less(`the peers' own event loop, ${when}`, '% busy', Math.max(...sides.map(({ loop }) => loop.busy)) * 100),
];

const heardASecond = (sides: readonly Listened[]): number =>
  sides.reduce((sum, { ways, seconds }) => sum + ways.length / seconds, 0);

/** Where a peer was late or busy itself, a packet's way says little of the bridge. */
function blame(sides: readonly Listened[]): string {
  const isTheirs = sides.some(({ ways, loop }) => loop.busy > 0.8 || loop.p99 > percentile(ways, 0.99) / 2);
  return isTheirs ? ' (WARNING: the peers were the bottleneck of the packets)' : '';
}

/** All calls talk, both sides without a pause. */
async function begin({ contender, app, meta, vendor }: Town, progress: (talking: number) => void): Promise<void> {
  app.answers.calls.keys = { deepgram: '', openai: vendor.secret, elevenlabs: '' };
  app.answers.calls.assistants.set('1', {
    ...{ id: 1, name: 'Ada', ai_system_prompt: 'You sell flowers.', greeting_text: 'Good morning!' },
    ...{ meta: { voice_pipeline: 'realtime', languages: [] }, exit_keywords: [], tools: [] },
  });
  for (let n = 1; n <= CALLS; n += 1) {
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
  // After the greetings: a model that is still saying one would fall silent at its end.
  await delay(2_000);
  const models = await vendor.ask('talk', 'POST');
  if (models !== CALLS) throw new Error(`${String(models)} models talk in ${CALLS} calls`);
  await delay(2_000);
}

/** Sends and inbound messages at a steady rate; resolves to their latencies. */
async function chat({ contender, world, phones, app }: Town, seconds: number): Promise<Chatted> {
  const total = seconds * RATE;
  for (const [n, phone] of phones.entries()) {
    const body = { to: phone, count: Math.ceil(total / phones.length) };
    await call(`${world.control}/contacts/4930555${String(n).padStart(4, '0')}/prepare`, { body, timeoutMs: 60_000 });
  }
  const before = app.requests({ path: '/api/inbound-message' }).length;
  const released = call(`${world.control}/release`, { body: { rate: RATE }, timeoutMs: 120_000 });
  const poster = new Poster(contender.url, contender.token, RATE);
  const begun = performance.now();
  const sends = Array.from({ length: total }, async (_, n) => {
    await delay((n * 1_000) / RATE);
    const at = performance.now();
    const body = { targetPhoneNumber: CONTACT, message: `message ${n}` };
    const status = await poster.post(`/api/send-message/${phones[n % phones.length] ?? ''}`, body);
    if (status !== 200) throw new Error(`a send was answered ${status}`);
    return performance.now() - at;
  });
  const sent = await Promise.all(sends);
  const { body } = await released;
  const sentAt = new Map((body as { sent: [id: string, at: number][] }).sent);
  const arrivals = () =>
    app
      .requests({ path: '/api/inbound-message' })
      .slice(before)
      .flatMap(({ id, at }) => {
        const from = id === undefined ? undefined : sentAt.get(id);
        return from === undefined ? [] : [at - from];
      });
  const all = () => arrivals().length >= sentAt.size;
  await eventually(all, { what: `all of ${seconds} s arrive`, withinMs: 60_000, everyMs: 200 });
  await delay(Math.max(0, begun + seconds * 1_000 - performance.now()));
  await poster.close();
  return { sent, arrived: arrivals() };
}
