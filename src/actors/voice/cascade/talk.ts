/**
 * What a conversation and a call flow are made of: saying something, hearing the next turn, and what was said so far.
 *
 *  TA1  Turns reach the app in the order in which they began, as soon as they are complete, whether or not somebody waits
 *       for them; what nobody heard is in no transcript.
 *  TA2  20 s of silence are asked about; the third in a row ends the call (V-17).
 *  TA3  After `over` nothing is said or heard any more, and whoever waits is told at once.
 *
 * Deliberately not here: what is said (`conversation.ts`, `flow-run.ts`) and the goodbye (`cascade.ts`).
 */
import type { CallLine } from '../pipeline.ts';
import type { Mouth, Said } from './mouth.ts';
import type { Heard, Turn, Turns } from './turns.ts';

const SILENCE_MS = 20_000;
const SILENCES = 3;

export type Line = { readonly role: 'agent' | 'user'; readonly text: string };

/** How a call ends by itself; undefined: it is ended from outside. */
export type Ending =
  | { readonly why: string; readonly goodbye: string; readonly afterMs: number }
  /** The engines of speech are gone. */
  | 'dumb'
  | undefined;

export type Attended =
  | { readonly kind: 'turn'; readonly turn: Turn }
  /** For too long. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'dumb' }
  | { readonly kind: 'over' };

export type TalkOptions = {
  readonly mouth: Pick<Mouth, 'say' | 'cut'>;
  readonly turns: Pick<Turns, 'next' | 'take' | 'further' | 'close'>;
  readonly line: Pick<CallLine, 'turn'>;
  readonly reprompt: string;
};

export class Talk {
  readonly #o: TalkOptions;
  readonly #said: Line[] = [];
  /** TA1. Of the caller, complete before it is known what was heard of the assistant's own. */
  readonly #held: Turn[] = [];
  #isSaying = false;
  readonly #ended = new AbortController();

  constructor(options: TalkOptions) {
    this.#o = options;
  }

  /** All that was said and taken up, the oldest first. */
  get said(): readonly Line[] {
    return this.#said;
  }

  /** TA3. Aborted at the end. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** TA1. By the mouth, when it knows how much was heard. */
  told(text: string, at: number): void {
    this.#release(at);
    this.#said.push({ role: 'agent', text });
    this.#o.line.turn({ role: 'agent', text, at });
  }

  /** TA1. By the turns, when one is complete. */
  completed(turn: Turn): void {
    this.#held.push(turn);
    if (!this.#isSaying) this.#release();
  }

  async say(text: string, overtaken?: AbortSignal): Promise<Said | 'over'> {
    if (this.ended.aborted) return 'over';
    if (text.trim() === '') return 'said';
    this.#isSaying = true;
    const said = await this.#o.mouth.say(text, overtaken);
    this.#isSaying = false;
    this.#release();
    return this.ended.aborted ? 'over' : said;
  }

  async reprompt(): Promise<Said | 'over'> {
    return this.say(this.#o.reprompt);
  }

  /** The next turn, or that long of silence. */
  async hear(silenceMs: number): Promise<Heard> {
    const heard = await this.#o.turns.next(silenceMs);
    if (this.ended.aborted) return 'over';
    if (typeof heard === 'object') this.#said.push({ role: 'user', text: heard.text });
    return heard;
  }

  /** A turn that nobody has waited for. */
  unheard(): Turn | undefined {
    const turn = this.ended.aborted ? undefined : this.#o.turns.take();
    if (turn) this.#said.push({ role: 'user', text: turn.text });
    return turn;
  }

  /** TA2 */
  async attend(): Promise<Attended> {
    for (let silences = 1; ; silences += 1) {
      const heard = await this.hear(SILENCE_MS);
      if (heard === 'over') return { kind: 'over' };
      if (heard !== 'silence') return { kind: 'turn', turn: heard };
      if (silences === SILENCES) return { kind: 'silent' };
      const said = await this.reprompt();
      if (said === 'dumb' || said === 'over') return { kind: said };
    }
  }

  further(): AbortSignal {
    return this.#o.turns.further();
  }

  over(): void {
    this.#ended.abort();
    this.#o.turns.close();
    this.#o.mouth.cut();
  }

  #release(before = Number.POSITIVE_INFINITY): void {
    while (this.#held[0] && this.#held[0].at < before) {
      const { text, at } = this.#held.shift() as Turn;
      this.#o.line.turn({ role: 'user', text, at });
    }
  }
}
