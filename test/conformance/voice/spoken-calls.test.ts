/**
 * Calls that the cascade answers over real WebRTC: Meta's loopback peer with a phone that speaks Opus, the loopback app and
 * the loopback speech vendors; and what is recorded of them. Contract voice §4, §8, §10, §11.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { cascade } from '../../../src/actors/voice/cascade/cascade.ts';
import { FRAME_SAMPLES, openCodec } from '../../../src/actors/voice/opus.ts';
import { SILENCE } from '../../../src/actors/voice/opus-toc.ts';
import { appClient } from '../../../src/app-client/client.ts';
import { VoiceCalls } from '../../../src/app-client/voice-calls.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { appAgent } from '../../../src/net.ts';
import { socketOpener } from '../../../src/net/socket.ts';
import { streams } from '../../../src/net/streamed.ts';
import { CallHouse } from '../../helpers/call-house.ts';
import { joined, pitchOf, toneFrames } from '../../helpers/caller.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { MetaCall } from '../../loopback/calls/calls-peer.ts';
import { PITCH, type SpeechPeer, startSpeechPeer } from '../../loopback/speech/speech-peer.ts';

let house: CallHouse;
let vendors: SpeechPeer;
const http = streams(systemClock);
const agent = appAgent(4);
const logged: string[] = [];
/** What the next calls ask the app with; the house's own app is asked. */
let app: VoiceCalls;

const codec = openCodec();
const tone = toneFrames(codec, 20);

beforeAll(async () => {
  vendors = await startSpeechPeer();
  const urls = { deepgram: vendors.url, openai: vendors.url, elevenlabs: vendors.url };
  const maker = cascade({
    ...{ clock: systemClock, open: socketOpener(systemClock), streams: http, urls, bargeIn: true, random: () => 0 },
    app: { reply: (...all) => app.reply(...all), search: (...all) => app.search(...all) },
    callTool: () => Promise.resolve(undefined),
    log: createLog({ level: 'trace', stream: { write: (line) => logged.push(line) } }),
  });
  house = await CallHouse.open({ makers: { cascade: maker, realtime: maker } });
  app = new VoiceCalls(
    appClient({ baseUrl: house.app.url, token: house.app.token, connections: agent, clock: systemClock }),
  );
  house.app.answers.calls.keys = vendors.keys;
  house.meta.onAccept = () => undefined;
});
afterEach(() => {
  house.app.answers.calls.flow = undefined;
});
afterAll(async () => {
  await house.quiet();
  expect([house.meta.violations, house.app.violations(), vendors.refused]).toEqual([[], [], []]);
  await house.close();
  await Promise.all([http.close(), agent.close(), vendors.close()]);
  codec.close();
});

const soon = (what: string, probe: () => boolean, withinMs = 12_000) =>
  eventually(probe, { what, withinMs, everyMs: 5 });
const assistant = (fields: object) =>
  house.app.answers.calls.assistants.set('5', { id: 5, name: 'Ada', greeting_text: 'Good morning!', ...fields });
const turnsOf = (id: string) =>
  house.told.flatMap((fact) => (fact.kind === 'call turn' && fact.call === id ? [`${fact.role}: ${fact.text}`] : []));
/** The caller says something, and then nothing: a phone that sends silence. */
const speaks = ({ media }: MetaCall, words: string) => {
  vendors.hears.push(words);
  const begun = media.said;
  media.talk((n) => (n - begun < 20 ? tone[n - begun] : Buffer.from(SILENCE)));
};
/** What the caller's phone plays. */
const heardBy = ({ media }: MetaCall) => {
  const ear = openCodec();
  const pcm = media.heard.map(({ payload, at }) => ({ at, pcm: ear.decode(payload) ?? new Int16Array() }));
  ear.close();
  return pcm.filter((frame) => frame.pcm.some((sample) => Math.abs(sample) > 1_000));
};

