/**
 * The ordered way out (design/architecture, stop order; contract README §9): refuse new work, let sends in flight finish,
 * close sockets **without** logout, give the outbox a moment, close the stores.
 *
 * H1  Every step has its own deadline and the whole takes at most their sum, under 25 s.
 * H2  A step that fails or is late is logged and never stops the steps after it: the stores are always closed last.
 */
import { type Clock, sleep } from '../clock.ts';
import type { Log } from '../log.ts';

export type Step = { readonly name: string; readonly deadlineMs: number; readonly run: () => Promise<unknown> };

/** Runs the steps one after the other; resolves to the names of those that failed or were late. */
export async function runDown(steps: readonly Step[], clock: Clock, log: Log): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, deadlineMs, run } of steps) {
    const late = new AbortController();
    const startedAt = clock.now();
    try {
      await Promise.race([
        run(),
        sleep(clock, deadlineMs, late.signal).then(() => {
          throw new Error(`not finished within ${deadlineMs} ms`);
        }),
      ]);
    } catch (error) {
      failed.push(name);
      log.error({ err: error, step: name }, 'a shutdown step failed');
    } finally {
      late.abort(new Error('step ended'));
    }
    log.info({ step: name, ms: clock.now() - startedAt }, 'shutdown');
  }
  return failed;
}

/** Polls until `waiting()` is zero. The deadline is the step's. */
export async function drained(waiting: () => number, clock: Clock): Promise<void> {
  while (waiting() > 0) await sleep(clock, 25);
}
