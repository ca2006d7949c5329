/**
 * What the caller said, one turn at a time. Contract voice §8.4.
 *
 *  TU1  Finals within 300 ms of each other are one turn; a key pressed is a turn of its own.
 *  TU2  Turns wait in their order until somebody asks for them; who is still thinking learns that a further one is here.
 *  TU3  Silence is counted only while somebody waits, and not while the end of a turn is still awaited.
 *  TU4  A complete turn is told at once, also the last one of a call, whether or not somebody asks for it.
 *
 * Deliberately not here: what silence and turns lead to (`talk.ts`), which transcripts count (`cascade.ts`).
 */
import type { Clock, Timer } from '../../../clock.ts';

const JOIN_MS = 300;

export type Turn = {
  readonly text: string;
  /** A key of the phone, not speech. */
  readonly isDigit: boolean;
  /** Epoch ms of its first word's transcript. */
  readonly at: number;
};

/** `over`: the call needs no more turns. */
export type Heard = Turn | 'silence' | 'over';

type Waiter = { readonly answer: (heard: Heard) => void; readonly silence: Timer };

export class Turns {
  readonly #clock: Clock;
  readonly #complete: (turn: Turn) => void;
  readonly #waiting: Turn[] = [];
  readonly #words: { text: string; at: number }[] = [];
  #join: Timer | undefined;
  #waiter: Waiter | undefined;
  #further = new AbortController();
  #isOver = false;

  constructor(clock: Clock, complete: (turn: Turn) => void) {
    this.#clock = clock;
    this.#complete = complete;
  }

  final(text: string): void {
    if (this.#isOver) return;
    this.#words.push({ text, at: this.#clock.now() });
    if (this.#join) this.#clock.clearTimeout(this.#join);
    this.#join = this.#clock.setTimeout(() => this.#joined(), JOIN_MS);
  }

  digit(digit: string): void {
    if (this.#isOver) return;
    this.#joined();
    this.#add({ text: digit, isDigit: true, at: this.#clock.now() });
  }

  /** One asker at a time. */
  next(silenceMs: number): Promise<Heard> {
    const first = this.take();
    if (first) return Promise.resolve(first);
    if (this.#isOver) return Promise.resolve('over');
    return new Promise((answer) => this.#wait(answer, silenceMs));
  }

  /** The first turn that waits, if one does. */
  take(): Turn | undefined {
    return this.#waiting.shift();
  }

  /** TU2. Aborted as soon as a turn waits that is not yet taken. */
  further(): AbortSignal {
    if (this.#further.signal.aborted) this.#further = new AbortController();
    if (this.#waiting.length > 0) this.#further.abort();
    return this.#further.signal;
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const last = this.#spoken();
    if (last) this.#complete(last);
    this.#waiting.length = 0;
    this.#further.abort();
    this.#answer('over');
  }

  #wait(answer: (heard: Heard) => void, silenceMs: number): void {
    const silence = this.#clock.setTimeout(() => {
      if (this.#words.length > 0) this.#wait(answer, silenceMs);
      else this.#answer('silence');
    }, silenceMs);
    this.#waiter = { answer, silence };
  }

  #joined(): void {
    const turn = this.#spoken();
    if (turn) this.#add(turn);
  }

  /** What was said since the last turn. */
  #spoken(): Turn | undefined {
    if (this.#join) this.#clock.clearTimeout(this.#join);
    this.#join = undefined;
    const [first] = this.#words;
    if (!first) return undefined;
    const text = this.#words.map((word) => word.text).join(' ');
    this.#words.length = 0;
    return { text, isDigit: false, at: first.at };
  }

  #add(turn: Turn): void {
    this.#complete(turn);
    if (this.#waiter) return this.#answer(turn);
    this.#waiting.push(turn);
    this.#further.abort();
  }

  #answer(heard: Heard): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (!waiter) return;
    this.#clock.clearTimeout(waiter.silence);
    waiter.answer(heard);
  }
}
