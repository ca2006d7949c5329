/**
 * Tests of one file that mostly wait, all begun at once on one stage and awaited one after the other. Not
 * `it.concurrent`: hooks around single tests (no-xstate-warnings.ts) would meet each other.
 */
import { expect, it } from 'vitest';

export type Plays<Stage> = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** Declares a test for each play. Answers what begins them, to be called when the stage is set. */
export function sideBySide<Stage>(plays: Plays<Stage>): (stage: Stage) => void {
  const running = new Map<string, Promise<void>>();
  for (const name of Object.keys(plays)) {
    it(name, async () => {
      expect(running.get(name), 'the stage is set').toBeDefined();
      await running.get(name);
    });
  }
  return (stage) => {
    for (const [name, play] of Object.entries(plays)) {
      const played = play(stage);
      // Awaited by its test; until then a failure is nobody's unhandled rejection.
      played.catch(() => undefined);
      running.set(name, played);
    }
  };
}
