/**
 * Incoming calls over real WebRTC with Meta's loopback peer and the loopback app; the pipeline is the test's. Contract voice
 * §4, §6, §7.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SILENCE } from '../../../src/actors/voice/opus-toc.ts';
import { CallHouse } from '../../helpers/call-house.ts';
import { eventually } from '../../helpers/eventually.ts';
import { isStamped, stampOf, stamped } from '../../loopback/calls/media.ts';

let house: CallHouse;

beforeAll(async () => {
  house = await CallHouse.open({ preferred: 'auto' });
});
afterEach(async () => {
  for (const id of house.meta.calls.keys()) house.calls.terminate(id);
  await house.quiet();
  for (const action of ['pre_accept', 'accept', 'terminate', 'reject'] as const) {
    house.meta.refuse(action, { status: 500, code: 0, times: 0 });
    house.meta.slow(action, 0);
  }
  house.ready = {
    cascade: () => Promise.resolve({ kind: 'ready' }),
    realtime: () => Promise.resolve({ kind: 'ready' }),
  };
  house.app.answers.calls.keys = { deepgram: 'dg-key-0123456789', openai: 'sk-key-0123456789', elevenlabs: '' };
});
afterAll(async () => {
  await house.quiet();
  expect(house.meta.violations).toEqual([]);
  expect(house.app.violations()).toEqual([]);
  await house.close();
});

const soon = (what: string, probe: () => boolean, withinMs = 8_000) =>
  eventually(probe, { what, withinMs, everyMs: 5 });

describe('an incoming call', () => {
  it('V-23, V-24: is answered with one SDP; media flows in both directions after accept, none before', async () => {
    house.meta.slow('accept', 300);
    const { call, id } = await house.incoming();
    await soon('it connects before accept', () => call.media.connected);
    const pipeline = house.pipeline;
    pipeline.line.play(stamped(1));
    call.media.say(stamped(9_999));
    await house.talking(call);
    const accepted = call.said.find(({ action }) => action === 'accept')?.at ?? 0;
    await soon('silence is heard', () => call.media.heard.length > 5);
    expect(call.media.heard.filter(({ at }) => at < accepted)).toEqual([]);
    expect(call.media.heard.every(({ payload }) => payload.equals(SILENCE))).toBe(true);
    await soon('the caller is heard', () => pipeline.heardPackets.length > 10);
    expect(pipeline.heardPackets.every(({ payload }) => stampOf(Buffer.from(payload)).n !== 9_999)).toBe(true);
    for (let n = 100; n < 110; n += 1) {
      pipeline.line.play(stamped(n));
      await delay(20);
    }
    await soon('what was said is heard', () =>
      call.media.heard.some(({ payload }) => isStamped(payload) && stampOf(payload).n === 109),
    );
    const { sequences, ssrcs, types } = streamOf(call.media.heard);
    expect(sequences.every((step) => step === 1)).toBe(true);
    expect([ssrcs, types]).toEqual([1, [111]]);
    expect(call.words).toEqual(['pre_accept', 'accept']);
    console.info(`answered ${(accepted - call.begunAt).toFixed(0)} ms after the call came (Meta's accept took 300)`);
    expect(house.app.answers.calls.claimed.get(id)).toBe('bridge');

    pipeline.line.hangUp('the test is done');
    await soon('it has ended at Meta', () => call.state === 'ended');
    await house.quiet();
    expect([call.words, pipeline.closed, house.errorsOf(id)]).toEqual([['pre_accept', 'accept', 'terminate'], 1, []]);
    expect(house.metered).toEqual([
      expect.stringMatching(/^set up in \d+ ms$/),
      'first word',
      'talked, heard: true, said: true',
    ]);
  });

  it('V-30: every payload passes untouched in both directions; V-18: keys are digits and never audio', async () => {
    const { call } = await house.incoming();
    const pipeline = await house.talking(call);
    await soon('the caller is heard', () => pipeline.heardPackets.length > 20);
    call.media.press('7');
    call.media.press('#');
    await soon('keys are read', () => pipeline.digits.length === 2);
    expect(pipeline.digits).toEqual(['7', '#']);
    expect(pipeline.heardPackets.every(({ payload }) => isStamped(Buffer.from(payload)))).toBe(true);
    const numbers = pipeline.heardPackets.map(({ payload }) => stampOf(Buffer.from(payload)).n);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    house.calls.terminate(call.id);
    await house.quiet();
  });

  it('V-02: claimed:false makes it yield: no accept, no terminate, no audio, no error', async () => {
    house.meta.slow('pre_accept', 100);
    const { call, id } = await house.incoming();
    house.app.answers.calls.claimed.set(id, 'operator');
    await house.quiet();
    expect(call.words).toEqual(['pre_accept']);
    expect(call.media.heard).toEqual([]);
    expect([house.errorsOf(id), house.pipeline.closed]).toEqual([[], 1]);
  });

  it("V-01: an operator's terminate before the claim leaves the call to the operator", async () => {
    house.meta.slow('pre_accept', 300);
    const { call, id } = await house.incoming();
    await delay(100);
    house.app.answers.calls.claimed.set(id, 'operator');
    house.calls.terminate(call.id);
    await house.quiet();
    await delay(400);
    expect(call.words.filter((word) => word !== 'pre_accept')).toEqual([]);
    expect(call.state).toBe('ringing');
    expect(house.errorsOf(id)).toEqual([]);
  });

  it('V-25: a repeated or late answer changes nothing, and a terminate may come first', async () => {
    const before = house.opened.length;
    const { call, request } = await house.incoming();
    house.calls.answer(request);
    await house.talking(call);
    house.calls.answer(request);
    expect(house.opened.length - before).toBe(1);
    expect(house.calls.stats().live).toBe(1);
    house.calls.terminate(call.id);
    await house.quiet();
    house.calls.answer(request);
    expect(house.calls.stats().live).toBe(0);
    expect(call.words).toEqual(['pre_accept', 'accept', 'terminate']);
    const other = await house.meta.incoming();
    house.calls.terminate(other.call.id);
    house.calls.answer({ ...request, call: house.newId(), metaCallId: other.call.id, sdp: other.offer });
    expect(house.calls.stats().live).toBe(0);
  });

  it.each([
    ['an unknown assistant', { assistantId: '404' }, 'assistant_fetch_failed', ['reject']],
    ['no SDP', { sdp: '' }, 'missing_sdp_offer', []],
    ['an SDP without audio', { sdp: 'v=0\r\n' }, 'no audio in the SDP', []],
    ['an SDP that is none', { sdp: 'v=0\r\nm=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\n' }, /SDP was refused/, []],
  ])('V-08, V-19: %s is told to the app', async (_, more, reason, words) => {
    const { call, id } = await house.incoming(more);
    await house.quiet();
    expect(house.errorsOf(id)).toEqual([typeof reason === 'string' ? reason : expect.stringMatching(reason)]);
    expect(call.words).toEqual(words);
  });

  it('V-08, V-19: without keys it is rejected once, with the kinds that are missing', async () => {
    house.app.answers.calls.keys = { deepgram: '', openai: '', elevenlabs: '' };
    const { call, id } = await house.incoming();
    await house.quiet();
    expect([house.errorsOf(id), call.words]).toEqual([['missing_voice_keys:stt,tts'], ['reject']]);
  });

  it('V-29, V-08: a refused pre_accept is told with its code and leaves the call alone; the next call uses the same token', async () => {
    house.meta.refuse('pre_accept', { status: 401, code: 138_006, times: 1 });
    const { call, id } = await house.incoming();
    await house.quiet();
    expect([house.errorsOf(id), call.words]).toEqual([['pre_accept_failed:138006'], ['pre_accept']]);
    const next = await house.incoming();
    await house.talking(next.call);
    house.calls.terminate(next.call.id);
    await house.quiet();
  });

  it('a refused accept is told and ends the call; 131055 after a good pre_accept counts as connected', async () => {
    house.meta.refuse('accept', { status: 400, code: 100, times: 1 });
    const refused = await house.incoming();
    await house.quiet();
    expect(house.errorsOf(refused.id)).toEqual(['accept_failed:100']);
    expect(refused.call.words).toEqual(['pre_accept', 'accept', 'terminate']);
    house.meta.refuse('accept', { status: 400, code: 131_055, times: 1 });
    const counted = await house.incoming();
    await house.talking(counted.call);
    house.calls.terminate(counted.call.id);
    await house.quiet();
    expect(house.errorsOf(counted.id)).toEqual([]);
  });

  it('V-36: a lost answer to the claim does not make it yield', async () => {
    await house.app.mode({ mode: 'cut', path: '/api/waba-call/bridge-accepted' });
    const { call, id } = await house.incoming();
    await house.talking(call);
    await house.app.mode({ mode: 'ok' });
    expect(house.app.answers.calls.claimed.get(id)).toBe('bridge');
    house.calls.terminate(call.id);
    await house.quiet();
    expect(call.words).toEqual(['pre_accept', 'accept', 'terminate']);
  });

  it('V-33: realtime that is not ready gives way to the cascade; without its keys the call is left ringing', async () => {
    house.app.answers.calls.assistants.set('6', { id: 6, ai_model: 'gpt-realtime' });
    house.ready.realtime = () => Promise.resolve({ kind: 'failed', why: 'realtime_not_ready' });
    const given = await house.incoming({ assistantId: '6' });
    await house.talking(given.call);
    expect(house.opened.slice(-2).map(({ name, pipeline }) => [name, pipeline.closed])).toEqual([
      ['realtime', 1],
      ['cascade', 0],
    ]);
    house.calls.terminate(given.call.id);
    await house.quiet();
    house.app.answers.calls.keys = { deepgram: '', openai: 'sk-key-0123456789', elevenlabs: '' };
    const left = await house.incoming({ assistantId: '6' });
    await house.quiet();
    expect([house.errorsOf(left.id), left.call.state]).toEqual([['realtime_not_ready'], 'ringing']);
    expect(left.call.words).toEqual(['pre_accept']);
  });

  it('V-33, TK1: realtime that fails between ready and accept gives way to the cascade too, and is free before the call is', async () => {
    house.app.answers.calls.assistants.set('6', { id: 6, ai_model: 'gpt-realtime' });
    house.meta.slow('accept', 300);
    const { call, id } = await house.incoming({ assistantId: '6' });
    await soon('it is claimed', () => house.app.answers.calls.claimed.get(id) === 'bridge');
    const left = house.pipeline;
    let freed: () => void = () => {};
    left.freed = new Promise((resolve) => (freed = resolve));
    left.line.hangUp('vendor lost', 'realtime_lost');
    const next = await house.talking(call);
    left.line.hangUp('vendor lost', 'realtime_lost');
    expect([house.opened.at(-1)?.name, left.begun, left.closed, next.closed]).toEqual(['cascade', 0, 1, 0]);
    expect(house.calls.stats()).toMatchObject({ live: 1, cascade: 1, realtime: 0 });
    house.calls.terminate(call.id);
    await soon('it has ended at Meta', () => call.state === 'ended');
    await delay(100);
    expect([house.calls.stats().live, next.closed]).toEqual([1, 1]);
    freed();
    await house.quiet();
    expect([call.words, house.errorsOf(id)]).toEqual([['pre_accept', 'accept', 'terminate'], []]);
  });

  it('V-33, TK1: … and ends the call where the cascade has no keys', async () => {
    house.app.answers.calls.assistants.set('6', { id: 6, ai_model: 'gpt-realtime' });
    house.app.answers.calls.keys = { deepgram: '', openai: 'sk-key-0123456789', elevenlabs: '' };
    house.meta.slow('accept', 300);
    const { call, id } = await house.incoming({ assistantId: '6' });
    await soon('it is claimed', () => house.app.answers.calls.claimed.get(id) === 'bridge');
    house.pipeline.line.hangUp('vendor lost', 'realtime_lost');
    await house.quiet();
    expect([call.words.at(-1), house.errorsOf(id)]).toEqual(['terminate', ['realtime_lost']]);
  });

  it('§1: a key that the realtime vendor refuses is no key of the cascade either', async () => {
    house.app.answers.calls.assistants.set('6', { id: 6, ai_model: 'gpt-realtime' });
    house.ready.realtime = () => Promise.resolve({ kind: 'failed', why: 'realtime_refused:401', badKey: 'openai' });
    const given = await house.incoming({ assistantId: '6' });
    const pipeline = await house.talking(given.call);
    expect([house.opened.at(-1)?.name, pipeline.brief.keys]).toEqual([
      'cascade',
      { deepgram: 'dg-key-0123456789', openai: '', elevenlabs: '' },
    ]);
    house.calls.terminate(given.call.id);
    await house.quiet();
  });

  it('V-27: more calls than there may be are rejected as capacity, and those that run are not touched', async () => {
    const small = await CallHouse.open({ maxCalls: 1 });
    const first = await small.incoming();
    const pipeline = await small.talking(first.call);
    const second = await small.incoming();
    await soon('it is rejected', () => second.call.words.includes('reject'));
    expect([small.errorsOf(second.id), second.call.words]).toEqual([['capacity'], ['reject']]);
    const before = pipeline.heardPackets.length;
    await delay(400);
    expect(pipeline.heardPackets.length - before).toBeGreaterThan(10);
    expect(small.calls.stats()).toMatchObject({ live: 1, setupFailures: 1 });
    await small.close();
    expect(first.call.words).toEqual(['pre_accept', 'accept', 'terminate']);
  });

  it('V-35: neither the token of Meta nor a voice key is ever logged', () => {
    const all = house.logged.join('');
    expect(all.length).toBeGreaterThan(1_000);
    for (const secret of [house.meta.token, 'dg-key-0123456789', 'sk-key-0123456789', '5511912345678'])
      expect(all).not.toContain(secret);
  });
});

/** Steps of the sequence, and how many sources and payload types there are. */
function streamOf(packets: readonly { sequence: number; ssrc: number; payloadType: number }[]) {
  return {
    sequences: packets.slice(1).map((packet, at) => (packet.sequence - (packets[at]?.sequence ?? 0)) & 0xffff),
    ssrcs: new Set(packets.map(({ ssrc }) => ssrc)).size,
    types: [...new Set(packets.map(({ payloadType }) => payloadType))],
  };
}
