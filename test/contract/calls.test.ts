/**
 * Calls through the whole bridge: HTTP in, WebRTC with Meta's peer, both pipelines with their vendors' peers, callbacks to the
 * app. Contract voice §4-§6, §8, §9, §11. Timings are printed.
 */
import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCodec, type Codec, FRAME_SAMPLES } from '../../src/actors/voice/opus.ts';
import { SILENCE } from '../../src/actors/voice/opus-toc.ts';
import { breakThreads, PRELOAD } from '../helpers/broken-threads.ts';
import { CallTown } from '../helpers/call-town.ts';
import { joined, pitchOf, toneFrames } from '../helpers/caller.ts';
import { eventually } from '../helpers/eventually.ts';
import type { MetaCall } from '../loopback/calls/calls-peer.ts';
import { nowMs, type Packet } from '../loopback/calls/media.ts';
import { PITCH } from '../loopback/speech/speech-peer.ts';

let town: CallTown;
let codec: Codec;

beforeAll(async () => {
  codec = openCodec();
  town = await CallTown.open({ preload: [PRELOAD] });
}, 200_000);
afterAll(async () => {
  if (town.bridge.process.exit === undefined) await town.bridge.outboxEmpty(10_000);
  expect([town.meta.violations, town.vendor.violations, town.speech.refused, town.app.violations()]).toEqual([
    [],
    [],
    [],
    [],
  ]);
  await town.close();
  codec.close();
});

const soon = (what: string, probe: () => boolean, withinMs = 15_000) =>
  eventually(probe, { what, withinMs, everyMs: 5 });
const spoken = (packets: readonly Packet[]) => packets.filter(({ payload }) => !payload.equals(SILENCE));
const since = (call: MetaCall, at: number | undefined) => `${((at ?? Number.NaN) - call.begunAt).toFixed(0)} ms`;
const acceptedAt = (call: MetaCall) => call.said.find(({ action }) => action === 'accept')?.at;

/** Packets that are none of these frames, byte for byte. */
const changed = (packets: readonly Packet[], frames: readonly Buffer[]) =>
  packets.filter(({ payload }) => !frames.some((frame) => frame.equals(payload)));

/** The files of both sides, which are brought to one length when the call has ended. */
async function recorded({ id }: MetaCall): Promise<string[]> {
  const files = ['agent', 'user'].map((side) => `${town.dir}/recordings/${id}_${side}.pcm`);
  await soon('both files end together', () => {
    const [agent = 0, user = 0] = files.map((file) => statSync(file, { throwIfNoEntry: false })?.size);
    return agent > 0 && Math.abs(agent - user) <= FRAME_SAMPLES * 2;
  });
  return files;
}

