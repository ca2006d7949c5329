/** Which listening engines a call has, the preferred one first. Contract voice §8.1. */
import type { Assistant, VoiceKeys } from '../../../../app-client/voice-calls.ts';
import { deepgramListener } from './deepgram.ts';
import type { ListenEngine } from './engine.ts';
import { openaiListener } from './openai.ts';

/** Base URLs without a trailing slash. */
export type VendorUrls = { readonly deepgram: string; readonly openai: string; readonly elevenlabs: string };

const MAKERS = { deepgram: deepgramListener, openai: openaiListener };

export function listenEngines(
  { sttProvider, languages }: Pick<Assistant, 'sttProvider' | 'languages'>,
  keys: VoiceKeys,
  urls: VendorUrls,
): (() => ListenEngine)[] {
  const language = languages[0] ?? '';
  const order = (['deepgram', 'openai'] as const).toSorted(
    (a, b) => Number(b === sttProvider) - Number(a === sttProvider),
  );
  return order
    .filter((name) => keys[name] !== '')
    .map((name) => () => MAKERS[name]({ baseUrl: urls[name], key: keys[name], language }));
}
