/**
 * Pipeline A over real sockets: the loopback speech vendors, real Opus, the real clock; only the call and the app's language
 * model are the test's. Contract voice §8.
 */
import { afterAll, expect, it } from 'vitest';
import { cascade, type CascadeOptions } from '../../../src/actors/voice/cascade/cascade.ts';
import { lowering, raising } from '../../../src/actors/voice/cascade/resample.ts';
import { openCodec } from '../../../src/actors/voice/opus.ts';
import { assistantOf } from '../../../src/app-client/voice-calls.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { socketOpener } from '../../../src/net/socket.ts';
import { streams } from '../../../src/net/streamed.ts';
import { Caller, joined, pitchOf } from '../../helpers/caller.ts';
import { eventually } from '../../helpers/eventually.ts';
import { PITCH, type SpeechPeer, startSpeechPeer } from '../../loopback/speech/speech-peer.ts';

const http = streams(systemClock);
const peers: SpeechPeer[] = [];
afterAll(async () => {
  await http.close();
  await Promise.all(peers.map((peer) => peer.close()));
});

type Setup = {
  readonly assistant?: Record<string, unknown>;
  readonly keys?: Partial<SpeechPeer['keys']>;
  readonly reply?: CascadeOptions['app']['reply'];
};

/** Vendors of its own for each test, so that tests run beside each other: most of their time is speech. */
async function vendors() {
  const peer = await startSpeechPeer();
  peers.push(peer);
  const logged: string[] = [];
  const call = ({ assistant = {}, keys = peer.keys, reply }: Setup = {}): Caller => {
    const caller = new Caller();
    const maker = cascade({
      clock: systemClock,
      open: socketOpener(systemClock),
      streams: http,
      app: { reply: reply ?? (() => Promise.resolve('It is open until six.')), search: () => Promise.resolve('') },
      callTool: () => Promise.resolve(undefined),
      urls: { deepgram: peer.url, openai: peer.url, elevenlabs: peer.url },
      bargeIn: true,
      log: createLog({ level: 'trace', stream: { write: (line) => logged.push(line) } }),
      random: () => 0,
    });
    const brief = {
      ...{ call: '7', workspace: '3', assistantId: '5', callerPhone: '491700000001', calleePhone: '491700000002' },
      assistant: assistantOf({ greeting_text: 'Good morning!', ...assistant }),
      keys: { deepgram: '', openai: '', elevenlabs: '', ...keys },
    };
    expect(maker.missing(brief)).toEqual([]);
    caller.pipeline = maker.open(brief, caller.line);
    caller.pipeline.begin();
    return caller;
  };
  /** One utterance of the caller: the vendor understands it by the pause behind it. */
  const speak = (caller: Caller, words: string) => {
    peer.hears.push(words);
    caller.speak(400);
    caller.silence(1_000);
  };
  return { peer, logged, call, speak };
}

const agentSaid = (caller: Caller) => caller.turns.filter(({ role }) => role === 'agent').map(({ text }) => text);

const soon = (what: string, probe: () => boolean) => eventually(probe, { what, withinMs: 10_000, everyMs: 5 });

async function end(caller: Caller): Promise<void> {
  await caller.pipeline?.close();
  caller.hangUp();
}

const heard = (caller: Caller, from = 0) => joined(caller.played.slice(from).map(({ pcm }) => pcm)).subarray(4_800);

it.concurrent('greets, hears a turn and speaks the reply; what the caller hears is the speech (§8, V-20)', async () => {
  const { peer, call, speak } = await vendors();
  const caller = call();
  await soon('the greeting was said', () => agentSaid(caller).includes('Good morning!'));
  const before = caller.played.length;
  speak(caller, 'When do you close?');
  await soon('the reply was said', () => caller.turns.length === 3);
  expect(caller.turns.map(({ role, text }) => `${role}: ${text}`)).toEqual([
    'agent: Good morning!',
    'user: When do you close?',
    'agent: It is open until six.',
  ]);
  expect(caller.turns.map(({ at }) => at)).toEqual(caller.turns.map(({ at }) => at).toSorted((a, b) => a - b));
  expect(pitchOf(heard(caller, before))).toBeCloseTo(PITCH.elevenlabs, -2);
  expect(peer.refused).toEqual([]);
  await end(caller);
});

it.concurrent.each([
  ['OpenAI', { openai: 'sk-key' }, { voice_provider: 'elevenlabs', voice_id: 'x' }, 'openai', 'alloy'],
  ['Deepgram', { deepgram: 'dg-key' }, {}, 'deepgram', 'aura-2-thalia-en'],
] as const)('V-04 works with a key of %s alone', async (_, keys, assistant, vendor, voice) => {
  const { peer, call, speak } = await vendors();
  const caller = call({ keys: { deepgram: '', openai: '', elevenlabs: '', ...keys }, assistant });
  await soon('the greeting was said', () => agentSaid(caller).length === 1);
  speak(caller, 'When do you close?');
  await soon('the reply was said', () => caller.turns.length === 3);
  expect(pitchOf(heard(caller))).toBeCloseTo(PITCH[vendor], -2);
  expect(peer.spoken.map((spoke) => [spoke.vendor, spoke.voice])).toEqual([
    [vendor, voice],
    [vendor, voice],
  ]);
  expect([peer.listened.map((one) => one.vendor), peer.refused]).toEqual([[vendor], []]);
  await end(caller);
});

