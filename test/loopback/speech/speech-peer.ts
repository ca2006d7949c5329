/**
 * Deepgram, OpenAI and ElevenLabs as one real server on 127.0.0.1 (facts/voice-ai.md §3 to §6, §8): WebSockets that listen,
 * WebSockets and HTTP that speak. Their paths do not overlap, so that one URL serves as the base of all three.
 *
 *  SP1  A request that the vendor would not take is refused as the vendor refuses it, and noted in `refused`.
 *  SP2  What is spoken is a tone, of a pitch of its own for each vendor and as long as the text: a listener can tell them
 *       apart. What is understood are the sentences of `hears`, in turn (`ears.ts`).
 *  SP3  Faults are set for each vendor and last until they are set anew.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { Ears, tone } from './ears.ts';

export type Vendor = 'deepgram' | 'openai' | 'elevenlabs';

export type SpeechFaults = {
  /** The key is refused. */
  readonly refuse?: boolean;
  /** Speech: answered without a byte of audio. Listening: nothing is ever understood. */
  readonly empty?: boolean;
  /** Speech breaks off after so many ms of audio. */
  readonly breakAfterMs?: number;
};

export type Spoke = { readonly vendor: Vendor; readonly text: string; readonly voice: string; readonly at: number };

export interface SpeechPeer {
  readonly url: string;
  /** The keys that are accepted. */
  readonly keys: Record<Vendor, string>;
  /** What callers say next, in turn; after that a fixed sentence. */
  readonly hears: string[];
  /** Every text that was asked to be spoken, refused ones left out. */
  readonly spoken: Spoke[];
  /** Why requests were not taken. */
  readonly refused: string[];
  /** Listening connections so far. */
  readonly listened: { readonly vendor: Vendor; readonly query: URLSearchParams; readonly at: number }[];
  /** Open sockets of both kinds. */
  readonly open: number;
  faults(vendor: Vendor, faults: SpeechFaults): void;
  /** Every listening socket is destroyed now. */
  dropListening(): void;
  /** Listening at Deepgram in this language is over: its sockets are destroyed, and new ones refused. */
  lose(language: string): void;
  /** A final transcript on every listening socket, whatever was heard. */
  say(text: string): void;
  close(): Promise<void>;
}

/** Hz; below half of every rate, so that a listener can tell who spoke. */
export const PITCH: Readonly<Record<Vendor, number>> = { elevenlabs: 400, openai: 700, deepgram: 1100 };
const MS_PER_CHARACTER = 15;
const SHORTEST_MS = 200;

const VOICES = [
  'alloy',
  'ash',
  'ballad',
  'coral',
  'echo',
  'fable',
  'onyx',
  'nova',
  'sage',
  'shimmer',
  'verse',
  'marin',
  'cedar',
] as const;

const OpenAISpeech = z.strictObject({
  model: z.literal('gpt-4o-mini-tts'),
  voice: z.enum(VOICES),
  input: z.string().min(1).max(4096),
  response_format: z.literal('pcm'),
});
const DeepgramSpeech = z.strictObject({ text: z.string().min(1) });
const Session = z.strictObject({
  type: z.literal('session.update'),
  session: z.strictObject({
    type: z.literal('transcription'),
    audio: z.strictObject({
      input: z.strictObject({
        format: z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000) }),
        transcription: z.strictObject({
          model: z.literal('gpt-4o-transcribe'),
          language: z.string().min(2).optional(),
        }),
        turn_detection: z.strictObject({
          type: z.literal('server_vad'),
          threshold: z.literal(0.72),
          prefix_padding_ms: z.literal(300),
          silence_duration_ms: z.literal(900),
        }),
      }),
    }),
  }),
});
const Append = z.strictObject({ type: z.literal('input_audio_buffer.append'), audio: z.base64() });
const Opening = z.strictObject({
  text: z.literal(' '),
  voice_settings: z.strictObject({ stability: z.literal(0.5), similarity_boost: z.literal(0.8) }),
});
const Text = z.strictObject({ text: z.string(), flush: z.boolean().optional() });

const json = (data: Buffer): unknown => JSON.parse(data.toString('utf8'));