describe('an incoming call', () => {
  it('pipeline B: pre_accept, accept, greeting heard, a turn, the goodbye, one terminate; recorded, packets untouched (V-20, V-30, V-34)', async () => {
    const [callers, models] = [toneFrames(codec, 10), toneFrames(codec, 10)];
    town.meta.onAccept = (each) => {
      each.media.talk((n) => callers[n % 10] as Buffer);
      const model = town.vendor.calls.at(-1);
      if (model) model.frame = (n) => models[n % 10] as Buffer;
    };
    const assistant = town.assistant('realtime', {
      ...{ exit_keywords: ['goodbye'], last_greeting: 'Bye.', record_agent: true, record_user: true },
    });
    const { call, id, answer } = await town.incoming(assistant);
    expect([answer.status, answer.body]).toEqual([202, { ok: true, status: 'bridging' }]);
    await soon('the greeting is heard', () => spoken(call.media.heard).length > 0);
    const first = spoken(call.media.heard)[0]?.at;
    console.info(`realtime: accepted after ${since(call, acceptedAt(call))}, first word after ${since(call, first)}`);
    const model = town.vendor.calls.at(-1);
    await soon('the caller is heard', () => (model?.media.heard.length ?? 0) > 20);
    expect(changed(model?.media.heard ?? [], callers)).toEqual([]);
    expect((await town.bridge.call('/health')).body).toMatchObject({ calls: { live: 1, realtime: 1 } });
    await soon('the greeting is told', () => town.turnsOf(id).length === 1);
    if (model) model.frames = 10;
    model?.hear('Thank you, goodbye!', 50);
    await soon('it has ended at Meta', () => call.state === 'ended');
    await soon('all turns are told', () => town.turnsOf(id).length === 3);
    expect(town.turnsOf(id)).toEqual(['agent: Good morning!', 'user: Thank you, goodbye!', 'agent: Bye.']);
    expect([call.words, town.errorsOf(id)]).toEqual([['pre_accept', 'accept', 'terminate'], []]);
    await soon('the vendor is hung up', () => model?.hungUp === true);
    expect(changed(spoken(call.media.heard), models)).toEqual([]);
    town.meta.onAccept = (each) => each.media.talk();
    for (const file of await recorded(call)) expect(loudest(file)).toBeGreaterThan(1_000);
  });

  it('pipeline A: greeting heard, a turn understood, the reply heard and recorded on one timeline (V-12, V-13, V-14)', async () => {
    const loud = toneFrames(codec, 25);
    const quiet = Buffer.from(SILENCE);
    let loudUntil = 0;
    town.meta.onAccept = (each) => each.media.talk((n) => (n < loudUntil ? (loud[n % loud.length] as Buffer) : quiet));
    const assistant = town.assistant('cascade', { record_agent: true, record_user: '1' });
    const { call, id } = await town.incoming(assistant);
    await soon('the greeting was told', () => town.turnsOf(id).length === 1);
    const first = spoken(call.media.heard)[0]?.at;
    console.info(`cascade: accepted after ${since(call, acceptedAt(call))}, first word after ${since(call, first)}`);
    town.speech.hears.push('When do you close?');
    const before = call.media.heard.length;
    loudUntil = call.media.said + 20;
    await soon('the reply was told', () => town.turnsOf(id).length === 3);
    expect(town.turnsOf(id)).toEqual([
      'agent: Good morning!',
      'user: When do you close?',
      'agent: We are open until six.',
    ]);
    const heard = spoken(call.media.heard.slice(before)).map(
      ({ payload }) => codec.decode(payload) ?? new Int16Array(),
    );
    expect(pitchOf(joined(heard).subarray(9_600))).toBeCloseTo(PITCH.elevenlabs, -2);
    await town.post('terminate', { meta_call_id: call.id });
    await soon('it has ended at Meta', () => call.state === 'ended');
    town.meta.onAccept = (each) => each.media.talk();
    const files = await recorded(call);
    expect(statSync(files[0] ?? '').mode & 0o007).toBe(0);
    for (const file of files) expect(loudest(file)).toBeGreaterThan(1_000);
  });
});

describe('a call that the app dials', () => {
  it.each(['realtime', 'cascade'] as const)(
    'pipeline of %s: offer, link, answer, pick-up, greeting heard, terminate (V-06)',
    async (pipeline) => {
      const { id, dialled } = await town.outgoing(town.assistant(pipeline));
      const call = await dialled;
      await soon('it connects', () => call.media.connected);
      await soon('silence keeps it open', () => call.media.heard.length > 10);
      expect(spoken(call.media.heard)).toEqual([]);
      const pickedUp = nowMs();
      call.media.talk();
      await soon('the greeting is heard', () => spoken(call.media.heard).length > 0);
      const first = spoken(call.media.heard)[0]?.at ?? 0;
      console.info(`${pipeline}, dialled: first word ${(first - pickedUp).toFixed(0)} ms after the pick-up`);
      await soon('the greeting is told', () => town.turnsOf(id).length === 1);
      await town.post('terminate', { meta_call_id: call.id });
      await soon('it has ended at Meta', () => call.state === 'ended');
      expect([call.words, town.errorsOf(id)]).toEqual([['terminate'], []]);
    },
  );
});

