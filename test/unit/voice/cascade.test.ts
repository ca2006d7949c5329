/** Pipeline A as a whole on simulated time: real Opus, vendors that do what the test says. Contract voice §8, §10. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cascade } from '../../../src/actors/voice/cascade/cascade.ts';
import { assistantOf, callFlowOf } from '../../../src/app-client/voice-calls.ts';
import { createLog } from '../../../src/log.ts';
import type { StreamedCall } from '../../../src/net/streamed.ts';
import { Caller } from '../../helpers/caller.ts';
import { FakeSockets } from '../../helpers/fake-sockets.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const KEYS = { deepgram: 'secret-deepgram-key', openai: 'secret-openai-key', elevenlabs: '' };

let time: SimulatedTime;
let sockets: FakeSockets;
let spoken: string[];
let failing: boolean;
let logged: string[];
let asked: number;
const callers: Caller[] = [];
beforeEach(() => {
  time = new SimulatedTime();
  sockets = new FakeSockets();
  [spoken, logged, failing, asked] = [[], [], false, 0];
});
afterEach(() => {
  for (const caller of callers.splice(0)) caller.hangUp();
});

/** Speech at once: a second, or 100 ms for each character of a longer text. */
const post = ({ body, take, signal }: StreamedCall) => {
  if (failing) return Promise.resolve('HTTP 401');
  const { input } = JSON.parse(body) as { input: string };
  spoken.push(input);
  if (!signal.aborted) take(new Uint8Array(Math.max(1_000, input.length * 100) * 48).fill(9));
  return Promise.resolve(undefined);
};

type Setup = { assistant?: object; keys?: typeof KEYS; flow?: object; bargeIn?: boolean; reply?: string };

function open({ assistant = {}, keys = KEYS, flow, bargeIn = true, reply = 'Yes.' }: Setup = {}): Caller {
  const caller = new Caller(() => time.now());
  callers.push(caller);
  const callFlow = callFlowOf(flow);
  const maker = cascade({
    clock: time,
    open: sockets.open,
    streams: { post, close: () => Promise.resolve() },
    app: {
      reply: () => {
        asked += 1;
        return Promise.resolve(reply);
      },
      search: () => Promise.resolve(''),
    },
    callTool: () => Promise.resolve(undefined),
    urls: { deepgram: 'https://dg.example', openai: 'https://oa.example', elevenlabs: 'https://el.example' },
    bargeIn,
    log: createLog({ level: 'trace', stream: { write: (line) => logged.push(line) } }),
    random: () => 0,
  });
  caller.pipeline = maker.open(
    {
      ...{ call: '7', workspace: '3', assistantId: '5', callerPhone: '491', calleePhone: '492', keys },
      assistant: assistantOf({ greeting_text: 'Hello', last_greeting: 'Bye', reprompt_text: 'Pardon?', ...assistant }),
      ...(callFlow && { flow: callFlow }),
    },
    caller.line,
  );
  return caller;
}
function begin(setup?: Setup): Caller {
  const caller = open(setup);
  caller.pipeline?.begin();
  return caller;
}
const opened = async () => {
  sockets.last.events.opened();
  await time.advanceAsync(0);
};
/** The caller talks for so long, in real time. */
async function talks(caller: Caller, ms: number, amplitude = 8_000): Promise<void> {
  for (let at = 0; at < ms; at += 20) {
    caller.frame(amplitude);
    await time.advanceAsync(20);
  }
}
const understands = (transcript: string) =>
  sockets.last.events.said(
    JSON.stringify({ type: 'Results', is_final: true, channel: { alternatives: [{ transcript }] } }),
  );
const heardMs = () => sockets.last.sent.reduce((ms, data) => ms + (typeof data === 'string' ? 0 : data.length / 96), 0);
const story = ({ turns }: Caller) => turns.map(({ role, text }) => `${role}: ${text}`);

describe('V-04 what a call needs', () => {
  const missing = (keys: Partial<typeof KEYS>) =>
    cascade({} as Parameters<typeof cascade>[0]).missing({
      ...{ call: '', workspace: '', assistantId: '', callerPhone: '', calleePhone: '', assistant: assistantOf({}) },
      keys: { deepgram: '', openai: '', elevenlabs: '', ...keys },
    });
  it.each([
    [{ openai: 'k' }, []],
    [{ deepgram: 'k' }, []],
    [{ elevenlabs: 'k' }, ['stt']],
    [{}, ['stt', 'tts']],
  ])('with %j lacks %j', (keys, lacks) => {
    expect(missing(keys)).toEqual(lacks);
  });
});

