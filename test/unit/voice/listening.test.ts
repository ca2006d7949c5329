/** Speech to text: engines, keep-alive, lost sockets. Contract voice §8.1, §8.2. */
import { beforeEach, describe, expect, it } from 'vitest';
import { listenEngines } from '../../../src/actors/voice/cascade/listen/engines.ts';
import { Listening } from '../../../src/actors/voice/cascade/listen/listening.ts';
import { FakeSockets } from '../../helpers/fake-sockets.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const URLS = { deepgram: 'https://dg.example', openai: 'https://oa.example', elevenlabs: 'https://el.example' };
const KEYS = { deepgram: 'dg', openai: 'sk', elevenlabs: 'el' };
const FRAME = new Int16Array(960).fill(7);

let time: SimulatedTime;
let sockets: FakeSockets;
let said: string[];
let lost: number;
let troubles: string[];
beforeEach(() => {
  time = new SimulatedTime();
  sockets = new FakeSockets();
  [said, troubles, lost] = [[], [], 0];
});

function listening(keys: Partial<typeof KEYS> = KEYS, assistant = {}): Listening {
  const all = { deepgram: '', openai: '', elevenlabs: '', ...keys };
  const made = new Listening({
    clock: time,
    open: sockets.open,
    engines: listenEngines({ languages: [], ...assistant }, all, URLS),
    final: (text) => said.push(text),
    trouble: (engine, why) => troubles.push(`${engine}: ${why}`),
    lost: () => {
      lost += 1;
    },
  });
  made.begin();
  return made;
}
const hosts = () => sockets.all.map(({ url }) => new URL(url).host.split('.')[0]);
const audio = () => sockets.last.sent.filter((data) => typeof data !== 'string');
const words = () => sockets.last.sent.filter((data) => typeof data === 'string');
const results = (transcript: string, is_final = true) =>
  JSON.stringify({ type: 'Results', is_final, channel: { alternatives: [{ transcript }] } });
const drop = () => sockets.last.events.closed('closed 1006');

describe('engines', () => {
  it.each([
    ['Deepgram first', KEYS, {}, ['dg', 'oa']],
    ['V-22 stt_provider first', KEYS, { sttProvider: 'openai' as const }, ['oa', 'dg']],
    ['V-04 only an OpenAI key', { openai: 'sk' }, { sttProvider: 'deepgram' as const }, ['oa']],
    ['V-04 only a Deepgram key', { deepgram: 'dg' }, { sttProvider: 'openai' as const }, ['dg']],
    ['V-04 neither', { elevenlabs: 'el' }, {}, []],
  ])('%s', (_, keys, assistant, order) => {
    const engines = listenEngines(
      { languages: [], ...assistant },
      { deepgram: '', openai: '', elevenlabs: '', ...keys },
      URLS,
    );
    expect(engines.map((make) => new URL(make().url).host.split('.')[0])).toEqual(order);
  });

  it('Deepgram is asked as the contract says, with the first configured language', () => {
    listening({ deepgram: 'dg' }, { languages: ['de', 'en'] });
    const { url, headers } = sockets.last;
    expect(url.split('?')[0]).toBe('wss://dg.example/v1/listen');
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      ...{ encoding: 'linear16', sample_rate: '48000', channels: '1', interim_results: 'false', punctuate: 'true' },
      ...{ endpointing: '600', language: 'de', model: 'nova-2' },
    });
    expect(headers).toEqual({ authorization: 'Token dg' });
  });

  it('OpenAI is asked as the contract says; audio is 24 kHz in base64', () => {
    const ears = listening({ openai: 'sk' });
    expect(sockets.last.url).toBe('wss://oa.example/v1/realtime?intent=transcription');
    expect(sockets.last.headers).toEqual({ authorization: 'Bearer sk' });
    sockets.last.events.opened();
    ears.hear(FRAME);
    const [hello, append] = words().map((text) => JSON.parse(String(text)) as Record<string, unknown>);
    expect(hello).toMatchObject({
      type: 'session.update',
      session: { type: 'transcription', audio: { input: { transcription: { model: 'gpt-4o-transcribe' } } } },
    });
    expect(JSON.stringify(hello)).not.toContain('language');
    expect(Buffer.from(String(append?.['audio']), 'base64').length).toBe(960);
  });

  it('OpenAI takes a language without its region', () => {
    listening({ openai: 'sk' }, { languages: ['pt-BR'] });
    sockets.last.events.opened();
    expect(words()[0]).toContain('"language":"pt"');
  });

  it('only final transcripts with words count', () => {
    listening({ deepgram: 'dg' });
    sockets.last.events.opened();
    for (const message of [results(''), results('no', false), '{"type":"Metadata"}', 'no json', results(' yes ')])
      sockets.last.events.said(message);
    expect(said).toEqual(['yes']);
    listening({ openai: 'sk' });
    const type = 'conversation.item.input_audio_transcription';
    for (const end of ['delta', 'failed', 'completed'])
      sockets.last.events.said(JSON.stringify({ type: `${type}.${end}`, transcript: end }));
    expect(said).toEqual(['yes', 'completed']);
  });
});