describe('around a call', () => {
  it('V-20: turns of an app outage arrive afterwards, in order and without gaps', async () => {
    const { call, id } = await town.incoming(town.assistant('realtime'));
    await soon('the greeting is told', () => town.turnsOf(id).length === 1);
    const model = town.vendor.calls.at(-1);
    await town.app.mode({ mode: 'down' });
    for (let n = 1; n <= 6; n += 1) {
      model?.hear(`question ${n}`, n % 2 === 0 ? 0 : 40);
      await new Promise((resolve) => setTimeout(resolve, 60));
      model?.speak(`answer ${n}`, 2);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await town.app.mode({ mode: 'ok' });
    await soon('all are told', () => town.turnsOf(id).length === 13, 20_000);
    const expected = [1, 2, 3, 4, 5, 6].flatMap((n) => [`user: question ${n}`, `agent: answer ${n}`]);
    expect(town.turnsOf(id)).toEqual(['agent: Good morning!', ...expected]);
    await town.post('terminate', { meta_call_id: call.id });
    await soon('it has ended at Meta', () => call.state === 'ended');
  });

  it('§12: /metrics tells how calls went, how long they took to set up, and what was heard and said', async () => {
    const none = async () => ((await town.bridge.call('/health')).body as { calls: { live: number } }).calls.live === 0;
    await eventually(none, { what: 'no call is left', withinMs: 15_000, everyMs: 20 });
    const text = String((await town.bridge.call('/metrics')).body);
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value('bridge_calls_total\\{outcome="talked"\\}')).toBe(5);
    for (const name of ['setup_seconds', 'first_word_seconds', 'jitter_seconds'])
      expect(value(`bridge_call_${name}_count`), name).toBe(5);
    expect(value('bridge_call_setup_seconds_sum')).toBeGreaterThan(0.01);
    expect(value('bridge_call_packets_total\\{what="heard"\\}')).toBeGreaterThan(100);
    expect(value('bridge_call_packets_total\\{what="said"\\}')).toBeGreaterThan(50);
  });

  it('TD3: a thread of calls that breaks ends them at Meta and at the app, and the next call is answered', async () => {
    const { call, id } = await town.incoming(town.assistant('realtime'));
    await soon('the greeting is heard', () => spoken(call.media.heard).length > 0);
    breakThreads(town.bridge.process);
    await soon('it has ended at Meta', () => call.state === 'ended');
    await soon('it is told', () => town.errorsOf(id).length > 0);
    expect([call.words, town.errorsOf(id)]).toEqual([
      ['pre_accept', 'accept', 'terminate'],
      ['the calls of the bridge broke down'],
    ]);
    expect((await town.bridge.call('/health')).body).toMatchObject({ calls: { live: 0 } });
    expect((await town.post('record', { meta_call_id: call.id })).status).toBe(404);
    const next = await town.incoming(town.assistant('realtime'));
    // It waits for a new thread, so nothing more is asked of it than its first word.
    await soon('the next is answered', () => next.call.words.includes('pre_accept'), 40_000);
    await town.post('terminate', { meta_call_id: next.call.id });
  });

  it('§6, V-35: the end of the process ends calls at Meta; no secret is in its log', async () => {
    const { call } = await town.incoming(town.assistant('realtime'));
    await soon('the greeting is heard', () => spoken(call.media.heard).length > 0);
    const { code } = await town.bridge.stop();
    expect([code, call.words]).toEqual([0, ['pre_accept', 'accept', 'terminate']]);
    const printed = readFileSync(town.bridge.output, 'utf8') + readFileSync(town.bridge.logFile, 'utf8');
    for (const secret of [town.meta.token, town.vendor.key, 'el-key', 'dg-key', '5511912345678', 'Good morning'])
      expect(printed.includes(secret), secret.slice(0, 4)).toBe(false);
  });
});

function loudest(file = ''): number {
  const bytes = readFileSync(file);
  let most = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) most = Math.max(most, Math.abs(bytes.readInt16LE(at)));
  return most;
}
