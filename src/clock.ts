/**
 * The only source of time for code that decides anything by time. `systemClock` is the real one;
 * tests use `SimulatedTime` (test/helpers) so that a machine's timers and its `now()` never disagree.
 */

export type Timer = { readonly id: unknown };

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `fn` once after `ms` milliseconds. `ms` above 2^31-1 is the caller's mistake: keep a deadline and re-arm. */
  setTimeout(fn: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, ms) => ({ id: setTimeout(fn, ms) }),
  clearTimeout: (timer) => clearTimeout(timer.id as NodeJS.Timeout),
};

/** Resolves after `ms` on the given clock; rejects at once with the signal's reason when it is aborted. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const abort = () => {
      clock.clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** What `work` comes to, or `late` at the deadline (epoch ms); the work itself goes on, and its failure is then nobody's. */
export function byDeadline<T>(clock: Clock, work: Promise<T>, deadline: number): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => resolve('late'), Math.max(0, deadline - clock.now()));
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
