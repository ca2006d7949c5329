/** Deepgram's live transcription (contract voice §8.2, facts voice-ai §5). Pure: messages in, messages out. */
import { z } from 'zod';
import { lenientJson } from '../../../../net.ts';
import { SAMPLE_RATE } from '../../opus.ts';
import { bytesOf } from '../pcm.ts';
import { type ListenEngine, type ListenOptions, socketUrl } from './engine.ts';

const results = z.object({
  type: z.literal('Results'),
  is_final: z.literal(true),
  channel: z.object({ alternatives: z.array(z.object({ transcript: z.string() })).min(1) }),
});

export function deepgramListener({ baseUrl, key, language }: ListenOptions): ListenEngine {
  const query = new URLSearchParams({
    encoding: 'linear16',
    sample_rate: String(SAMPLE_RATE),
    channels: '1',
    interim_results: 'false',
    punctuate: 'true',
    endpointing: '600',
    language: language || 'en',
    model: 'nova-2',
  });
  return {
    name: 'deepgram',
    url: socketUrl(baseUrl, `/v1/listen?${query.toString()}`),
    headers: { authorization: `Token ${key}` },
    hello: [],
    audio: bytesOf,
    idle: { everyMs: 5_000, message: () => '{"type":"KeepAlive"}' },
    final: (message) => results.safeParse(lenientJson(message)).data?.channel.alternatives[0]?.transcript.trim() ?? '',
  };
}
