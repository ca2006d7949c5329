/**
 * Turns in the order in which they were spoken: the vendor's transcripts of the caller run beside the conversation and come
 * in any order. Contract voice §11; facts/voice-ai §2.2.
 *
 *  TU1  A turn takes its place when it begins; what was spoken later waits for its text, 5 s at most (V-20).
 */
import type { Clock, Timer } from '../../../clock.ts';

export type Turn = { readonly role: 'agent' | 'user'; readonly text: string; readonly at: number };
type Place = { readonly item: string; readonly at: number; turn?: Turn };

const WAIT_MS = 5_000;

export class TurnOrder {
  readonly #clock: Clock;
  readonly #tell: (turn: Turn) => void;
  readonly #places: Place[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, tell: (turn: Turn) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** The caller begins to speak. */
  began(item: string): void {
    this.#places.push({ item, at: this.#clock.now() });
    this.#flush();
  }

  /** His words; nothing was said when they are blank. */
  user(item: string, text: string): void {
    const place = this.#places.find((each) => each.item === item && !each.turn);
    const turn = { role: 'user', text, at: place?.at ?? this.#clock.now() } as const;
    if (place) place.turn = turn;
    else this.#places.push({ item, at: turn.at, turn });
    this.#flush();
  }

  /** Told when it ends; its place is where it began, before what interrupted it. */
  agent(text: string, at: number): void {
    const place: Place = { item: '', at, turn: { role: 'agent', text, at } };
    const later = this.#places.findIndex((each) => each.at > at);
    this.#places.splice(later < 0 ? this.#places.length : later, 0, place);
    this.#flush();
  }

  close(): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { turn } of this.#places.splice(0)) if (turn) this.#tell(turn);
  }

  #flush(): void {
    const now = this.#clock.now();
    while (this.#places[0] && (this.#places[0].turn || now - this.#places[0].at >= WAIT_MS)) {
      const { turn } = this.#places.shift() as Place;
      if (turn) this.#tell(turn);
    }
    const [first] = this.#places;
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = first && this.#clock.setTimeout(() => this.#flush(), Math.max(1, first.at + WAIT_MS - now));
  }
}
