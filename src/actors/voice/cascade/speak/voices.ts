/**
 * Text as speech, by whichever engine works. Contract voice §8.6, V-26.
 *
 *  VO1  An engine that fails or delivers nothing is left for the rest of the call; the next one says the same text, from its
 *       beginning (`restart`: what was handed on of it is void).
 *  VO2  The last engine is not left for breaking off in the middle: part of a sentence is better than the end of the call.
 *  VO3  None is left for having no sound for a text without a word in it, such as one smiley of a language model.
 *
 * Deliberately not here: playing it (`mouth.ts`).
 */
import type { SpeakEngine } from './engine.ts';

export type Spoken = 'spoken' | 'aborted' | 'no engine';

export type VoicesOptions = {
  /** In the order of preference. */
  readonly engines: readonly SpeakEngine[];
  /** `why`: a word for the log. */
  readonly trouble: (engine: string, why: string) => void;
};

export class Voices {
  readonly #o: VoicesOptions;
  #current = 0;

  constructor(options: VoicesOptions) {
    this.#o = options;
  }

  async say(
    text: string,
    signal: AbortSignal,
    sink: { readonly take: (pcm: Int16Array) => void; readonly restart: () => void },
  ): Promise<Spoken> {
    for (;;) {
      const engine = this.#o.engines[this.#current];
      if (!engine) return 'no engine';
      let samples = 0;
      const failure = await engine.speak(text, signal, (pcm) => {
        if (signal.aborted) return;
        samples += pcm.length;
        sink.take(pcm);
      });
      if (signal.aborted) return 'aborted';
      if (samples > 0 ? failure === undefined : !/[\p{L}\p{N}]/u.test(text)) return 'spoken';
      this.#o.trouble(engine.name, failure ?? 'no audio');
      const isLast = this.#current === this.#o.engines.length - 1;
      if (isLast && samples > 0) return 'spoken';
      this.#current += 1;
      sink.restart();
    }
  }
}
