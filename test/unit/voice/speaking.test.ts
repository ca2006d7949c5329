/** Text to speech, its pace, and who may interrupt it. Contract voice §8.4, §8.6. */
import { beforeEach, describe, expect, it } from 'vitest';
import { AudioClock } from '../../../src/actors/voice/cascade/audio-clock.ts';
import { BargeIn } from '../../../src/actors/voice/cascade/barge-in.ts';
import { Mouth, type Said } from '../../../src/actors/voice/cascade/mouth.ts';
import { elevenlabsSpeaker } from '../../../src/actors/voice/cascade/speak/elevenlabs.ts';
import type { SpeakEngine } from '../../../src/actors/voice/cascade/speak/engine.ts';
import { speakEngines } from '../../../src/actors/voice/cascade/speak/engines.ts';
import { Voices } from '../../../src/actors/voice/cascade/speak/voices.ts';
import type { StreamedCall } from '../../../src/net/streamed.ts';
import { FakeSockets } from '../../helpers/fake-sockets.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

let time: SimulatedTime;
beforeEach(() => {
  time = new SimulatedTime();
});
const pcm = (ms: number, value = 1) => new Int16Array(ms * 48).fill(value);
const settled = () => time.advanceAsync(0);

describe('the audio clock', () => {
  let frames: { at: number; frame: Int16Array }[];
  let drainedAt: number[];
  let clock: AudioClock;
  let start: number;
  beforeEach(() => {
    [frames, drainedAt, start] = [[], [], time.now()];
    clock = new AudioClock({
      clock: time,
      play: (frame) => frames.push({ at: time.now() - start, frame }),
      drained: () => drainedAt.push(time.now() - start),
    });
  });
  const times = () => frames.map(({ at }) => at);

  it('AC1 plays one frame each 20 ms, however fast the audio came', () => {
    clock.put(pcm(100));
    time.advance(1_000);
    expect(times()).toEqual([0, 20, 40, 60, 80]);
  });

  it('AC1 a stall is caught up with, at most 30 frames of it', () => {
    clock.put(pcm(3_000));
    time.advance(0);
    // The process does nothing for 1000 ms: the timer of 20 ms fires late.
    const { now } = time;
    let late = 0;
    Object.assign(time, { now: () => now.call(time) + late });
    late = 980;
    time.advance(20);
    expect(frames.length).toBe(1 + 30);
    late = 1_000;
    time.advance(20);
    expect(frames.length).toBe(1 + 30 + 2);
  });

  it('AC2 the last frame is filled with silence, and the end is told when it was played', () => {
    clock.put(pcm(50));
    time.advance(500);
    expect(times()).toEqual([0, 20]);
    clock.finish();
    time.advance(500);
    expect(times()).toEqual([0, 20, 500]);
    expect(frames[2]?.frame.filter((sample) => sample === 0).length).toBe(480);
    expect(drainedAt).toEqual([520]);
    expect(time.pending).toBe(0);
  });

  it('AC3 dropped audio is never played, and nothing runs', () => {
    clock.put(pcm(500));
    clock.finish();
    time.advance(90);
    clock.drop();
    time.advance(1_000);
    expect([times().length, drainedAt.length, time.pending]).toEqual([5, 0, 0]);
    clock.put(pcm(20));
    time.advance(1_000);
    expect(times().at(-1)).toBe(1_090);
  });
});

/** `ms` of audio at once, then what `end` says. */
const engine = (name: SpeakEngine['name'], ms: number, end?: string): SpeakEngine & { asked: string[] } => {
  const asked: string[] = [];
  return {
    name,
    asked,
    speak: (text, _signal, take) => {
      asked.push(text);
      if (ms > 0) take(pcm(ms));
      return Promise.resolve(end);
    },
  };
};

describe('V-26 an engine that delivers nothing is replaced', () => {
  const say = async (voices: Voices, text = 'Hello') => {
    let ms = 0;
    const spoken = await voices.say(text, new AbortController().signal, {
      take: (audio) => {
        ms += audio.length / 48;
      },
      restart: () => {
        ms = 0;
      },
    });
    return `${spoken} ${ms}`;
  };

  it.each([
    ['zero bytes', 0, undefined],
    ['a failure before any', 0, 'HTTP 401'],
    ['a failure in the middle', 100, 'closed 1006'],
  ])('within the same utterance, for the rest of the call: %s', async (_, ms, why) => {
    const troubles: string[] = [];
    const [first, second] = [engine('elevenlabs', ms, why), engine('openai', 300)];
    const voices = new Voices({
      engines: [first, second],
      trouble: (name, reason) => troubles.push(`${name} ${reason}`),
    });
    expect(await say(voices)).toBe('spoken 300');
    expect(await say(voices, 'Again')).toBe('spoken 300');
    expect([first.asked, second.asked]).toEqual([['Hello'], ['Hello', 'Again']]);
    expect(troubles).toEqual([`elevenlabs ${why ?? 'no audio'}`]);
  });

  it('VO2 the last one is kept when it breaks off, and left when it says nothing', async () => {
    const trouble = () => undefined;
    expect(await say(new Voices({ engines: [engine('openai', 100, 'cut')], trouble }))).toBe('spoken 100');
    const voices = new Voices({ engines: [engine('openai', 0, 'HTTP 500')], trouble });
    expect([await say(voices), await say(voices)]).toEqual(['no engine 0', 'no engine 0']);
  });

  it.each(['👍', '…', '?!'])(
    'VO3 what has no word in it (%s) is no proof against an engine that has no sound for it',
    async (text) => {
      const only = engine('elevenlabs', 0);
      const voices = new Voices({ engines: [only], trouble: () => expect.unreachable() });
      expect([await say(voices, text), only.asked]).toEqual(['spoken 0', [text]]);
    },
  );
});

