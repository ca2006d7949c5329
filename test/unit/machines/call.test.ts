/** The call machine on every path: who is told what at the end, and that there is an end. Contract voice §4-§6. */
import { describe, expect, it } from 'vitest';
import type { CallEvent, Claimed } from '../../../src/machines/call-events.ts';
import { stagedCall, type Step } from '../../helpers/staged-call.ts';

const done = { kind: 'done' } as const;
const INBOUND: readonly Step[] = ['prepare', 'ring', 'claim', 'accept'];
const OUTBOUND: readonly Step[] = ['prepare', 'dial'];

async function inboundAt(
  state: 'preparing' | 'ringing' | 'claiming' | 'accepting' | 'talking',
  claim: Claimed['kind'] = 'claimed',
) {
  const call = stagedCall('inbound');
  for (const step of INBOUND.slice(0, ['preparing', 'ringing', 'claiming', 'accepting', 'talking'].indexOf(state))) {
    if (step === 'claim') await call.finish('claim', { kind: claim } as Claimed);
    else await call.finish(step, done);
  }
  return call;
}

async function outboundAt(state: 'preparing' | 'dialling' | 'unanswered' | 'answered' | 'quiet' | 'talking') {
  const call = stagedCall('outbound');
  const at = ['preparing', 'dialling', 'unanswered', 'answered', 'quiet', 'talking'].indexOf(state);
  for (const step of OUTBOUND.slice(0, at)) await call.finish(step, done);
  if (at >= 3) call.send({ type: 'answer' });
  if (at >= 4) await call.finish('answered', done);
  if (at >= 5) call.send({ type: 'heard' });
  return call;
}

describe('an inbound call', () => {
  it('goes from preparing to talking and opens the gate only then (V-24)', async () => {
    const call = await inboundAt('accepting');
    expect(call.emitted).toEqual([]);
    await call.finish('accept', done);
    expect(call.emitted).toEqual(['talking']);
    expect(call.state()).toBe('talking.conversing');
  });

  it.each(['preparing', 'ringing'] as const)(
    'V-01: terminated while %s, Meta hears nothing and the app no error',
    async (state) => {
      const call = await inboundAt(state);
      call.send({ type: 'terminate' });
      expect(call.endings).toEqual([{ why: 'ended by the app', lastWord: 'none' }]);
    },
  );

  it.each([
    ['claimed', 'terminate'],
    ['in doubt', 'none'],
    ['taken', 'none'],
  ] as const)('V-01: terminated while its claim is on its way, which comes back %s: %s', async (claim, lastWord) => {
    const call = await inboundAt('claiming');
    call.send({ type: 'terminate' });
    expect(call.endings).toEqual([]);
    await call.finish('claim', { kind: claim });
    expect(call.endings.map((ending) => ending.lastWord)).toEqual([lastWord]);
  });

  it('V-02: a claim that somebody else won ends without a word to Meta or an error to the app', async () => {
    const call = await inboundAt('claiming');
    await call.finish('claim', { kind: 'taken' });
    expect(call.endings).toEqual([{ why: 'somebody else answered', lastWord: 'none' }]);
    expect(call.running()).toEqual(['release']);
  });

  it('V-36: a claim in doubt goes on as if it had been made, and is then ours to end', async () => {
    const call = await inboundAt('accepting', 'in doubt');
    expect(call.state()).toBe('accepting');
    call.send({ type: 'terminate' });
    expect(call.endings).toEqual([{ why: 'ended by the app', lastWord: 'terminate' }]);
  });

  it('V-01: ended while its claim never reached the app, it ends as it was ended, without an error', async () => {
    const call = await inboundAt('claiming');
    call.send({ type: 'terminate' });
    await call.finish('claim', { kind: 'failed', error: 'claim_failed' });
    expect(call.endings).toEqual([{ why: 'ended by the app', lastWord: 'none' }]);
  });

  it.each(['preparing', 'ringing'] as const)(
    'V-15: still %s after 12 s, it gives up and lets it ring',
    async (state) => {
      const call = await inboundAt(state);
      call.time.advance(11_999);
      expect(call.endings).toEqual([]);
      call.time.advance(1);
      expect(call.endings).toEqual([{ why: 'set up too late', error: 'setup_timeout', lastWord: 'none' }]);
      expect(call.aborted).toEqual([state === 'preparing' ? 'prepare' : 'ring']);
    },
  );

  it('V-15: a claim that has been sent is not abandoned', async () => {
    const call = await inboundAt('claiming');
    call.time.advance(13_000);
    expect(call.endings).toEqual([]);
  });

  it.each([
    [true, 'reject'],
    [false, 'none'],
  ] as const)(
    'V-08, V-19: a preparation that fails (reject: %s) says so once, and Meta hears %s',
    async (reject, lastWord) => {
      const call = await inboundAt('preparing');
      await call.finish('prepare', { kind: 'failed', error: 'missing_voice_keys:stt', reject });
      expect(call.endings).toEqual([{ why: 'cannot be prepared', error: 'missing_voice_keys:stt', lastWord }]);
    },
  );

  it.each(['ring', 'claim'] as const)('V-08: a failed %s is told to the app, not to Meta', async (step) => {
    const call = await inboundAt(step === 'ring' ? 'ringing' : 'claiming');
    await call.finish(step, { kind: 'failed', error: 'no way' });
    expect(call.endings).toMatchObject([{ error: 'no way', lastWord: 'none' }]);
  });

  it('a failed accept ends the call at Meta and tells the app', async () => {
    const call = await inboundAt('accepting');
    await call.finish('accept', { kind: 'failed', error: 'accept_failed:100' });
    expect(call.endings).toMatchObject([{ error: 'accept_failed:100', lastWord: 'terminate' }]);
  });

  it('V-08: work that throws ends the call and tells the app', async () => {
    const call = await inboundAt('ringing');
    await call.fail('ring');
    expect(call.endings).toMatchObject([{ error: 'internal error', lastWord: 'none' }]);
    expect(call.status()).toBe('active');
  });

  it('V-05: lost while talking, it ends at Meta; before that, the app hears of it too', async () => {
    const talking = await inboundAt('talking');
    talking.send({ type: 'lost', why: 'no packet for 15 s' });
    expect(talking.endings).toEqual([{ why: 'no packet for 15 s', lastWord: 'terminate' }]);
    const ringing = await inboundAt('ringing');
    ringing.send({ type: 'lost', why: 'ICE failed' });
    expect(ringing.endings).toEqual([{ why: 'ICE failed', error: 'ICE failed', lastWord: 'none' }]);
  });

  it('V-17: after its longest time it asks for a goodbye, and does not wait for ever for one', async () => {
    const call = await inboundAt('talking');
    call.time.advance(3_600_000);
    expect(call.emitted).toEqual(['talking', 'farewell']);
    expect(call.endings).toEqual([]);
    call.time.advance(20_000);
    expect(call.endings).toEqual([{ why: 'the longest call is over', lastWord: 'terminate' }]);
  });

  it('has no limit when the limit is 0', async () => {
    const call = stagedCall('inbound', 0);
    for (const step of ['prepare', 'ring'] as const) await call.finish(step, done);
    await call.finish('claim', { kind: 'claimed' });
    await call.finish('accept', done);
    call.time.advance(24 * 3_600_000);
    expect(call.emitted).toEqual(['talking']);
  });

  it('a pipeline that hangs up with an error ends it at Meta and tells the app', async () => {
    const call = await inboundAt('talking');
    call.send({ type: 'hang up', why: 'vendor lost', error: 'realtime_lost' });
    expect(call.endings).toEqual([{ why: 'vendor lost', error: 'realtime_lost', lastWord: 'terminate' }]);
  });
});