it('V-12, V-20: an inbound call from pre_accept to the hang-up; both sides recorded on one timeline, the reply in it', async () => {
  assistant({ record_agent: true, record_user: true, exit_keywords: ['goodbye'], last_greeting: 'Bye' });
  const { call, id } = await house.incoming();
  await soon('the greeting is heard', () => heardBy(call).length > 5);
  const accepted = call.said.find(({ action }) => action === 'accept')?.at ?? 0;
  const greeted = heardBy(call)[0]?.at ?? 0;
  await soon('the greeting was said', () => turnsOf(id).length === 1);
  speaks(call, 'When do you close?');
  await soon('the reply was said', () => turnsOf(id).length === 3);
  const length = call.media.heard.length;
  speaks(call, 'Thanks, goodbye.');
  await soon('it has ended at Meta', () => call.state === 'ended');
  await house.quiet();
  console.info(
    `answered after ${(accepted - call.begunAt).toFixed(0)} ms, greeting heard ${(greeted - accepted).toFixed(0)} ms after accept`,
  );
  expect(turnsOf(id)).toEqual([
    ...['agent: Good morning!', 'user: When do you close?', 'agent: We are open until six.'],
    ...['user: Thanks, goodbye.', 'agent: Bye'],
  ]);
  expect(call.words).toEqual(['pre_accept', 'accept', 'terminate']);
  expect(house.errorsOf(id)).toEqual([]);
  expect(pitchOf(joined(heardBy(call).map(({ pcm }) => pcm)).subarray(4_800))).toBeCloseTo(PITCH.elevenlabs, -2);
  expect(call.media.heard.length).toBeGreaterThan(length);

  const [said, heard] = [read(`${call.id}_agent.pcm`), read(`${call.id}_user.pcm`)];
  expect(said.length).toBe(heard.length);
  const [agentMs, userMs] = [soundOf(said), soundOf(heard)];
  // Greeting, turn, reply, turn, goodbye, one behind the other, and true to the clock.
  const story = [...agentMs.map((at) => ({ at, who: 'agent' })), ...userMs.map((at) => ({ at, who: 'user' }))]
    .toSorted((a, b) => a.at - b.at)
    .map(({ who }) => who)
    .filter((who, at, all) => who !== all[at - 1]);
  expect(story).toEqual(['agent', 'user', 'agent', 'user', 'agent']);
  // 200 ms of greeting, some 400 of the reply, 200 of the goodbye; two utterances of the caller.
  expect(agentMs.length * 20).toBeGreaterThan(700);
  expect(agentMs.length * 20).toBeLessThan(1_000);
  expect(userMs.length * 20).toBeGreaterThan(700);
  const lasted = call.media.heard.at(-1)?.at ?? 0;
  expect(Math.abs(said.length / 48 - (lasted - accepted))).toBeLessThan(1_500);
});

it('V-13, V-14: only the side that the app allows; /record adds the other, silent until then; nothing else is made', async () => {
  const before = house.recordings;
  assistant({ record_agent: false, record_user: false });
  const first = await house.incoming();
  await soon('the greeting was said', () => turnsOf(first.id).length === 1);
  house.calls.terminate(first.call.id);
  await house.quiet();
  expect(readdirSync(before).filter((name) => name.startsWith(first.call.id))).toEqual([]);

  assistant({ record_agent: false, record_user: '1' });
  const { call, id } = await house.incoming();
  // Before the gate is open nobody is heard.
  await soon('the greeting was said', () => turnsOf(id).length === 1);
  speaks(call, 'hello');
  await soon('the turn was taken', () => turnsOf(id).some((turn) => turn.startsWith('user')));
  const agentSo = turnsOf(id).length;
  expect([house.calls.record(call.id), house.calls.record(call.id)]).toEqual([true, true]);
  await soon('the reply was said', () => turnsOf(id).length > agentSo);
  house.calls.terminate(call.id);
  await house.quiet();
  const [said, heard] = [read(`${call.id}_agent.pcm`), read(`${call.id}_user.pcm`)];
  expect(said.length).toBe(heard.length);
  expect(soundOf(said)[0]).toBeGreaterThan(soundOf(heard).at(-1) ?? 0);
});

it('V-18: a call flow: say, a key, menu, hang-up', async () => {
  assistant({});
  const node = (nodeId: string, type: string, data: object) => ({ id: nodeId, type, data });
  const edge = (source: string, target: string, sourceHandle = 'out') => ({ source, target, sourceHandle });
  house.app.answers.calls.flow = {
    flowNodes: [
      node('t', 'trigger', {}),
      node('a', 'cf_say', { text: 'Press one or two' }),
      node('b', 'cf_listen', {}),
      node('m', 'cf_menu', { options: [{ match: 'one' }, { match: 'two' }] }),
      node('x', 'cf_hangup', { goodbye: 'Wrong' }),
      node('y', 'cf_hangup', { goodbye: 'You pressed {{caller_said}}' }),
    ],
    flowEdges: [edge('t', 'a'), edge('a', 'b'), edge('b', 'm'), edge('m', 'x', 'p0'), edge('m', 'y', 'p1')],
  };
  const { call, id } = await house.incoming();
  await soon('it is said', () => turnsOf(id).length === 1);
  call.media.say(Buffer.from(SILENCE));
  call.media.press('2');
  await soon('it has ended at Meta', () => call.state === 'ended');
  expect(turnsOf(id)).toEqual(['agent: Press one or two', 'user: 2', 'agent: You pressed 2']);
  expect(call.words.at(-1)).toBe('terminate');
});

it('no vendor socket is left, and no key was logged (V-35)', async () => {
  await house.quiet();
  await soon('the vendors have no socket', () => vendors.open === 0);
  for (const key of Object.values(vendors.keys)) expect(logged.join() + house.logged.join()).not.toContain(key);
});

function read(name: string): Int16Array {
  const bytes = readFileSync(join(house.recordings, name));
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
/** The ms of frames with sound. */
function soundOf(pcm: Int16Array): number[] {
  const at: number[] = [];
  for (let begin = 0; begin < pcm.length; begin += FRAME_SAMPLES)
    if (pcm.subarray(begin, begin + FRAME_SAMPLES).some((sample) => Math.abs(sample) > 1_000)) at.push(begin / 48);
  return at;
}
