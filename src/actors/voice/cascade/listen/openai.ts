/**
 * OpenAI's transcription over a WebSocket (contract voice §8.2, facts voice-ai §3). It takes 24 kHz, and languages without
 * their region.
 */
import { z } from 'zod';
import { lenientJson } from '../../../../net.ts';
import { withoutRegion } from '../../manners.ts';
import { bytesOf } from '../pcm.ts';
import { lowering } from '../resample.ts';
import { type ListenEngine, type ListenOptions, socketUrl } from './engine.ts';

const completed = z.object({
  type: z.string().regex(/input_audio_transcription.*\.completed$/),
  transcript: z.string(),
});

const IDLE_MS = 100;

export function openaiListener({ baseUrl, key, language }: ListenOptions): ListenEngine {
  const lower = lowering(2);
  const spoken = withoutRegion(language);
  const append = (pcm: Int16Array): string =>
    JSON.stringify({ type: 'input_audio_buffer.append', audio: Buffer.from(bytesOf(pcm)).toString('base64') });
  const silence = append(new Int16Array((24_000 * IDLE_MS) / 1000));
  const session = {
    type: 'transcription',
    audio: {
      input: {
        format: { type: 'audio/pcm', rate: 24_000 },
        transcription: { model: 'gpt-4o-transcribe', ...(spoken && { language: spoken }) },
        turn_detection: { type: 'server_vad', threshold: 0.72, prefix_padding_ms: 300, silence_duration_ms: 900 },
      },
    },
  };
  return {
    name: 'openai',
    url: socketUrl(baseUrl, '/v1/realtime?intent=transcription'),
    headers: { authorization: `Bearer ${key}` },
    hello: [JSON.stringify({ type: 'session.update', session })],
    audio: (pcm) => append(lower(pcm)),
    idle: { everyMs: IDLE_MS, message: () => silence },
    final: (message) => completed.safeParse(lenientJson(message)).data?.transcript.trim() ?? '',
  };
}
