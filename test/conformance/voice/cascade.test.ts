/**
 * Pipeline A over real sockets: the loopback speech vendors, real Opus, the real clock; only the call and the app's language
 * model are the test's. Contract voice §8.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cascade, type CascadeOptions } from '../../../src/actors/voice/cascade/cascade.ts';
import { assistantOf, callFlowOf } from '../../../src/app-client/voice-calls.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { socketOpener } from '../../../src/net/socket.ts';
import { streams } from '../../../src/net/streamed.ts';
import { Caller, joined, pitchOf } from '../../helpers/caller.ts';
import { eventually } from '../../helpers/eventually.ts';
import { PITCH, type SpeechPeer, startSpeechPeer } from '../../loopback/speech/speech-peer.ts';

type Reply = CascadeOptions['app']['reply'];

let peer: SpeechPeer;
let http: ReturnType<typeof streams>;
const calls = new Set<Caller>();
const logged: string[] = [];

beforeAll(async () => {
  peer = await startSpeechPeer();
  http = streams(systemClock);
});
beforeEach(() => {
  for (const vendor of ['deepgram', 'openai', 'elevenlabs'] as const) peer.faults(vendor, {});
  for (const list of [peer.hears, peer.spoken, peer.refused, peer.listened, logged]) list.length = 0;
});
afterAll(async () => {
  await http.close();
  await peer.close();
});

type Setup = {
  readonly assistant?: Record<string, unknown>;
  readonly keys?: Partial<Record<'deepgram' | 'openai' | 'elevenlabs', string>>;
  readonly flow?: unknown;
  readonly reply?: Reply;
  readonly bargeIn?: boolean;
};

function call({ assistant = {}, keys = peer.keys, flow, reply, bargeIn = true }: Setup = {}): Caller {
  const caller = new Caller();
  const callFlow = callFlowOf(flow);
  const maker = cascade({
    clock: systemClock,
    open: socketOpener(systemClock),
    streams: http,
    app: {
      reply: reply ?? (() => Promise.resolve('It is open until six.')),
      search: () => Promise.resolve('found it'),
    },
    callTool: () => Promise.resolve(undefined),
    urls: { deepgram: peer.url, openai: peer.url, elevenlabs: peer.url },
    bargeIn,
    log: createLog({ level: 'trace', stream: { write: (line) => logged.push(line) } }),
    random: () => 0,
  });
  const brief = {
    ...{ call: '7', workspace: '3', assistantId: '5', callerPhone: '491700000001', calleePhone: '491700000002' },
    assistant: assistantOf({ greeting_text: 'Good morning!', ...assistant }),
    keys: { deepgram: '', openai: '', elevenlabs: '', ...keys },
    ...(callFlow && { flow: callFlow }),
  };
  expect(maker.missing(brief)).toEqual([]);
  caller.pipeline = maker.open(brief, caller.line);
  calls.add(caller);
  caller.pipeline.begin();
  return caller;
}

const agentSaid = (caller: Caller) => caller.turns.filter(({ role }) => role === 'agent').map(({ text }) => text);

const soon = (what: string, probe: () => boolean) => eventually(probe, { what, withinMs: 10_000, everyMs: 5 });

async function end(caller: Caller): Promise<void> {
  await caller.pipeline?.close();
  calls.delete(caller);
  caller.hangUp();
}

it('greets, hears a turn and speaks the reply; what the caller hears is the speech (§8, V-22)', async () => {
  const caller = call();
  await soon('the greeting was said', () => agentSaid(caller).includes('Good morning!'));
  peer.hears.push('When do you close?');
  const begun = performance.now();
  const before = caller.played.length;
  caller.speak(400);
  caller.silence(700);
  await soon('the reply is heard', () => caller.played.length > before);
  const firstAudio = performance.now() - begun;
  await soon('the reply was said', () => caller.turns.length === 3);
  console.info(`first audio of a reply ${firstAudio.toFixed(0)} ms after the end of the turn was known`);
  expect(caller.turns.map(({ role, text }) => `${role}: ${text}`)).toEqual([
    'agent: Good morning!',
    'user: When do you close?',
    'agent: It is open until six.',
  ]);
  const heard = joined(caller.played.slice(before).map(({ pcm }) => pcm)).subarray(4_800);
  expect(pitchOf(heard)).toBeCloseTo(PITCH.elevenlabs, -2);
  expect(peer.refused).toEqual([]);
  await end(caller);
});
