/** Speech by one POST, streamed: OpenAI and Deepgram (contract voice §8.6, facts voice-ai §4, §6). */
import type { Streams } from '../../../../net/streamed.ts';
import { SAMPLE_RATE } from '../../opus.ts';
import { samplesOf } from '../pcm.ts';
import { raising } from '../resample.ts';
import type { SpeakEngine, SpeakOptions } from './engine.ts';

const TIMEOUT_MS = 30_000;
/** OpenAI takes 4096 characters. */
const LONGEST_TEXT = 4_000;

const OPENAI_VOICES: ReadonlySet<string> = new Set([
  ...['alloy', 'ash', 'ballad', 'coral', 'echo', 'fable', 'onyx', 'nova', 'sage', 'shimmer', 'verse', 'marin', 'cedar'],
]);

export function openaiSpeaker(streams: Streams, { baseUrl, key, voice }: SpeakOptions): SpeakEngine {
  return {
    name: 'openai',
    speak: (text, signal, take) => {
      const samples = samplesOf();
      const raise = raising(SAMPLE_RATE / 24_000);
      return streams.post({
        url: `${baseUrl}/v1/audio/speech`,
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({
          model: 'gpt-4o-mini-tts',
          voice: OPENAI_VOICES.has(voice) ? voice : 'alloy',
          input: text.slice(0, LONGEST_TEXT),
          response_format: 'pcm',
        }),
        timeoutMs: TIMEOUT_MS,
        signal,
        take: (bytes) => take(raise(samples(bytes))),
      });
    },
  };
}

export function deepgramSpeaker(streams: Streams, { baseUrl, key, voice }: SpeakOptions): SpeakEngine {
  const model = voice.startsWith('aura') ? voice : 'aura-2-thalia-en';
  const query = new URLSearchParams({
    encoding: 'linear16',
    container: 'none',
    sample_rate: String(SAMPLE_RATE),
    model,
  });
  return {
    name: 'deepgram',
    speak: (text, signal, take) => {
      const samples = samplesOf();
      return streams.post({
        url: `${baseUrl}/v1/speak?${query.toString()}`,
        headers: { authorization: `Token ${key}` },
        body: JSON.stringify({ text }),
        timeoutMs: TIMEOUT_MS,
        signal,
        take: (bytes) => take(samples(bytes)),
      });
    },
  };
}