describe('V-04, V-22 which engines speak', () => {
  const calls: StreamedCall[] = [];
  const sockets = new FakeSockets();
  const tools = {
    clock: new SimulatedTime(),
    open: sockets.open,
    streams: {
      post: (call: StreamedCall) => {
        calls.push(call);
        return Promise.resolve(undefined);
      },
      close: () => Promise.resolve(),
    },
  };
  const urls = { deepgram: 'https://dg.example', openai: 'https://oa.example', elevenlabs: 'https://el.example' };
  const engines = (
    keys: object,
    assistant: { voiceProvider?: 'elevenlabs' | 'openai' | 'deepgram'; voiceId?: string },
  ) => speakEngines({ voiceId: '', ...assistant }, { deepgram: '', openai: '', elevenlabs: '', ...keys }, urls, tools);
  const ALL = { deepgram: 'dg', openai: 'sk', elevenlabs: 'el' };

  it.each([
    [ALL, {}, ['elevenlabs', 'openai', 'deepgram']],
    [ALL, { voiceProvider: 'deepgram' as const }, ['deepgram', 'elevenlabs', 'openai']],
    [{ openai: 'sk' }, { voiceProvider: 'elevenlabs' as const }, ['openai']],
    [{ deepgram: 'dg' }, {}, ['deepgram']],
    [{}, {}, []],
  ])('%j %j', (keys, assistant, names) => {
    expect(engines(keys, assistant).map(({ name }) => name)).toEqual(names);
  });

  it.each([
    ['openai', 'nova', '"voice":"nova"'],
    ['openai', 'someone-else', '"voice":"alloy"'],
    ['deepgram', 'aura-2-luna-en', 'model=aura-2-luna-en'],
    ['deepgram', 'nova', 'model=aura-2-thalia-en'],
  ] as const)('%s speaks with %j as %s', async (voiceProvider, voiceId, part) => {
    const [first] = engines(ALL, { voiceProvider, voiceId });
    await first?.speak('Hi', new AbortController().signal, () => undefined);
    const { url, body } = calls.at(-1) ?? { url: '', body: '' };
    expect(url + body).toContain(part);
  });

  it.each([
    [{ voiceId: 'abc' }, '/abc/'],
    [{}, '/21m00Tcm4TlvDq8ikWAM/'],
    [{ voiceProvider: 'openai' as const, voiceId: 'nova' }, '/21m00Tcm4TlvDq8ikWAM/'],
  ])('ElevenLabs speaks with %j as %s', (assistant, part) => {
    const stop = new AbortController();
    void engines({ elevenlabs: 'el' }, assistant)[0]?.speak('Hi', stop.signal, () => undefined);
    expect(sockets.last.url).toContain(part);
    expect(sockets.last.headers).toEqual({ 'xi-api-key': 'el' });
    stop.abort();
    expect(sockets.last.isClosed).toBe(true);
  });
});

describe('ElevenLabs', () => {
  const begin = () => {
    const sockets = new FakeSockets();
    const stop = new AbortController();
    let samples = 0;
    const speaker = elevenlabsSpeaker({
      ...{ baseUrl: 'https://el.example', key: 'el', voice: 'v', clock: time, open: sockets.open },
    });
    const ended = speaker.speak('Hello', stop.signal, (audio) => {
      samples += audio.length;
    });
    return { socket: sockets.last, ended, stop, samples: () => samples };
  };
  const audio = (ms: number) => JSON.stringify({ audio: Buffer.alloc(ms * 32).toString('base64') });

  it('EL2 gets the text whole and flushed, and its audio is raised to 48 kHz', async () => {
    const { socket, ended, samples } = begin();
    socket.events.opened();
    expect(socket.sent.map((text) => JSON.parse(String(text)) as unknown)).toEqual([
      { text: ' ', voice_settings: { stability: 0.5, similarity_boost: 0.8 } },
      { text: 'Hello ', flush: true },
      { text: '' },
    ]);
    socket.events.said(audio(100));
    socket.events.said('{"isFinal":true,"audio":null}');
    expect(await ended).toBeUndefined();
    expect(samples()).toBe(4_800);
    expect([socket.isClosed, time.pending]).toEqual([true, 0]);
  });

  it.each([
    ['to open', false, []],
    ['for the first audio', true, []],
    ['for more audio', true, [50]],
  ])('EL1 waits 8 s %s', async (_, opens, pieces) => {
    const { socket, ended } = begin();
    let failure: string | undefined = 'pending';
    void ended.then((why) => {
      failure = why;
    });
    if (opens) socket.events.opened();
    for (const ms of pieces) socket.events.said(audio(ms));
    await time.advanceAsync(7_999);
    expect(failure).toBe('pending');
    await time.advanceAsync(2);
    await settled();
    expect([failure, socket.isClosed]).toEqual(['timeout', true]);
  });
});

