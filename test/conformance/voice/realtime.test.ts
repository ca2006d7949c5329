/**
 * Pipeline B as a whole: Meta's loopback peer, a realtime vendor's loopback peer, and the bridge's calls between them.
 * Contract voice §9.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SILENCE } from '../../../src/actors/voice/opus-toc.ts';
import { openAi } from '../../../src/actors/voice/realtime/openai.ts';
import { realtime } from '../../../src/actors/voice/realtime/realtime.ts';
import type { Pipeline } from '../../../src/actors/voice/pipeline.ts';
import type { CallTool } from '../../../src/actors/voice/tools.ts';
import { assistantOf } from '../../../src/app-client/voice-calls.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { vendor as webVendor } from '../../../src/net/vendor.ts';
import { CallHouse } from '../../helpers/call-house.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { MetaCall } from '../../loopback/calls/calls-peer.ts';
import { isStamped, type Packet, stampOf } from '../../loopback/calls/media.ts';
import { type RealtimeCall, type RealtimePeer, startRealtimePeer } from '../../loopback/realtime/realtime-peer.ts';

let vendor: RealtimePeer;
let house: CallHouse;
const tools: { readonly name: string; readonly parameters: unknown }[] = [];
const callTool: CallTool = (tool, parameters) => {
  tools.push({ name: tool.name, parameters });
  return Promise.resolve(tool.name === 'broken' ? undefined : 'booked for nine');
};

beforeAll(async () => {
  vendor = await startRealtimePeer();
  house = await CallHouse.open({ preferred: 'realtime', vendor, callTool });
});
beforeEach(() => {
  vendor.faults = {};
  house.app.answers.calls.keys = { deepgram: '', openai: vendor.key, elevenlabs: '' };
  house.app.answers.calls.assistants.set('5', {
    ...{ id: 5, greeting_text: 'Good morning!', last_greeting: 'Bye then.', exit_keywords: ['that is all'] },
    ai_system_prompt: 'You sell flowers.',
    tools: [
      {
        function_name: 'book a table',
        trigger_keywords: ['book'],
        http_url: 'https://x.example',
        parameters: { when: '' },
      },
      { function_name: 'broken', http_url: 'https://x.example', parameters: [] },
    ],
  });
});
afterEach(async () => {
  for (const id of house.meta.calls.keys()) house.calls.terminate(id);
  await house.quiet();
});
afterAll(async () => {
  expect([vendor.violations, house.meta.violations, house.app.violations()]).toEqual([[], [], []]);
  expect(vendor.calls.filter(({ hungUp }) => !hungUp)).toEqual([]);
  expect(house.logged.join('')).not.toContain(vendor.key);
  await house.close();
  await vendor.close();
});

const soon = (what: string, probe: () => boolean, withinMs = 8_000) =>
  eventually(probe, { what, withinMs, everyMs: 5 });
const turns = (id: string) =>
  house.told.flatMap((fact) => (fact.kind === 'call turn' && fact.call === id ? [`${fact.role}: ${fact.text}`] : []));
const vendorKey = () => vendor.key;
const spoken = ({ media }: MetaCall) => media.heard.filter(({ payload }) => isStamped(payload));
const created = ({ events }: RealtimeCall) => events.filter(({ type }) => type === 'response.create').length;

/** A call whose greeting is being heard. */
async function talking(): Promise<{ call: MetaCall; id: string; model: RealtimeCall }> {
  const before = vendor.calls.length;
  const { call, id } = await house.incoming();
  await soon('the greeting is heard', () => spoken(call).length > 3);
  const model = vendor.calls[before];
  if (!model) throw new Error('the vendor was not asked');
  return { call, id, model };
}

/** A pipeline without a call around it. `whenLost` at the first loss of its vendor. */
function alone(whenLost: (pipeline: Pipeline) => void) {
  const ends: { readonly why: string; readonly error: string | undefined }[] = [];
  const turned: string[] = [];
  const web = webVendor({ connections: 4, clock: systemClock });
  const log = createLog({
    level: 'trace',
    stream: {
      write: (line) => {
        if (line.includes('vendor was lost')) queueMicrotask(() => whenLost(pipeline));
      },
    },
  });
  const maker = realtime({
    vendor: openAi({ vendor: web, url: vendor.url, clock: systemClock }),
    defaults: { model: 'gpt-realtime', voice: 'marin', bargeIn: true },
    ...{ ice: { stunUrls: [], local: true }, callTool, clock: systemClock, log, random: () => 0 },
  });
  const pipeline = maker.open(
    {
      ...{ call: '7', workspace: '3', assistantId: '5', callerPhone: '', calleePhone: '' },
      keys: { deepgram: '', openai: vendor.key, elevenlabs: '' },
      assistant: assistantOf({ last_greeting: 'Bye then.' }),
    },
    {
      play: () => undefined,
      turn: ({ text }) => turned.push(text),
      hangUp: (why, error) => ends.push({ why, error }),
    },
  );
  const close = async () => {
    await pipeline.close();
    await web.close();
  };
  return { pipeline, ends, turned, close };
}

