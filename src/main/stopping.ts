/**
 * How the process ends, for the composition root: step by step, and once, however often it is asked to. Exit codes: 0
 * after an orderly stop, 1 after an uncaught exception. What the steps are: main.ts.
 */
import { runDown, type Step } from '../actors/shutdown.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

export type StopOptions = {
  /** From now on nothing new is taken. */
  readonly begun: () => void;
  readonly steps: readonly Step[];
  readonly clock: Clock;
  readonly log: Log;
};

export function stopOnSignals({ begun, steps, clock, log }: StopOptions): void {
  let stopping: Promise<void> | undefined;
  const stop = (code: number, why: string) => {
    stopping ??= (async () => {
      log.info({ reason: why }, 'stopping');
      begun();
      const failed = await runDown(steps, clock, log);
      log.info({ count: failed.length }, 'stopped');
      process.exit(code);
    })();
  };
  process.once('SIGTERM', () => stop(0, 'SIGTERM'));
  process.once('SIGINT', () => stop(0, 'SIGINT'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    stop(1, 'uncaught exception');
  });
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
}