describe('the mouth', () => {
  let told: string[];
  let played: number;
  const mouthOf = (...engines: SpeakEngine[]) => {
    [told, played] = [[], 0];
    const start = time.now();
    return new Mouth({
      clock: time,
      codec: { encode: () => new Uint8Array(1) },
      voices: new Voices({ engines, trouble: () => undefined }),
      play: () => {
        played += 20;
      },
      told: (text, at) => told.push(`${at - start}: ${text}`),
    });
  };
  const result = (promise: Promise<Said>) => {
    const box: { said?: Said } = {};
    void promise.then((said) => Object.assign(box, { said }));
    return box;
  };

  it('MO1 holds the floor until everything was played and 400 ms more', async () => {
    const mouth = mouthOf(engine('openai', 1_000));
    const box = result(mouth.say('Good morning'));
    await time.advanceAsync(1_399);
    expect([mouth.isSpeaking, box.said]).toEqual([true, undefined]);
    await time.advanceAsync(2);
    expect([mouth.isSpeaking, box.said]).toEqual([false, 'said']);
    expect([played, told, time.pending]).toEqual([1_000, ['0: Good morning'], 0]);
  });

  it('MO2 cut short, only the words that were played are told (transcript, §11)', async () => {
    const mouth = mouthOf(engine('openai', 1_000));
    const box = result(mouth.say('one two three four five'));
    await time.advanceAsync(500);
    mouth.cut();
    await time.advanceAsync(2_000);
    expect([box.said, told, played, time.pending]).toEqual(['cut', ['0: one two'], 520, 0]);
  });

  it('MO2 cut short, the request for the rest is given up', async () => {
    let given: AbortSignal | undefined;
    const endless: SpeakEngine = {
      name: 'openai',
      speak: (_text, signal, take) => {
        given = signal;
        take(pcm(100));
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted')));
      },
    };
    const mouth = mouthOf(endless);
    const box = result(mouth.say('Hello'));
    await time.advanceAsync(100);
    expect(given?.aborted).toBe(false);
    mouth.cut();
    await settled();
    expect([given?.aborted, box.said]).toEqual([true, 'cut']);
  });

  it('MO3 what was overtaken before its first frame was never said; afterwards it goes on', async () => {
    const further = new AbortController();
    let end: (() => void) | undefined;
    const slow: SpeakEngine = {
      name: 'openai',
      speak: (_text, signal, take) =>
        new Promise((resolve) => {
          end = () => {
            take(pcm(200));
            resolve(signal.aborted ? 'aborted' : undefined);
          };
        }),
    };
    const mouth = mouthOf(slow);
    const first = result(mouth.say('too late', further.signal));
    await settled();
    further.abort();
    await settled();
    end?.();
    await time.advanceAsync(1_000);
    expect([first.said, told, played]).toEqual(['overtaken', [], 0]);

    const later = new AbortController();
    const second = result(mouth.say('in time', later.signal));
    await settled();
    end?.();
    await time.advanceAsync(60);
    later.abort();
    await time.advanceAsync(1_000);
    expect([second.said, told.length, played]).toEqual(['said', 1, 200]);
  });

  it('is dumb without an engine', async () => {
    const box = result(mouthOf().say('Hello'));
    await settled();
    expect([box.said, told]).toEqual(['dumb', []]);
  });
});

describe('barge-in', () => {
  const run = (frames: [amplitude: number, ms: number][], heardForMs: number | 'silent' = 2_000) => {
    const bargeIn = new BargeIn();
    let at = 0;
    for (const [amplitude, ms] of frames) {
      for (let left = ms; left > 0; left -= 20) {
        at += 20;
        if (bargeIn.hear(pcm(20, amplitude), heardForMs === 'silent' ? undefined : heardForMs)) return at;
      }
    }
    return undefined;
  };

  it.each<[string, [number, number][], number | undefined]>([
    ['BI1 loud for 300 ms', [[1_800, 1_000]], 300],
    ['BI1 just not loud enough', [[1_799, 1_000]], undefined],
    [
      'BI1 too short',
      [
        [5_000, 280],
        [0, 200],
        [5_000, 280],
      ],
      undefined,
    ],
    [
      'BI1 a dip between syllables',
      [
        [5_000, 160],
        [0, 80],
        [5_000, 160],
      ],
      380,
    ],
  ])('%s', (_, frames, at) => {
    expect(run(frames)).toBe(at);
  });

  it('BI2 nothing counts in the first 700 ms of an utterance, or while nobody speaks', () => {
    expect([run([[5_000, 1_000]], 699), run([[5_000, 1_000]], 'silent'), run([[5_000, 1_000]], 700)]).toEqual([
      undefined,
      undefined,
      300,
    ]);
  });
});