describe('V-10 an idle connection is kept alive', () => {
  it('Deepgram every 5 s, and not while it hears audio', () => {
    const ears = listening({ deepgram: 'dg' });
    sockets.last.events.opened();
    time.advance(16_000);
    expect(words()).toEqual(Array.from({ length: 3 }, () => '{"type":"KeepAlive"}'));
    for (let at = 0; at < 600; at += 1, time.advance(20)) ears.hear(FRAME);
    expect(words()).toHaveLength(3);
  });

  it('OpenAI by silence in real time', () => {
    listening({ openai: 'sk' });
    sockets.last.events.opened();
    time.advance(1_000);
    const silent = words().slice(1);
    const bytes = silent.map((text) => Buffer.from((JSON.parse(String(text)) as { audio: string }).audio, 'base64'));
    expect(bytes.every((all) => all.every((byte) => byte === 0))).toBe(true);
    expect(Buffer.concat(bytes).length).toBe(48 * 1_000);
  });
});

describe('V-09 a lost socket is reopened', () => {
  it('after 250 ms, 1 s and 3 s, then the other engine, then it is told once (LI1)', () => {
    listening();
    for (const wait of [250, 1_000, 3_000]) {
      drop();
      time.advance(wait - 1);
      const before = sockets.all.length;
      time.advance(1);
      expect(sockets.all.length).toBe(before + 1);
    }
    expect(hosts()).toEqual(['dg', 'dg', 'dg', 'dg']);
    drop();
    for (const wait of [0, 250, 1_000, 3_000]) {
      time.advance(wait);
      drop();
    }
    expect(hosts()).toEqual(['dg', 'dg', 'dg', 'dg', 'oa', 'oa', 'oa', 'oa']);
    expect(lost).toBe(0);
    time.advance(0);
    expect(lost).toBe(1);
    expect(time.pending).toBe(0);
    expect(troubles).toHaveLength(8);
  });

  it('a connection that held for 10 s makes the count begin anew (LI1)', () => {
    listening({ deepgram: 'dg' });
    for (let round = 0; round < 6; round += 1) {
      sockets.last.events.opened();
      time.advance(10_000);
      drop();
      time.advance(250);
    }
    expect(sockets.all).toHaveLength(7);
    // Opening alone proves nothing: a key may be refused right behind it.
    for (const wait of [1_000, 3_000, 0]) {
      sockets.last.events.opened();
      drop();
      expect(lost).toBe(0);
      time.advance(wait);
    }
    expect(lost).toBe(1);
  });

  it('what was said since the last transcript, and meanwhile, is said again: up to 5 s (LI2)', () => {
    const ears = listening({ deepgram: 'dg' });
    sockets.last.events.opened();
    for (let at = 0; at < 10; at += 1) ears.hear(FRAME);
    sockets.last.events.said(results('so far'));
    for (let at = 0; at < 20; at += 1) ears.hear(FRAME);
    drop();
    for (let at = 0; at < 30; at += 1) ears.hear(FRAME);
    time.advance(250);
    expect(audio()).toHaveLength(0);
    sockets.last.events.opened();
    expect(audio()).toHaveLength(50);
    drop();
    for (let at = 0; at < 400; at += 1) ears.hear(FRAME);
    time.advance(1_000);
    sockets.last.events.opened();
    expect(audio()).toHaveLength(250);
  });
});

it('closed, it neither hears nor connects, and leaves no timer (V-21)', () => {
  const ears = listening();
  sockets.last.events.opened();
  drop();
  ears.close();
  ears.hear(FRAME);
  time.advance(60_000);
  expect(sockets.all).toHaveLength(1);
  expect([lost, time.pending]).toEqual([0, 0]);
});