it.concurrent.each([
  ['its key is refused', { refuse: true }],
  ['it says nothing', { empty: true }],
  ['it breaks off', { breakAfterMs: 40 }],
])('V-26 ElevenLabs is replaced within the utterance when %s, for the rest of the call', async (_, faults) => {
  const { peer, logged, call, speak } = await vendors();
  peer.faults('elevenlabs', faults);
  const caller = call();
  await soon('the greeting was said', () => agentSaid(caller).length === 1);
  speak(caller, 'When do you close?');
  await soon('the reply was said', () => caller.turns.length === 3);
  expect(pitchOf(heard(caller))).toBeCloseTo(PITCH.openai, -2);
  expect(peer.spoken.filter(({ vendor }) => vendor === 'openai').map(({ text }) => text)).toEqual([
    'Good morning!',
    'It is open until six.',
  ]);
  expect(peer.spoken.filter(({ vendor }) => vendor === 'elevenlabs').length).toBeLessThanOrEqual(1);
  // V-35
  for (const key of Object.values(peer.keys)) expect(logged.join()).not.toContain(key);
  await end(caller);
});

it.concurrent.each(['deepgram', 'openai'] as const)(
  'V-09 %s: what is said while its socket is lost is heard',
  async (vendor) => {
    const { peer, call, speak } = await vendors();
    const caller = call({ assistant: { stt_provider: vendor } });
    await soon('the greeting was said', () => agentSaid(caller).length === 1);
    caller.speak(200);
    peer.dropListening();
    await soon('the loss is noticed', () => peer.open === 0);
    speak(caller, 'When do you close?');
    await soon('the reply was said', () => caller.turns.length === 3);
    expect(caller.turns[1]?.text).toBe('When do you close?');
    expect(peer.listened.map((one) => one.vendor)).toEqual([vendor, vendor]);
    await end(caller);
  },
);

it.concurrent('the caller interrupts over a real line, and is answered', async () => {
  const { call, speak } = await vendors();
  const caller = call({ assistant: { greeting_text: 'word '.repeat(60).trim() } });
  await soon('it is heard for a second', () => caller.played.length > 50);
  speak(caller, 'Stop, when do you close?');
  const { length } = caller.played;
  await soon('the reply was said', () => caller.turns.length === 3);
  const [greeting] = agentSaid(caller);
  expect(greeting).toMatch(/^word( word){5,40}$/);
  expect(caller.played.filter((_, at) => at > length + 2).length).toBeLessThan(40);
  await end(caller);
});

it.concurrent('30 calls that end anyhow leave no socket', async () => {
  const { peer, call } = await vendors();
  const many = Array.from({ length: 30 }, (_, at) =>
    call(at % 3 === 0 ? { assistant: { voice_provider: 'openai' } } : {}),
  );
  await soon('most are heard', () => many.filter(({ played }) => played.length > 0).length > 20);
  peer.say('goodbye');
  await Promise.all(many.map(end));
  await soon('the vendors have no socket', () => peer.open === 0);
  expect(many.every(({ hungUp }) => hungUp.length === 0)).toBe(true);
});

it('tells how soon a reply is heard, and what a call costs', async () => {
  const { peer, call } = await vendors();
  const answering = { asked: 0 };
  const caller = call({
    reply: () => {
      answering.asked = performance.now();
      return Promise.resolve('It is open until six.');
    },
  });
  await soon('the greeting was said', () => agentSaid(caller).length === 1);
  const waits: { first: number; fromAnswer: number }[] = [];
  for (let turn = 1; turn <= 3; turn += 1) {
    const { length } = caller.played;
    const begun = performance.now();
    peer.say(`turn ${turn}`);
    await soon('the reply is heard', () => caller.played.length > length);
    const first = (caller.played[length]?.at ?? 0) - performance.timeOrigin;
    waits.push({ first: first - begun, fromAnswer: first - answering.asked });
    await soon('the reply was said', () => agentSaid(caller).length === turn + 1);
  }
  await end(caller);
  const middle = (key: 'first' | 'fromAnswer') => waits.map((wait) => wait[key]).toSorted((a, b) => a - b)[1] ?? 0;
  const cost = costOfASecond();
  console.info(
    [
      `first audio of a reply: ${middle('first').toFixed(0)} ms after the final transcript (300 ms of it wait for more words),`,
      `${middle('fromAnswer').toFixed(0)} ms after the app's answer`,
    ].join(' '),
  );
  console.info(
    Object.entries(cost)
      .map(([what, ms]) => `${what}: ${ms.toFixed(1)} ms of CPU for a second of a call`)
      .join('\n'),
  );
  expect(middle('first')).toBeLessThan(3_000);
  expect(cost.speaking + cost.hearing).toBeLessThan(300);
});

/** CPU of the codec and of resampling, in ms for each second of audio. */
function costOfASecond(): { speaking: number; hearing: number } {
  const seconds = 10;
  const codec = openCodec();
  const speech = new Int16Array(320).map((_, at) => 6_000 * Math.sin(at / 9) + 3_000 * Math.sin(at / 2.7));
  const measure = (work: () => void): number => {
    for (let warm = 0; warm < 50; warm += 1) work();
    const before = process.cpuUsage();
    for (let frame = 0; frame < seconds * 50; frame += 1) work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / seconds;
  };
  const raise = raising(3);
  const lower = lowering(2);
  let packet = codec.encode(raise(speech));
  const speaking = measure(() => {
    packet = codec.encode(raise(speech));
  });
  const hearing = measure(() => {
    lower(codec.decode(packet) ?? new Int16Array());
  });
  codec.close();
  return { speaking, hearing };
}
