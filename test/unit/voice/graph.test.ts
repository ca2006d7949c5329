/** The words to Meta of one call, over a provider that answers when the test says so. Contract voice §4, §6. */
import { expect, it } from 'vitest';
import { graphCalls } from '../../../src/actors/voice/graph.ts';
import type { Payload, Vendor, VendorAnswer } from '../../../src/net/vendor.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const SAID: VendorAnswer = { kind: 'answer', status: 200, body: { success: true }, retryAfterMs: 0, location: '' };

function meta() {
  const time = new SimulatedTime();
  const asked: { word: string; answer: (answer: VendorAnswer) => void }[] = [];
  const vendor: Pick<Vendor, 'post'> = {
    post: async ({ payload }) => {
      const { action } = JSON.parse(await textOf(payload)) as { action: string };
      return new Promise((answer) => asked.push({ word: action, answer }));
    },
  };
  const access = { token: 't', phoneId: '109', version: 'v23.0' };
  const calls = graphCalls({ vendor, baseUrl: 'http://meta.example', clock: time });
  const words = () => asked.map(({ word }) => word);
  return { time, asked, words, begin: () => calls(access) };
}

async function textOf({ chunks }: Payload): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks()) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}

it('GC5 a word waits for the answer to the one before it: terminate never overtakes accept', async () => {
  const { time, asked, words, begin } = meta();
  const say = begin();
  void say('wacid.1', { action: 'accept', sdp: 'v=0' });
  const last = say('wacid.1', { action: 'terminate' });
  await time.advanceAsync(1_000);
  expect(words()).toEqual(['accept']);
  asked[0]?.answer(SAID);
  await time.advanceAsync(0);
  expect(words()).toEqual(['accept', 'terminate']);
  asked[1]?.answer(SAID);
  expect(await last).toEqual({ kind: 'said' });
  expect(time.pending).toBe(0);
});

it('GC5 … for 4 s: a Meta that does not answer keeps no call from being ended', async () => {
  const { time, words, begin } = meta();
  const say = begin();
  void say('wacid.1', { action: 'accept', sdp: 'v=0' });
  void say('wacid.1', { action: 'terminate' });
  await time.advanceAsync(3_999);
  expect(words()).toEqual(['accept']);
  await time.advanceAsync(1);
  expect(words()).toEqual(['accept', 'terminate']);
});

it('GC5 another call waits for nobody', async () => {
  const { time, words, begin } = meta();
  void begin()('wacid.1', { action: 'accept', sdp: 'v=0' });
  void begin()('wacid.2', { action: 'reject' });
  await time.advanceAsync(0);
  expect(words()).toEqual(['accept', 'reject']);
});
