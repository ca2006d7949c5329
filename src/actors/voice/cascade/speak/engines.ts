/** Which speaking engines a call has, the preferred one first. Contract voice §8.1, §8.6. */
import type { Assistant, VoiceKeys } from '../../../../app-client/voice-calls.ts';
import type { Clock } from '../../../../clock.ts';
import type { OpenSocket } from '../../../../net/socket.ts';
import type { Streams } from '../../../../net/streamed.ts';
import type { VendorUrls } from '../listen/engines.ts';
import { elevenlabsSpeaker } from './elevenlabs.ts';
import type { SpeakEngine } from './engine.ts';
import { deepgramSpeaker, openaiSpeaker } from './streamed.ts';

export type SpeakTools = { readonly clock: Clock; readonly open: OpenSocket; readonly streams: Streams };

export function speakEngines(
  { voiceProvider, voiceId }: Pick<Assistant, 'voiceProvider' | 'voiceId'>,
  keys: VoiceKeys,
  urls: VendorUrls,
  { clock, open, streams }: SpeakTools,
): SpeakEngine[] {
  // `voice_id` belongs to the vendor that the assistant names; OpenAI and Deepgram know their own by name.
  const isForeign = voiceProvider !== undefined && voiceProvider !== 'elevenlabs';
  const makers = {
    elevenlabs: (baseUrl: string, key: string) =>
      elevenlabsSpeaker({ baseUrl, key, voice: isForeign ? '' : voiceId, clock, open }),
    openai: (baseUrl: string, key: string) => openaiSpeaker(streams, { baseUrl, key, voice: voiceId }),
    deepgram: (baseUrl: string, key: string) => deepgramSpeaker(streams, { baseUrl, key, voice: voiceId }),
  };
  const order = (['elevenlabs', 'openai', 'deepgram'] as const).toSorted(
    (a, b) => Number(b === voiceProvider) - Number(a === voiceProvider),
  );
  return order.filter((name) => keys[name] !== '').map((name) => makers[name](urls[name], keys[name]));
}
