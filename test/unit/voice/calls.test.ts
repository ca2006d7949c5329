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
let open: (maxCalls: number) => Calls;
let told: CallFact[];
let words: string[];
/** The app's answer to an offer. */
let dialled: { status: number; body: object };
let assistant: { status: number; body: object };
let logged: string[];
let stood: string[];
/** What Meta's last answer waits for. */
let answered: Promise<unknown>;

beforeEach(() => {
  [told, words, logged, stood] = [[], [], [], []];
  answered = Promise.resolve();
  assistant = { status: 200, body: { ok: true, assistant: { id: 5 } } };
  const app = new VoiceCalls({
    get: (path) =>
      Promise.resolve({
        kind: 'answer',
        ...(path.endsWith('voice-keys') ? { status: 200, body: { ok: true, openai: 'sk' } } : assistant),
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
  open = (maxCalls) =>
    new Calls({
      maxCalls,
      watch: (standing) => {
        const due = 'access' in standing ? ` with ${standing.access.token}, ${told.length} told` : '';
        stood.push(`${standing.stage}${due}`);
      },
      world: {
        ...{ app, tell: (fact) => told.push(fact), makers: { cascade: maker, realtime: maker }, preferred: 'cascade' },
        graph: () => async (_, word) => {
          words.push(word.action);
          await answered;
          return word.action === 'reject' ? { kind: 'failed', code: '131000' } : { kind: 'said' };
        },
        openRecording: () => {
          throw new Error('nothing is recorded here');
        },
        ...{ ice: { stunUrls: [], local: true }, longestMs: 0, clock: systemClock },
        meter: { setUp: () => undefined, firstWord: () => undefined, ended: () => undefined },
        log: createLog({ level: 'trace', stream: { write: (line) => logged.push(line) } }),
      },
    });
  calls = open(5);
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

it('CS2: a call that is named twice is known by both names, and ended under both', async () => {
  dialled = { status: 200, body: { ok: true, meta_call_id: 'wacid.first' } };
  calls.placeOutbound(OUTBOUND);
  expect(calls.link(OUTBOUND.call, 'wacid.first')).toBe(true);
  expect(calls.link(OUTBOUND.call, 'wacid.second')).toBe(true);
  calls.terminate('wacid.second');
  await quiet();
  const people = { callerPhone: '', calleePhone: '4915512345678' };
  for (const metaCallId of ['wacid.first', 'wacid.second']) {
    expect(calls.connect(metaCallId, 'v=0')).toBe(false);
    calls.answer({ ...OUTBOUND, ...people, call: '8', metaCallId, sdp: 'v=0' });
  }
  expect([calls.stats().live, words]).toEqual([0, ['terminate']]);
});

it('V-07, CS2: an outbound call whose id was ended before the app named it ends, at Meta too', async () => {
  dialled = { status: 200, body: { ok: true, meta_call_id: 'wacid.gone' } };
  calls.terminate('wacid.gone');
  calls.placeOutbound(OUTBOUND);
  await quiet();
  expect([told, words]).toEqual([[], ['terminate']]);
});

it('TD3: the app is told first; while Meta has not answered the last word, the access for it stands; then nothing', async () => {
  let answer: (() => void) | undefined;
  answered = new Promise<void>((resolve) => (answer = resolve));
  dialled = { status: 200, body: { ok: true, meta_call_id: 'wacid.gone' } };
  calls.terminate('wacid.gone');
  calls.placeOutbound(OUTBOUND);
  await eventually(() => words.length === 1, { what: 'Meta is told', withinMs: 8_000 });
  expect(stood.at(-1)).toBe('terminating with t, 0 told');
  answer?.();
  await quiet();
  expect(stood.at(-1)).toBe('over');
  stood = [];
  assistant = { status: 404, body: { ok: false, error: 'not_found' } };
  const people = { callerPhone: '', calleePhone: '4915512345678' };
  calls.answer({ ...OUTBOUND, ...people, call: '8', metaCallId: 'wacid.in', sdp: 'v=0' });
  await quiet();
  expect(stood).toContain('rejecting with t, 1 told');
});

it('V-27, TD3: one too many: while Meta has not answered the reject, the access for it stands, and `stop` waits', async () => {
  let answer: (() => void) | undefined;
  answered = new Promise<void>((resolve) => (answer = resolve));
  calls = open(0);
  calls.answer({ ...OUTBOUND, callerPhone: '', calleePhone: '4915512345678', metaCallId: 'wacid.in', sdp: 'v=0' });
  expect([words, stood]).toEqual([['reject'], ['rejecting with t, 1 told']]);
  let isStopped = false;
  const stopped = calls.stop().then(() => (isStopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isStopped).toBe(false);
  answer?.();
  await stopped;
  expect([told, stood.slice(1), calls.stats().setupFailures]).toEqual([
    [expect.objectContaining({ kind: 'call error', reason: 'capacity', metaCallId: 'wacid.in' })],
    ['over'],
    1,
  ]);
  expect(logged.find((line) => line.includes('the reject'))).toContain('"reason":"131000"');
});

it('V-19: an outbound call without an assistant says nothing to Meta, which knows nothing of it', async () => {
  assistant = { status: 404, body: { ok: false, error: 'not_found' } };
  calls.placeOutbound(OUTBOUND);
  await quiet();
  expect(told).toMatchObject([{ kind: 'call error', reason: 'assistant_fetch_failed' }]);
  expect(words).toEqual([]);
});

it('§4 step 2: an inbound one is rejected, and why Meta does not take a word is in the log', async () => {
  assistant = { status: 404, body: { ok: false, error: 'not_found' } };
  const people = { callerPhone: '', calleePhone: '4915512345678' };
  calls.answer({ ...OUTBOUND, ...people, metaCallId: 'wacid.in', sdp: 'v=0' });
  await quiet();
  expect(words).toEqual(['reject']);
  expect(logged.find((line) => line.includes('last word'))).toContain('"reason":"131000"');
});
