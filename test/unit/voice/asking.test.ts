/** What a call asks the app before it talks, and what it makes of the answers. Contract voice §4 step 6. */
import { expect, it } from 'vitest';
import { claimFor } from '../../../src/actors/voice/asking.ts';
import type { AppAnswer } from '../../../src/app-client/client.ts';
import { VoiceCalls } from '../../../src/app-client/voice-calls.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const IDS = { call: '7', metaCallId: 'wacid.7', assistantId: '5' };
const unreachable = { kind: 'no answer', why: 'unreachable', detail: 'ENETUNREACH' } as const;
const answered = (status: number, body: unknown): AppAnswer => ({ kind: 'answer', status, body });

/** `tookMs`: until each answer. */
function claims(answer: AppAnswer, tookMs = 0) {
  const time = new SimulatedTime();
  const asked: number[] = [];
  const begun = time.now();
  const app = new VoiceCalls({
    get: () => Promise.reject(new Error('not asked')),
    post: async () => {
      asked.push(time.now() - begun);
      if (tookMs > 0) await new Promise<void>((resolve) => time.setTimeout(resolve, tookMs));
      return answer;
    },
  });
  const claim = (isCut = () => false) => claimFor(app, IDS, { clock: time, deadline: begun + 12_000, isCut }, {});
  return { time, asked, claim };
}

it.each<[string, AppAnswer, object]>([
  ['true', answered(200, { ok: true, claimed: true }), { kind: 'claimed' }],
  ['false', answered(200, { ok: true, claimed: false }), { kind: 'taken' }],
  ['an answer without the word', answered(200, { ok: true }), { kind: 'in doubt' }],
  ['a 500', answered(500, { ok: false }), { kind: 'in doubt' }],
  ['no answer in time', { kind: 'no answer', why: 'timeout', detail: 'timeout' }, { kind: 'in doubt' }],
  ['a refusal', answered(422, { ok: false, error: 'wa_call_id' }), { kind: 'failed', error: 'claim_refused' }],
  ['a 200 that says no', answered(200, { ok: false }), { kind: 'failed', error: 'claim_refused' }],
])('§4 step 6, V-36: %s', async (_, answer, claimed) => {
  const { claim, asked } = claims(answer);
  expect([await claim(), asked.length]).toEqual([claimed, 1]);
});

it('AS2 a claim that the app cannot have heard of is made again, a few times', async () => {
  const { time, claim, asked } = claims(unreachable);
  const claimed = claim();
  await time.advanceAsync(12_000);
  expect([await claimed, asked]).toEqual([{ kind: 'failed', error: 'claim_failed' }, [0, 250, 1_250, 3_250]]);
});

it('V-15, AS3 none is made later than 12 s after the word of the app', async () => {
  const { time, claim, asked } = claims(unreachable, 5_000);
  const claimed = claim();
  await time.advanceAsync(30_000);
  expect([await claimed, asked]).toEqual([{ kind: 'failed', error: 'setup_timeout' }, [0, 5_250, 11_250]]);
});

it('AS3 none is made for a call that has been ended meanwhile', async () => {
  const { time, claim, asked } = claims(unreachable);
  const claimed = claim(() => time.now() >= Date.UTC(2026, 0, 1, 0, 0, 0, 100));
  await time.advanceAsync(12_000);
  expect([await claimed, asked]).toEqual([{ kind: 'failed', error: 'claim_failed' }, [0]]);
});
