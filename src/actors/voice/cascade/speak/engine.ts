/** The port of what turns text into speech. */
import type { Failure } from '../../../../net/streamed.ts';

export type SpeakEngine = {
  readonly name: 'elevenlabs' | 'openai' | 'deepgram';
  /** 48 kHz, handed on as it comes. Undefined: all was said. Never rejects; ends at once when the signal is aborted. */
  readonly speak: (text: string, signal: AbortSignal, take: (pcm: Int16Array) => void) => Promise<Failure>;
};

export type SpeakOptions = {
  /** http or https, without a trailing slash. */
  readonly baseUrl: string;
  readonly key: string;
  /** As the assistant has it, for whatever vendor; `''` without one. */
  readonly voice: string;
};
