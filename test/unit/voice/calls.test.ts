/** Which calls there are, by the ids that the app and Meta give them; nobody is connected to. Contract voice §2, §5, §6. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Calls } from '../../../src/actors/voice/calls.ts';
import type { CallFact } from '../../../src/app-client/callbacks.types.ts';
import { VoiceCalls } from '../../../src/app-client/voice-calls.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { eventually } from '../../helpers/eventually.ts';

const ACCESS = { metaToken: 't', phoneNumberId: '109', graphVersion: 'v23.0' };
const OUTBOUND = { ...ACCESS, call: '7', workspace: '3', assistantId: '5', to: '5511912345678', from: '' };

let calls: Calls;
let told: CallFact[];
let words: string[];
/** The app's answer to an offer. */
let dialled: { status: number; body: object };

beforeEach(() => {
  [told, words] = [[], []];
  const app = new VoiceCalls({
    get: (path) =>
      Promise.resolve({
        ...{ kind: 'answer', status: 200 },
        body: path.endsWith('voice-keys') ? { ok: true, openai: 'sk' } : { ok: true, assistant: { id: 5 } },
      }),
    post: (path) =>
      Promise.resolve({
        kind: 'answer',
        ...(path.endsWith('bridge-offer') ? dialled : { status: 200, body: { ok: true } }),
      }),
  });
  const maker = {
    missing: () => [],
    open: () => {
      throw new Error('nobody talks here');
    },
  };
  calls = new Calls({
    maxCalls: 5,
    world: {
      ...{ app, tell: (fact) => told.push(fact), makers: { cascade: maker, realtime: maker }, preferred: 'cascade' },
      graph: () => (_, word) => {
        words.push(word.action);
        return Promise.resolve({ kind: 'said' });
      },
      openRecording: () => {
        throw new Error('nothing is recorded here');
      },
      ...{ ice: { stunUrls: [], local: true }, longestMs: 0, clock: systemClock },
      meter: { setUp: () => undefined, firstWord: () => undefined, ended: () => undefined },
      log: createLog({ level: 'silent' }),
    },
  });
});
afterEach(() => calls.stop());

const quiet = () => eventually(() => calls.stats().live === 0, { what: 'no call is left', withinMs: 8_000 });

it('V-25, CS2: a late answer for an outbound call that has ended begins no inbound one', async () => {
  dialled = { status: 502, body: { ok: false, error: 'dial_failed' } };
  calls.placeOutbound(OUTBOUND);
  await quiet();
  const people = { callerPhone: '', calleePhone: '4915512345678' };
  calls.answer({ ...OUTBOUND, ...people, metaCallId: 'wacid.late', sdp: 'v=0' });
  expect(calls.stats().live).toBe(0);
  expect(told).toMatchObject([{ kind: 'call error', reason: 'dial_failed' }]);
  expect(words).toEqual([]);
});

it('V-07, CS2: an outbound call whose id was ended before the app named it ends, at Meta too', async () => {
  dialled = { status: 200, body: { ok: true, meta_call_id: 'wacid.gone' } };
  calls.terminate('wacid.gone');
  calls.placeOutbound(OUTBOUND);
  await quiet();
  expect([told, words]).toEqual([[], ['terminate']]);
});