describe('a call', () => {
  it('is ready at once, connects to nobody before it begins, and greets once', async () => {
    const caller = open({ assistant: { meta: { greeting_variations: ['', 'Welcome'] } } });
    expect(await caller.pipeline?.ready).toEqual({ kind: 'ready' });
    await time.advanceAsync(5_000);
    expect([sockets.all.length, caller.played.length]).toEqual([0, 0]);
    caller.pipeline?.begin();
    caller.pipeline?.begin();
    await time.advanceAsync(3_000);
    expect([sockets.all.length, spoken, story(caller)]).toEqual([1, ['Welcome'], ['agent: Welcome']]);
    // 20 ms each, on the clock.
    expect(caller.played.map(({ at }, index) => at - (caller.played[0]?.at ?? 0) - index * 20)).toEqual(
      Array.from({ length: 50 }, () => 0),
    );
  });

  it('the caller interrupts: the rest is not played, only what was heard is told, his turn is answered', async () => {
    const caller = begin({ assistant: { greeting_text: 'one two three four five' } });
    await opened();
    await time.advanceAsync(500);
    // BI2: the first 700 ms are spared.
    await talks(caller, 320);
    const before = caller.played.length;
    await talks(caller, 300);
    expect(caller.played.length).toBeLessThanOrEqual(before + 10);
    understands('wait, Shoes?');
    await time.advanceAsync(5_000);
    expect(story(caller)[0]).toBe('agent: one two');
    expect(story(caller).slice(1)).toEqual(['user: wait, Shoes?', 'agent: Yes.']);
  });

  it('V-10 without barge-in nobody is heard while the assistant speaks; the connection is kept alive', async () => {
    const caller = begin({ bargeIn: false });
    await opened();
    await talks(caller, 900);
    understands('ignored');
    expect([heardMs(), caller.played.length]).toEqual([0, 46]);
    await time.advanceAsync(600);
    await talks(caller, 200);
    expect(heardMs()).toBeGreaterThanOrEqual(200);
    understands('heard');
    await time.advanceAsync(300);
    expect(story(caller)).toEqual(['agent: Hello', 'user: heard']);
  });

  it('the assistant’s own word on barge-in wins', async () => {
    const caller = begin({ bargeIn: true, assistant: { barge_in: 0 } });
    await opened();
    await talks(caller, 900);
    expect(heardMs()).toBe(0);
  });

  it('a pause in the packets is heard as silence in real time, a loss as silence in its place (HE1)', async () => {
    const caller = begin();
    await opened();
    await time.advanceAsync(2_000);
    const before = heardMs();
    expect(before).toBeCloseTo(2_000, -2.4);
    caller.frame(8_000);
    caller.lose(3);
    caller.frame(8_000);
    expect(heardMs() - before).toBe(100);
    caller.pipeline?.heard(new Uint8Array(0), { source: 7, sequence: 0, timestamp: 0, marker: false });
    expect(heardMs() - before).toBe(100);
  });

  it('V-18 a key is a turn of text, and interrupts', async () => {
    const caller = begin();
    await opened();
    await time.advanceAsync(200);
    caller.pipeline?.digit('5');
    await time.advanceAsync(3_000);
    expect(story(caller).slice(-2)).toEqual(['user: 5', 'agent: Yes.']);
    expect(caller.played.length).toBeLessThan(12 + 52);
  });
});

