/** What a realtime vendor is told of an assistant, and the order of what it says of turns. Contract voice §9.3, §9.4, §11. */
import { describe, expect, it } from 'vitest';
import { openaiListener } from '../../../src/actors/voice/cascade/listen/openai.ts';
import { openAi } from '../../../src/actors/voice/realtime/openai.ts';
import { functionsOf, sessionOf } from '../../../src/actors/voice/realtime/session.ts';
import { TurnOrder } from '../../../src/actors/voice/realtime/turn-order.ts';
import { assistantOf } from '../../../src/app-client/voice-calls.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const DEFAULTS = { model: 'gpt-realtime', voice: 'marin', bargeIn: true };

it.each([
  ['pt-BR', 'pt'],
  ['zh_Hant', 'zh'],
  ['DE', 'de'],
])('§9.3: the language %s is told to the vendor as %s, in both pipelines', (named, told) => {
  const { audio } = sessionOf(assistantOf({ meta: { languages: [named] } }), DEFAULTS);
  expect(audio.input.transcription).toEqual({ model: 'gpt-4o-transcribe', language: told });
  const { hello } = openaiListener({ baseUrl: 'https://oa.example', key: 'sk', language: named });
  expect(hello.join('')).toContain(`"language":"${told}"`);
});

it('§9.4: every tool has a name of its own that the vendor takes', () => {
  const names = ['book', 'book!', 'book_', 'خدمة', 'الأسعار', 'book__5', 'x'.repeat(80), 'x'.repeat(90)];
  const { tools } = assistantOf({
    tools: names.map((function_name) => ({ function_name, http_url: 'https://x.example' })),
  });
  const functions = functionsOf(tools);
  expect([...functions.values()]).toEqual(tools);
  for (const name of functions.keys()) expect(name).toMatch(/^[\w-]*[a-zA-Z0-9][\w-]*$/);
  for (const name of functions.keys()) expect(name.length).toBeLessThanOrEqual(64);
  const session = sessionOf({ ...assistantOf({}), tools }, DEFAULTS);
  expect(session.tools.map(({ name }) => name)).toEqual([...functions.keys()]);
  expect([...functions.keys()].slice(0, 2)).toEqual(['book', 'book_']);
});

describe('turns', () => {
  it('V-20, TU1: an interrupted turn of the agent is told before the one that interrupted it', () => {
    const time = new SimulatedTime();
    const told: string[] = [];
    const order = new TurnOrder(time, ({ text }) => told.push(text));
    const begun = time.now();
    time.advance(2_000);
    order.began('a');
    time.advance(50);
    order.agent('We are open fr', begun);
    order.user('a', 'Stop!');
    order.agent('Yes?', time.now());
    expect(told).toEqual(['We are open fr', 'Stop!', 'Yes?']);
    order.close();
    expect(time.pending).toBe(0);
  });
});

it.each([
  [401, true],
  [403, true],
  [400, false],
  [500, false],
])('§1: a session refused with %i is the fault of its key: %s', async (status, isBad) => {
  const answer = { kind: 'answer', status, body: {}, retryAfterMs: 0, location: '' } as const;
  const vendor = { post: () => Promise.resolve(answer) };
  const connected = await openAi({ vendor, url: 'http://x.example', clock: new SimulatedTime() }).connect(
    'sk',
    '',
    {},
    0,
  );
  expect(connected).toEqual({ kind: 'failed', why: `realtime_refused:${status}`, ...(isBad && { badKey: 'openai' }) });
});