describe('the relay', () => {
  it('V-30, V-31: payloads leave exactly as they came in both directions, continuous over silence and speech', async () => {
    const { call, id, model } = await talking();
    await soon('the caller is heard by the model', () => model.media.heard.length > 30);
    await soon('the greeting is over', () => turns(id).length === 1 && spoken(call).length === 25);
    await delay(300);
    model.speak('More.', 10);
    await soon('more is heard', () => spoken(call).length === 35);
    expect(model.media.heard.every(({ payload }) => isStamped(payload))).toBe(true);
    expect(call.media.heard.every(({ payload }) => isStamped(payload) || payload.equals(SILENCE))).toBe(true);
    expect(spoken(call).map(({ payload }) => stampOf(payload).n)).toEqual(Array.from({ length: 35 }, (_, n) => n));
    expect(stepsOf(call.media.heard).filter(([sequence]) => sequence !== 1)).toEqual([]);
    expect(stepsOf(call.media.heard).every(([, timestamp]) => timestamp >= 960 && timestamp < 48 * 400)).toBe(true);
    expect(new Set(call.media.heard.map(({ ssrc, payloadType }) => `${ssrc} ${payloadType}`)).size).toBe(1);
    const delays = spoken(call)
      .map(({ at, payload }) => at - stampOf(payload).at)
      .toSorted((a, b) => a - b);
    console.info(
      `relay: vendor to caller p50 ${at(delays, 0.5)} ms, p99 ${at(delays, 0.99)} ms, through two SRTP legs`,
    );
  });

  it('V-31: lost packets stay gaps, and keys are never relayed (V-18)', async () => {
    const { call, model } = await talking();
    await soon('the caller is heard', () => model.media.heard.length > 10);
    call.media.hush();
    await delay(60);
    const before = model.media.heard.length;
    call.media.press('4');
    call.media.say(Buffer.from([0x78, 1]));
    call.media.skip(3);
    call.media.say(Buffer.from([0x78, 2]));
    await soon('both have arrived', () => model.media.heard.length === before + 2);
    await delay(100);
    expect(model.media.heard.length).toBe(before + 2);
    expect(stepsOf(model.media.heard.slice(-2))).toEqual([[4, 4 * 960]]);
    await soon('the key is a text for the model', () =>
      model.events.some((event) => JSON.stringify(event).includes('pressed 4')),
    );
  });

  it('V-32: an interrupted model is silent at once, and nothing of it is left in the bridge', async () => {
    const { call, model } = await talking();
    model.speak('A long story.', 200);
    await soon('it is heard', () => spoken(call).length > 40);
    model.interrupt();
    await delay(60);
    const heard = spoken(call).length;
    await delay(300);
    expect(spoken(call).length).toBe(heard);
    const last = call.media.heard.at(-1);
    expect(last?.payload.equals(Buffer.from(SILENCE))).toBe(true);
    expect(model.media.said).toBe(heard);
  });
});