describe('how it ends (CA3)', () => {
  const ended = async (caller: Caller, ms = 10_000) => {
    await time.advanceAsync(ms);
    return caller.hungUp;
  };

  it('V-28 an exit keyword: goodbye, then 1.5 s', async () => {
    const caller = begin({ assistant: { exit_keywords: ['stop'] } });
    await opened();
    await time.advanceAsync(2_000);
    understands('please stop');
    await time.advanceAsync(300 + 1_000 + 400 + 1_499);
    expect(caller.hungUp).toEqual([]);
    await time.advanceAsync(10);
    expect(caller.hungUp).toEqual([{ why: 'exit keyword', error: undefined }]);
    expect([story(caller).at(-1), asked, sockets.last.isClosed]).toEqual(['agent: Bye', 0, true]);
  });

  it('V-17 the longest duration, whatever is being said', async () => {
    const caller = begin();
    await time.advanceAsync(300);
    caller.pipeline?.farewell();
    caller.pipeline?.farewell();
    expect(await ended(caller)).toEqual([{ why: 'maximum duration', error: undefined }]);
    expect(spoken).toEqual(['Hello', 'Bye']);
  });

  it('V-09 no engine listens any more: goodbye', async () => {
    const caller = begin();
    for (let tries = 0; tries < 8; tries += 1) {
      sockets.last.events.closed('closed 1006');
      await time.advanceAsync(3_100);
    }
    expect(await ended(caller)).toEqual([{ why: 'no listening engine', error: undefined }]);
    expect(spoken.at(-1)).toBe('Bye');
  });

  it('V-26 no engine speaks: the app is told, nothing is said', async () => {
    failing = true;
    const caller = begin();
    expect(await ended(caller)).toEqual([{ why: 'no speaking engine', error: 'text to speech failed' }]);
    expect([caller.turns, time.pending, sockets.last.isClosed]).toEqual([[], 0, true]);
  });

  it('no engine speaks the goodbye: it ends at once', async () => {
    const caller = begin();
    await time.advanceAsync(3_000);
    failing = true;
    caller.pipeline?.farewell();
    await time.advanceAsync(10);
    expect(caller.hungUp).toEqual([{ why: 'maximum duration', error: 'text to speech failed' }]);
  });

  it('V-21 a call flow that only hangs up connects to no listening engine; nor does one that has ended', async () => {
    const only = { flowNodes: [{ id: 'a', type: 'cf_hangup', data: { goodbye: 'Closed today' } }] };
    const first = begin({ flow: only });
    expect(await ended(first)).toEqual([{ why: 'call flow', error: undefined }]);
    expect([sockets.all.length, story(first)]).toEqual([0, ['agent: Closed today']]);

    const says = { flowNodes: [{ id: 'a', type: 'cf_say', data: { text: 'Hi {{caller_phone}}' } }] };
    const second = begin({ flow: says });
    // Its next try would be 150 ms after the end.
    await time.advanceAsync(1_300);
    sockets.last.events.closed('closed 1006');
    await time.advanceAsync(60_000);
    expect([sockets.all.length, spoken.at(-1)]).toEqual([1, 'Hi 491']);
    expect(second.hungUp).toEqual([{ why: 'end of the call flow', error: undefined }]);
  });

  it('a call flow hands over to a conversation without a greeting', async () => {
    const flow = { flowNodes: [{ id: 'a', type: 'cf_assistant', data: { assistant: 9 } }] };
    const caller = begin({ flow });
    await opened();
    understands('Shoes?');
    await time.advanceAsync(3_000);
    expect(story(caller)).toEqual(['user: Shoes?', 'agent: Yes.']);
  });
});

describe('CA4 close frees everything, at whatever moment', () => {
  it.each([
    ['before it began', 0],
    ['while it greets', 100],
    ['while it waits', 5_000],
    ['while it says goodbye', -1],
    ['in the pause after the goodbye', -2],
  ])('%s', async (_, ms) => {
    const caller = open();
    if (ms !== 0) {
      caller.pipeline?.begin();
      await opened();
      await time.advanceAsync(ms > 0 ? ms : 2_000);
    }
    if (ms < 0) {
      caller.pipeline?.farewell();
      await time.advanceAsync(ms === -1 ? 100 : 2_000);
    }
    await caller.pipeline?.close();
    const { length } = caller.played;
    await caller.pipeline?.close();
    caller.pipeline?.begin();
    caller.pipeline?.farewell();
    caller.pipeline?.digit('1');
    caller.frame(8_000);
    await time.advanceAsync(60_000);
    expect([time.pending, sockets.all.every(({ isClosed }) => isClosed)]).toEqual([0, true]);
    expect([caller.played.length, caller.hungUp]).toEqual([length, []]);
  });
});

it('V-35 no key is in the log, whatever fails', async () => {
  failing = true;
  begin();
  sockets.last.events.closed('closed 1006');
  await time.advanceAsync(10_000);
  expect(logged.length).toBeGreaterThan(1);
  expect(logged.join()).not.toContain('secret');
});