describe('an outbound call', () => {
  it('V-06: the answer may come before the app has said that it dialled', async () => {
    const call = await outboundAt('dialling');
    call.send({ type: 'linked' });
    call.send({ type: 'answer' });
    expect(call.running()).toEqual(['dial']);
    await call.finish('dial', done);
    expect(call.running()).toEqual(['answered']);
  });

  it('talks with the first word of the other side, and only when the pipeline can (V-24)', async () => {
    const early = await outboundAt('answered');
    early.send({ type: 'heard' });
    expect(early.emitted).toEqual([]);
    await early.finish('answered', done);
    expect(early.emitted).toEqual(['talking']);
    const late = await outboundAt('quiet');
    expect(late.emitted).toEqual([]);
    late.send({ type: 'heard' });
    expect(late.emitted).toEqual(['talking']);
  });

  it.each(['unanswered', 'quiet'] as const)('V-07: 60 s of %s end it as no_answer, at Meta too', async (state) => {
    const call = await outboundAt(state);
    call.time.advance(60_000);
    expect(call.endings).toEqual([{ why: 'no answer', error: 'no_answer', lastWord: 'terminate' }]);
    await call.released();
    expect(call.status()).toBe('done');
    expect(call.time.pending).toBe(0);
  });

  it('a refused dial tells the app and nothing to Meta, unless Meta has the call already', async () => {
    const refused = await outboundAt('dialling');
    await refused.finish('dial', { kind: 'failed', error: 'dial_failed' });
    expect(refused.endings).toEqual([{ why: 'setup failed', error: 'dial_failed', lastWord: 'none' }]);
    const linked = await outboundAt('dialling');
    linked.send({ type: 'linked' });
    await linked.finish('dial', { kind: 'failed', error: 'dial_failed' });
    expect(linked.endings).toMatchObject([{ lastWord: 'terminate' }]);
  });

  it('V-25: a second answer changes nothing', async () => {
    const call = await outboundAt('answered');
    call.send({ type: 'answer' });
    expect(call.running()).toEqual(['answered']);
    expect(call.tags()).toEqual([]);
  });
});

const EVENTS: readonly CallEvent[] = [
  { type: 'terminate' },
  { type: 'answer' },
  { type: 'linked' },
  { type: 'heard' },
  { type: 'lost', why: 'ICE failed' },
  { type: 'hang up', why: 'goodbye' },
  { type: 'shutdown' },
];

describe('in every state', () => {
  const states = [
    ...(['preparing', 'ringing', 'claiming', 'accepting', 'talking'] as const).map(
      (state) => [`inbound ${state}`, () => inboundAt(state)] as const,
    ),
    ...(['preparing', 'dialling', 'unanswered', 'answered', 'quiet', 'talking'] as const).map(
      (state) => [`outbound ${state}`, () => outboundAt(state)] as const,
    ),
  ];

  it.each(states)('%s: the end of the process ends the call, once, and leaves no timer', async (_, begin) => {
    const call = await begin();
    call.send({ type: 'shutdown' });
    if (call.state() === 'claiming') await call.finish('claim', { kind: 'claimed' });
    expect(call.endings).toHaveLength(1);
    for (const event of EVENTS) call.send(event);
    await call.released();
    expect(call.status()).toBe('done');
    expect(call.endings).toHaveLength(1);
    expect(call.time.pending).toBe(0);
  });

  it.each(states)('%s: no event breaks it, and none ends it twice', async (_, begin) => {
    for (const first of EVENTS) {
      const call = await begin();
      for (const event of [first, ...EVENTS]) call.send(event);
      await call.finish('claim', { kind: 'claimed' });
      expect(call.status()).toBe('active');
      expect(call.endings).toHaveLength(1);
    }
  });
});