describe('the conversation', () => {
  it('§9.3, §9.4: the session carries the assistant; greeting, turns in spoken order, tools as functions (V-16, V-20)', async () => {
    const { id, model } = await talking();
    expect(model.session).toMatchObject({
      ...{ model: 'gpt-realtime', audio: { output: { voice: 'marin' } } },
      tools: [
        { name: 'book_a_table', parameters: { type: 'object', properties: { when: { type: 'string' } } } },
        { name: 'broken', parameters: { type: 'object', properties: {} } },
      ],
    });
    expect(model.session.instructions).toMatch(/^You sell flowers\.\n\n.*phone call/s);
    await soon('the greeting was said', () => turns(id).length === 1);
    model.hear('A table for nine, please.', 200);
    model.speak('One moment.', 5);
    await soon('both turns are told', () => turns(id).length === 3);
    expect(turns(id)).toEqual(['agent: Good morning!', 'user: A table for nine, please.', 'agent: One moment.']);
    const responses = created(model);
    for (const name of ['book_a_table', 'broken'])
      model.emit({
        type: 'response.function_call_arguments.done',
        call_id: `call_${name}`,
        name,
        arguments: '{"when":"nine"}',
      });
    await soon('both are answered', () => created(model) === responses + 2);
    expect(tools.slice(-2)).toEqual([
      { name: 'book a table', parameters: { when: 'nine' } },
      { name: 'broken', parameters: { when: 'nine' } },
    ]);
    const outputs = model.events.filter((event) => event.type === 'conversation.item.create').map(({ item }) => item);
    expect(outputs).toMatchObject([
      { type: 'function_call_output', call_id: 'call_book_a_table', output: 'booked for nine' },
      { type: 'function_call_output', call_id: 'call_broken', output: 'There is no answer.' },
    ]);
  });

  it('V-28: an exit keyword as words ends it after the goodbye; inside another word it does not', async () => {
    const { call, id, model } = await talking();
    model.hear('That is allowed?');
    await delay(100);
    expect(model.events.some(({ type }) => type === 'response.cancel')).toBe(false);
    model.frames = 5;
    model.hear('Thanks, that is ALL.');
    await soon('it has ended at Meta', () => call.state === 'ended');
    expect(model.events.map(({ type }) => type).slice(-3)).toEqual([
      ...['response.cancel', 'output_audio_buffer.clear', 'response.create'],
    ]);
    await house.quiet();
    expect(turns(id).at(-1)).toBe('agent: Bye then.');
    expect([call.words, house.errorsOf(id), model.hungUp]).toEqual([['pre_accept', 'accept', 'terminate'], [], true]);
  });

  it('§9.4: the goodbye is heard to its end, also when the model is answering the words that ended the call', async () => {
    const { call, id, model } = await talking();
    await soon('the greeting is over', () => turns(id).length === 1 && spoken(call).length === 25);
    model.answers = true;
    model.frames = 20;
    model.hear('Thanks, that is all.', 200);
    // Of the goodbye, which is longer than the answer and the time after it.
    model.frames = 130;
    await soon('it has ended at Meta', () => call.state === 'ended', 12_000);
    const last = spoken(call).at(-1);
    expect([turns(id).at(-1), last && stampOf(last.payload).n]).toEqual(['agent: Bye then.', model.media.said - 1]);
    expect(model.media.said).toBeGreaterThanOrEqual(25 + 130);
    expect(model.events.filter(({ type }) => type === 'output_audio_buffer.clear')).toHaveLength(1);
  });

  it('V-17: the third silence in a row ends it; so does a second failed response in a row', async () => {
    for (const event of [
      { type: 'input_audio_buffer.timeout_triggered' },
      { type: 'response.done', response: { status: 'failed' } },
    ]) {
      const { call, model } = await talking();
      // Long enough that no answer is done in between, which would forgive a failure.
      model.frames = 30;
      const times = event.type.startsWith('input') ? 3 : 2;
      for (let n = 1; n < times; n += 1) model.emit(event);
      await delay(100);
      expect(model.events.some(({ type }) => type === 'response.cancel')).toBe(false);
      model.emit(event);
      await soon('it has ended at Meta', () => call.state === 'ended');
    }
  });
});

