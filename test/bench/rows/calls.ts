/**
 * Relayed calls beside chatting numbers: what the relay adds to a packet's way, what a call costs, and what calls do to
 * messages. Only the bridge: the baselines know no calls.
 *
 * The peers of the calls and the app run in this process, WhatsApp in another: the CPU is the bridge's alone, the latencies
 * have a share of this process's own. When its event loop is near 100 % busy (a figure below), they are the peers' and say
 * nothing of the bridge.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import { type AppPeer, startAppPeer } from '../../loopback/app/app-peer.ts';
import { type CallsPeer, startCallsPeer } from '../../loopback/calls/calls-peer.ts';
import { isStamped, type Media, nowMs, stampOf } from '../../loopback/calls/media.ts';
import { type RealtimePeer, startRealtimePeer } from '../../loopback/realtime/realtime-peer.ts';
import type { Bench, Stage } from '../bench.ts';
import { online } from '../contenders.ts';
import { type Figure, less, percentile, type Row } from '../figures.ts';
import { Poster } from '../poster.ts';

const CALLS = 30;
const NUMBERS = 50;
/** Messages a second, in each direction. */
const RATE = 25;
const SECONDS = 30;
const CONTACT = '5511955550001';

type Town = Stage & { readonly app: AppPeer; readonly meta: CallsPeer; readonly vendor: RealtimePeer };
type Chatted = { readonly sent: readonly number[]; readonly arrived: readonly number[] };

export async function calls(bench: Bench): Promise<Row[]> {
  if (!bench.names.includes('bridge')) return [];
  await using stage = await bench.stage('bridge', NUMBERS);
  const { contender, world } = stage;
  const [app, meta, vendor] = await Promise.all([
    startAppPeer({ token: world.token, record: 'ids' }),
    startCallsPeer(),
    startRealtimePeer(),
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
    const ways = await begin(town, (talking) => bench.progress(`calls: ${talking}/${CALLS} talk`));
    bench.progress('calls: alone');
    const loop = performance.eventLoopUtilization();
    const quiet = { from: cpu(), heard: await ways.listen(seconds), to: cpu() };
    const peers = performance.eventLoopUtilization(loop).utilization;
    bench.progress('calls: calls and messages');
    const both = { from: cpu(), heard: ways.listen(seconds), chatted: await chat(town, seconds), to: cpu() };
    const beside = await both.heard;
    return [
      {
        row: `${CALLS} relayed calls, ${NUMBERS} numbers that chat at ${RATE}/s each way`,
        contender: 'bridge',
        figures: [
          ...spread('packet, calls alone', quiet.heard),
          ...spread('packet, beside messages', beside),
          less("the peers' own event loop, calls alone", '% busy', peers * 100),
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
    await Promise.all([app.close(), meta.close(), vendor.close()]);
  }
}

const spread = (what: string, samples: readonly number[]): Figure[] => [
  less(`${what}, p50`, 'ms', percentile(samples, 0.5)),
  less(`${what}, p99`, 'ms', percentile(samples, 0.99)),
];

/** All calls talk, both sides without a pause. */
async function begin({ contender, app, meta, vendor }: Town, progress: (talking: number) => void) {
  app.answers.calls.keys = { deepgram: '', openai: vendor.key, elevenlabs: '' };
  app.answers.calls.assistants.set('1', {
    ...{ id: 1, name: 'Ada', ai_system_prompt: 'You sell flowers.', greeting_text: 'Good morning!' },
    ...{ meta: { voice_pipeline: 'realtime', languages: [] }, exit_keywords: [], tools: [] },
  });
  let ways: number[] | undefined;
  const listening = (media: Media) => {
    media.onPacket = ({ at, payload }) => {
      if (isStamped(payload)) ways?.push(at - stampOf(payload).at);
    };
  };
  for (let n = 1; n <= CALLS; n += 1) {
    const { call: incoming, offer } = await meta.incoming();
    listening(incoming.media);
    const answer = await call(`${contender.url}/api/waba-call/answer`, {
      body: {
        ...{ wa_call_id: n, meta_call_id: incoming.id, workspace_id: 3, assistant_id: 1, sdp_offer: offer },
        ...{ caller_phone: '5511912345678', callee_phone: '4915512345678' },
        ...{ meta_token: meta.token, phone_number_id: '109', graph_version: 'v23.0' },
      },
      headers: { 'x-node-token': contender.token },
    });
    if (answer.status !== 202) throw new Error(`a call was answered ${answer.status}`);
    await eventually(() => incoming.state === 'accepted', { what: `call ${n} talks`, withinMs: 20_000, everyMs: 20 });
    progress(n);
  }
  for (const model of vendor.calls) {
    listening(model.media);
    model.media.talk();
  }
  await delay(2_000);
  return {
    async listen(seconds: number): Promise<number[]> {
      const heard: number[] = [];
      ways = heard;
      await delay(seconds * 1_000);
      ways = undefined;
      return heard;
    },
  };
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
  const begun = nowMs();
  const sends = Array.from({ length: total }, async (_, n) => {
    await delay((n * 1_000) / RATE);
    const at = nowMs();
    const body = { targetPhoneNumber: CONTACT, message: `message ${n}` };
    const status = await poster.post(`/api/send-message/${phones[n % phones.length] ?? ''}`, body);
    if (status !== 200) throw new Error(`a send was answered ${status}`);
    return nowMs() - at;
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
  await delay(Math.max(0, begun + seconds * 1_000 - nowMs()));
  await poster.close();
  return { sent, arrived: arrivals() };
}
