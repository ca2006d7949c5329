/**
 * A call that is repeated for as long as the process lives and never overlaps itself: the next turn is set when the
 * one before has ended.
 */
import type { Clock, Timer } from '../clock.ts';

export interface Ticker {
  /** The first turn runs at once. Harmless when it runs already. */
  start(): void;
  /** No further turn; the signal of one under way is aborted. */
  stop(): void;
}

/** `turn` resolves with the milliseconds until the next one, and never rejects. */
export function ticker(clock: Clock, turn: (signal: AbortSignal) => Promise<number>): Ticker {
  let running: AbortController | undefined;
  let timer: Timer | undefined;

  async function run(mine: AbortController): Promise<void> {
    const waitMs = await turn(mine.signal);
    if (!mine.signal.aborted) timer = clock.setTimeout(() => void run(mine), waitMs);
  }

  return {
    start: () => {
      if (running) return;
      running = new AbortController();
      void run(running);
    },
    stop: () => {
      running?.abort();
      running = undefined;
      if (timer) clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}