describe('a vendor that fails', () => {
  it.each([
    ['refuses the key', { refuse: 401 }, 'realtime_refused:401'],
    ['never is ready', { mute: true }, 'realtime_not_ready'],
  ])('V-33, V-34: one that %s leaves the call ringing, within the time for a claim', async (_, faults, reason) => {
    vendor.faults = faults;
    const begun = Date.now();
    const { call, id } = await house.incoming();
    await soon('it is told', () => house.errorsOf(id).length === 1, 9_000);
    expect(Date.now() - begun).toBeLessThan(8_500);
    await house.quiet();
    expect([house.errorsOf(id), call.words]).toEqual([[reason], ['pre_accept']]);
  });

  it('V-33: … and gives way to the cascade when that has its keys', async () => {
    vendor.faults = { refuse: 500 };
    house.app.answers.calls.keys = { deepgram: 'dg-key-0123456789', openai: vendor.key, elevenlabs: '' };
    const { call } = await house.incoming();
    await soon('the call talks', () => call.state === 'accepted');
    expect(house.opened.at(-1)?.name).toBe('cascade');
    expect(house.calls.stats()).toMatchObject({ cascade: 1, realtime: 0 });
  });

  it('§9.5: one that is lost before the gate opens is connected to once more, and greets then', async () => {
    house.meta.slow('accept', 1_500);
    const before = vendor.calls.length;
    const { call, id } = await house.incoming();
    await soon('accept is on its way', () => house.app.answers.calls.claimed.get(id) === 'bridge');
    await vendor.calls.at(-1)?.media.connection.sctpTransport?.stop();
    await soon('the greeting is heard', () => spoken(call).length > 3);
    house.meta.slow('accept', 0);
    await soon('the greeting is told', () => turns(id).length === 1);
    expect([vendor.calls.length - before, turns(id), house.errorsOf(id)]).toEqual([2, ['agent: Good morning!'], []]);
  });

  it.each([
    ['is not there any more', 500, vendorKey],
    ['refuses the key', 401, () => ''],
  ])('V-33, §1, RT3: … and one that then %s gives way to the cascade, and is hung up', async (_, refuse, left) => {
    house.app.answers.calls.keys = { deepgram: 'dg-key-0123456789', openai: vendor.key, elevenlabs: '' };
    const opened = house.opened.length;
    const { call, id } = await house.incoming();
    let accepted: () => void = () => {};
    call.answering = (action) =>
      action === 'accept' ? new Promise<void>((resolve) => (accepted = resolve)) : Promise.resolve();
    await soon('accept is on its way', () => call.state === 'accepted');
    const model = vendor.calls.at(-1);
    vendor.faults = { refuse };
    await model?.media.connection.sctpTransport?.stop();
    await soon('the cascade is there', () => house.opened.length > opened);
    accepted();
    const pipeline = await house.talking(call);
    await soon('the vendor is hung up', () => model?.hungUp === true);
    expect([house.opened.at(-1)?.name, pipeline.begun, house.errorsOf(id)]).toEqual(['cascade', 1, []]);
    expect(pipeline.brief.keys.openai).toBe(left());
  });

  it.each([
    ['ends with its goodbye', {}, ['Bye then.']],
    ['ends without one, and without an error, when there is no other', { refuse: 500 }, []],
  ])('RT2: a call that is left while its lost vendor is connected to again %s', async (_, faults, said) => {
    const { pipeline, ends, turned, close } = alone((own) => own.farewell());
    try {
      expect(await pipeline.ready).toEqual({ kind: 'ready' });
      const first = vendor.calls.at(-1);
      pipeline.begin();
      await soon('the greeting was said', () => turned.length === 1);
      vendor.faults = faults;
      await first?.media.connection.sctpTransport?.stop();
      await soon('it hangs up', () => ends.length === 1, 15_000);
      expect(ends).toEqual([{ why: 'the longest call is over', error: undefined }]);
      expect(turned.slice(1)).toEqual(said);
    } finally {
      await close();
    }
  });

  it('RT1, RT3: what the vendor counts before the gate is open ends nothing, and a gate that opens while it is connected to again is greeted once', async () => {
    const { pipeline, ends, turned, close } = alone((own) => own.begin());
    try {
      expect(await pipeline.ready).toEqual({ kind: 'ready' });
      const first = vendor.calls.at(-1) as RealtimeCall;
      for (let n = 0; n < 3; n += 1) first.emit({ type: 'input_audio_buffer.timeout_triggered', item_id: `i${n}` });
      await delay(50);
      await first.media.connection.sctpTransport?.stop();
      await soon('it greets', () => turned.length > 0);
      await delay(50);
      const next = vendor.calls.at(-1) as RealtimeCall;
      expect([first.events, created(next), ends]).toEqual([[], 1, []]);
    } finally {
      await close();
    }
  });

  it('V-31: a lost vendor is connected to once more and told what was said; lost again, the call ends with an error', async () => {
    const { call, id, model } = await talking();
    await soon('the greeting was said', () => turns(id).length === 1);
    const before = vendor.calls.length;
    // Its channel is closed, which is seen at once; a vendor that only vanishes is seen by ICE after half a minute.
    await vendor.calls.at(-1)?.media.connection.sctpTransport?.stop();
    await soon('there is another', () => vendor.calls.length === before + 1);
    const next = vendor.calls.at(-1) as RealtimeCall;
    await soon('it knows the turns', () => next.events.length > 0);
    expect(next.events[0]).toMatchObject({ item: { role: 'assistant', content: [{ text: 'Good morning!' }] } });
    const heard = spoken(call).length;
    next.speak('Here again.', 10);
    await soon('it is heard', () => spoken(call).length === heard + 10);
    expect(stepsOf(call.media.heard).filter(([sequence]) => sequence !== 1)).toEqual([]);
    expect(model.hungUp).toBe(true);
    await next.media.connection.sctpTransport?.stop();
    await house.quiet();
    expect([house.errorsOf(id), call.words.at(-1)]).toEqual([['realtime_lost'], 'terminate']);
  });
});

const stepsOf = (packets: readonly Packet[]): [sequence: number, timestamp: number][] =>
  packets
    .slice(1)
    .map((packet, n) => [
      (packet.sequence - (packets[n]?.sequence ?? 0)) & 0xffff,
      (packet.timestamp - (packets[n]?.timestamp ?? 0)) >>> 0,
    ]);

const at = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2);
