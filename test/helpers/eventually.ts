/**
 * Waiting in tests: for a value, with a deadline, and with a message that says what was awaited.
 *
 * Deliberately not here: waiting without a deadline, and fixed sleeps used as synchronisation.
 */
import { setTimeout as delay } from 'node:timers/promises';

export type EventuallyOptions = {
  /** Ends the error message "not within N ms: …". */
  readonly what: string;
  readonly withinMs: number;
  readonly everyMs?: number;
};

/**
 * Repeats `probe` until it answers something other than `undefined` or `false`.
 * A probe that throws is repeated too; its last error becomes the cause of the failure.
 */
export async function eventually<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { what, withinMs, everyMs = 50 }: EventuallyOptions,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) throw new Error(`not within ${withinMs} ms: ${what}`, { cause });
    await delay(everyMs);
  }
}