export async function startSpeechPeer(): Promise<SpeechPeer> {
  const keys = { deepgram: 'dg-key', openai: 'sk-key', elevenlabs: 'el-key' };
  const faults: Record<Vendor, SpeechFaults> = { deepgram: {}, openai: {}, elevenlabs: {} };
  const [hears, spoken, refused]: [string[], Spoke[], string[]] = [[], [], []];
  const listened: SpeechPeer['listened'] = [];
  const sayOn = new Map<WebSocket, (text: string) => void>();
  const sockets = new Set<WebSocket>();
  const languages = new Map<WebSocket, string>();
  const lost = new Set<string>();

  const server = createServer((request, response) => void speakOverHttp(request, response));
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false });

  const audioOf = (vendor: Vendor, rate: number, text: string): Buffer => {
    if (faults[vendor].empty) return Buffer.alloc(0);
    const ms = Math.max(SHORTEST_MS, text.length * MS_PER_CHARACTER);
    return tone(rate, Math.min(ms, faults[vendor].breakAfterMs ?? ms), PITCH[vendor]);
  };

  async function speakOverHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://peer');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const vendor = url.pathname === '/v1/audio/speech' ? 'openai' : 'deepgram';
    const refuse = (status: number, why: string) => {
      refused.push(`${vendor} speech: ${why}`);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: why }));
    };
    const expected = vendor === 'openai' ? `Bearer ${keys.openai}` : `Token ${keys.deepgram}`;
    if (request.method !== 'POST') return refuse(405, 'method');
    if (url.pathname !== '/v1/audio/speech' && url.pathname !== '/v1/speak') return refuse(404, url.pathname);
    if (request.headers.authorization !== expected || faults[vendor].refuse) return refuse(401, 'key');
    const body = json(Buffer.concat(chunks));
    const read = vendor === 'openai' ? OpenAISpeech.safeParse(body) : DeepgramSpeech.safeParse(body);
    if (!read.success) return refuse(400, z.prettifyError(read.error));
    const rate = vendor === 'openai' ? 24_000 : 48_000;
    const query = Object.fromEntries(url.searchParams);
    const { model = '', ...fixed } = query;
    const isRight = JSON.stringify(fixed) === '{"encoding":"linear16","container":"none","sample_rate":"48000"}';
    if (vendor === 'deepgram' && !(isRight && model.startsWith('aura'))) return refuse(400, 'query');
    const said = 'input' in read.data ? read.data : { input: read.data.text, voice: model };
    spoken.push({ vendor, text: said.input, voice: said.voice, at: Date.now() });
    response.writeHead(200, { 'content-type': 'audio/pcm' });
    const audio = audioOf(vendor, rate, said.input);
    // Odd pieces: a sample may be split between two of them.
    for (let at = 0; at < audio.length; at += 4_801) response.write(audio.subarray(at, at + 4_801));
    if (faults[vendor].breakAfterMs === undefined) response.end();
    else setTimeout(() => response.destroy(), 20);
  }

  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '', 'http://peer');
    const refuse = (status: string, why: string) => {
      refused.push(why);
      // An upgrade leaves its socket without listeners, and who is refused may reset it.
      socket.on('error', () => undefined);
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    };
    const { authorization, 'xi-api-key': elevenKey } = request.headers;
    const [vendor, key] = url.pathname.startsWith('/v1/text-to-speech/')
      ? (['elevenlabs', elevenKey === keys.elevenlabs] as const)
      : url.pathname === '/v1/listen'
        ? (['deepgram', authorization === `Token ${keys.deepgram}`] as const)
        : (['openai', authorization === `Bearer ${keys.openai}`] as const);
    if (!key || faults[vendor].refuse) return refuse('401 Unauthorized', `${vendor}: key`);
    if (request.headers['openai-beta'] !== undefined) return refuse('400 Bad Request', 'openai: beta header');
    const language = url.searchParams.get('language') ?? '';
    if (lost.has(language)) return refuse('503 Service Unavailable', `${vendor}: lost`);
    const wrong = wrongAddress(url);
    if (wrong !== undefined) return refuse('400 Bad Request', `${vendor}: ${wrong}`);
    upgrades.handleUpgrade(request, socket, head, (peer) => {
      sockets.add(peer);
      peer.on('close', () => {
        sockets.delete(peer);
        sayOn.delete(peer);
        languages.delete(peer);
      });
      peer.on('error', () => undefined);
      if (vendor === 'elevenlabs') return elevenlabs(peer, url.pathname.split('/')[3] ?? '');
      languages.set(peer, language);
      listened.push({ vendor, query: url.searchParams, at: Date.now() });
      if (vendor === 'deepgram') deepgram(peer);
      else openai(peer);
    });
  });

  const sentence = () => hears.shift() ?? 'hello there';

  function deepgram(peer: WebSocket): void {
    const say = (transcript: string) =>
      peer.send(
        JSON.stringify({
          type: 'Results',
          channel_index: [0, 1],
          duration: 1,
          start: 0,
          is_final: true,
          speech_final: true,
          channel: { alternatives: [{ transcript, confidence: 0.99, words: [] }] },
        }),
      );
    sayOn.set(peer, say);
    const ears = new Ears(48_000, 600, () => {
      if (!faults.deepgram.empty) say(sentence());
    });
    // A connection that gets nothing is closed by the vendor after about 10 s.
    const idle = () => setTimeout(() => peer.close(1011), 10_000);
    let timer = idle();
    peer.on('message', (data, isBinary) => {
      clearTimeout(timer);
      timer = idle();
      if (isBinary) return ears.hear(data);
      const { type } = json(data) as { type?: string };
      if (type === 'CloseStream') peer.close(1000);
      else if (type !== 'KeepAlive') refused.push(`deepgram: message ${type}`);
    });
    peer.on('close', () => clearTimeout(timer));
  }

  function openai(peer: WebSocket): void {
    const say = (transcript: string) =>
      peer.send(
        JSON.stringify({
          type: 'conversation.item.input_audio_transcription.completed',
          item_id: 'item',
          content_index: 0,
          transcript,
        }),
      );
    sayOn.set(peer, say);
    const ears = new Ears(24_000, 900, () => {
      if (!faults.openai.empty) say(sentence());
    });
    let isFirst = true;
    peer.send(JSON.stringify({ type: 'session.created', session: {} }));
    peer.on('message', (data) => {
      const read = (isFirst ? Session : Append).safeParse(json(data));
      isFirst = false;
      if (!read.success) {
        refused.push(`openai: ${z.prettifyError(read.error)}`);
        peer.send(JSON.stringify({ type: 'error', error: { message: 'invalid' } }));
        return;
      }
      if (read.data.type === 'session.update') return;
      ears.hear(Buffer.from(read.data.audio, 'base64'));
    });
  }

  function elevenlabs(peer: WebSocket, voice: string): void {
    let text = '';
    let isFirst = true;
    peer.on('message', (data) => {
      const read = (isFirst ? Opening : Text).safeParse(json(data));
      isFirst = false;
      if (!read.success) {
        refused.push(`elevenlabs: ${z.prettifyError(read.error)}`);
        return peer.close(1008);
      }
      if (read.data.text !== '') {
        text += read.data.text;
        if (!text.endsWith(' ')) refused.push('elevenlabs: a text must end with a blank');
        return;
      }
      spoken.push({ vendor: 'elevenlabs', text: text.trim(), voice, at: Date.now() });
      answer();
    });
    const answer = () => {
      const audio = audioOf('elevenlabs', 16_000, text.trim());
      for (let at = 0; at < audio.length; at += 4_800) {
        peer.send(JSON.stringify({ audio: audio.subarray(at, at + 4_800).toString('base64') }));
      }
      if (faults.elevenlabs.breakAfterMs !== undefined) return peer.terminate();
      if (audio.length > 0) peer.send(JSON.stringify({ isFinal: true, audio: null }));
      peer.close(1000);
    };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    keys,
    hears,
    spoken,
    refused,
    listened,
    get open() {
      return sockets.size;
    },
    faults: (vendor, next) => {
      faults[vendor] = next;
    },
    lose: (language) => {
      lost.add(language);
      for (const [peer, spokenIn] of languages) if (spokenIn === language) peer.terminate();
    },
    dropListening: () => {
      for (const peer of sayOn.keys()) peer.terminate();
    },
    say: (text) => {
      for (const say of sayOn.values()) say(text);
    },
    close: async () => {
      for (const peer of sockets) peer.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What is missing in the query of a WebSocket's address. */
function wrongAddress({ pathname, searchParams }: URL): string | undefined {
  const expected: Record<string, string> = pathname.startsWith('/v1/text-to-speech/')
    ? { model_id: 'eleven_flash_v2_5', output_format: 'pcm_16000' }
    : pathname === '/v1/listen'
      ? {
          ...{ encoding: 'linear16', sample_rate: '48000', channels: '1', interim_results: 'false' },
          ...{ punctuate: 'true', endpointing: '600', model: 'nova-2' },
        }
      : { intent: 'transcription' };
  if (!/^\/v1\/(text-to-speech\/[^/]+\/stream-input|listen|realtime)$/.test(pathname)) return `path ${pathname}`;
  for (const [name, value] of Object.entries(expected)) if (searchParams.get(name) !== value) return `query ${name}`;
  return pathname === '/v1/listen' && !searchParams.get('language') ? 'query language' : undefined;
}
