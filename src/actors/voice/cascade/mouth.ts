/**
 * Says one utterance after another into the call.
 *
 *  MO1  The floor is held until the last frame was played and 400 ms more (contract voice §8.4).
 *  MO2  Cut short, nothing more of it is played or fetched, and only what was played counts as said.
 *  MO3  An utterance that was overtaken before its first frame was never said.
 *
 * Deliberately not here: who may interrupt (`barge-in.ts`), which engine speaks (`speak/voices.ts`).
 */
import type { Clock, Timer } from '../../../clock.ts';
import { type Codec, SAMPLE_RATE } from '../opus.ts';
import { AudioClock } from './audio-clock.ts';
import type { Voices } from './speak/voices.ts';

const FLOOR_MS = 400;
/** How much audio a character becomes, as long as an engine has not said how much it is. */
const SAMPLES_PER_CHARACTER = SAMPLE_RATE * 0.065;

/** `dumb`: no engine can speak any more. */
export type Said = 'said' | 'cut' | 'overtaken' | 'dumb';

export type MouthOptions = {
  readonly clock: Clock;
  readonly codec: Pick<Codec, 'encode'>;
  readonly voices: Voices;
  readonly play: (opus: Uint8Array) => void;
  /** What was said, as far as it was played; `at` is when it began. */
  readonly told: (text: string, at: number) => void;
};

type Utterance = {
  readonly text: string;
  readonly fetching: AbortController;
  readonly finish: (said: Said) => void;
  startedAt: number | undefined;
  played: number;
  fetched: number;
  isComplete: boolean;
};

export class Mouth {
  readonly #o: MouthOptions;
  readonly #audio: AudioClock;
  #current: Utterance | undefined;
  #floor: Timer | undefined;

  constructor(options: MouthOptions) {
    this.#o = options;
    this.#audio = new AudioClock({
      clock: options.clock,
      play: (frame) => this.#play(frame),
      drained: () => {
        this.#floor = options.clock.setTimeout(() => this.#end('said'), FLOOR_MS);
      },
    });
  }

  get isSpeaking(): boolean {
    return this.#current !== undefined;
  }

  /** How long the utterance has been heard; undefined while nothing of one is. */
  get heardForMs(): number | undefined {
    const startedAt = this.#current?.startedAt;
    return startedAt === undefined ? undefined : this.#o.clock.now() - startedAt;
  }

  /** One at a time. `overtaken`: aborted before the first frame, it is not said at all. */
  say(text: string, overtaken?: AbortSignal): Promise<Said> {
    return new Promise((resolve) => {
      const overtake = () => {
        if (this.#current === utterance && utterance.startedAt === undefined) this.#end('overtaken');
      };
      const utterance: Utterance = {
        text,
        fetching: new AbortController(),
        finish: (said) => {
          overtaken?.removeEventListener('abort', overtake);
          resolve(said);
        },
        startedAt: undefined,
        played: 0,
        fetched: 0,
        isComplete: false,
      };
      this.#current = utterance;
      overtaken?.addEventListener('abort', overtake);
      if (overtaken?.aborted) return overtake();
      void this.#fetch(utterance);
    });
  }

  /** Ends what is being said. MO2 */
  cut(): void {
    this.#end('cut');
  }

  async #fetch(utterance: Utterance): Promise<void> {
    const { signal } = utterance.fetching;
    const spoken = await this.#o.voices.say(utterance.text, signal, {
      take: (pcm) => {
        utterance.fetched += pcm.length;
        this.#audio.put(pcm);
      },
      restart: () => {
        utterance.fetched = 0;
        utterance.played = 0;
        this.#audio.drop();
      },
    });
    if (this.#current !== utterance || spoken === 'aborted') return;
    if (spoken === 'no engine') return this.#end('dumb');
    utterance.isComplete = true;
    this.#audio.finish();
  }

  #play(frame: Int16Array): void {
    const utterance = this.#current;
    if (!utterance) return;
    utterance.startedAt ??= this.#o.clock.now();
    utterance.played += frame.length;
    this.#o.play(this.#o.codec.encode(frame));
  }

  #end(said: Said): void {
    const utterance = this.#current;
    if (!utterance) return;
    this.#current = undefined;
    if (this.#floor) this.#o.clock.clearTimeout(this.#floor);
    this.#floor = undefined;
    utterance.fetching.abort();
    this.#audio.drop();
    const text = said === 'said' ? utterance.text : playedPart(utterance);
    if (utterance.startedAt !== undefined && text !== '') this.#o.told(text, utterance.startedAt);
    utterance.finish(said);
  }
}

/** Whole words, by the share of the audio that was played. */
function playedPart({ text, played, fetched, isComplete }: Utterance): string {
  const all = isComplete ? fetched : Math.max(fetched, text.length * SAMPLES_PER_CHARACTER);
  if (all === 0 || played >= all) return played === 0 ? '' : text;
  const share = text.slice(0, Math.floor((text.length * played) / all));
  return share.replace(/\S*$/, '').trim();
}
