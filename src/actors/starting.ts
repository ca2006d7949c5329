/**
 * How the process takes up its work: step by step, and no further once it has to stop. What the steps are: main.ts.
 *
 *  SG1  A stop in the middle of a start is an orderly one: no step begins after it, and what the step under way meets
 *       then, such as a store that has been closed, is no failure of the start.
 */
import type { Log } from '../log.ts';

/** Runs `steps` from yield to yield. Rejects with what a step threw, unless the process is stopping. */
export async function takeUp(steps: AsyncIterable<void>, isStopping: () => boolean, log: Log): Promise<void> {
  try {
    for await (const _ of steps) if (isStopping()) return;
  } catch (error) {
    if (!isStopping()) throw error;
    log.info({ err: error }, 'the start was broken off by the stop');
  }
}
