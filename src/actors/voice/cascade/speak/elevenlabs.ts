/**
 * ElevenLabs over a WebSocket, one for each utterance (contract voice §8.6, facts voice-ai §8).
 *
 *  EL1  8 s without audio is a failure, at the beginning and in the middle.
 *  EL2  The text goes whole, flushed at once: the vendor would wait for more before it speaks a short answer.
 */
import { z } from 'zod';
import type { Clock } from '../../../../clock.ts';
import { lenientJson } from '../../../../net.ts';
import type { OpenSocket } from '../../../../net/socket.ts';
import type { Failure } from '../../../../net/streamed.ts';
import { socketUrl } from '../listen/engine.ts';
import { SAMPLE_RATE } from '../../opus.ts';
import { samplesOf } from '../pcm.ts';
import { raising } from '../resample.ts';
import type { SpeakEngine, SpeakOptions } from './engine.ts';

const DEFAULT_VOICE = '21m00Tcm4TlvDq8ikWAM';
const NEXT_AUDIO_MS = 8_000;

const chunk = z.object({ audio: z.string().nullish(), isFinal: z.boolean().nullish() });

export type ElevenLabsOptions = SpeakOptions & { readonly clock: Clock; readonly open: OpenSocket };

export function elevenlabsSpeaker({ baseUrl, key, voice, clock, open }: ElevenLabsOptions): SpeakEngine {
  const path = `/v1/text-to-speech/${encodeURIComponent(voice || DEFAULT_VOICE)}/stream-input`;
  const url = socketUrl(baseUrl, `${path}?model_id=eleven_flash_v2_5&output_format=pcm_16000`);

  const speak: SpeakEngine['speak'] = (text, signal, take) =>
    new Promise<Failure>((resolve) => {
      const samples = samplesOf();
      const raise = raising(SAMPLE_RATE / 16_000);
      const finish = (failure: Failure) => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        void socket.close();
        resolve(failure);
      };
      const abort = () => finish('aborted');
      const watch = () => clock.setTimeout(() => finish('timeout'), NEXT_AUDIO_MS);
      let timer = watch();
      const socket = open(
        { url, headers: { 'xi-api-key': key } },
        {
          opened: () => {
            clock.clearTimeout(timer);
            timer = watch();
            const voice_settings = { stability: 0.5, similarity_boost: 0.8 };
            socket.send(JSON.stringify({ text: ' ', voice_settings }));
            socket.send(JSON.stringify({ text: `${text} `, flush: true }));
            socket.send('{"text":""}');
          },
          said: (message) => {
            const { data } = chunk.safeParse(lenientJson(message));
            if (data?.audio) {
              clock.clearTimeout(timer);
              timer = watch();
              take(raise(samples(Buffer.from(data.audio, 'base64'))));
            }
            if (data?.isFinal) finish(undefined);
          },
          closed: (why) => finish(why === 'closed 1000' ? undefined : why),
        },
      );
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });

  return { name: 'elevenlabs', speak };
}
