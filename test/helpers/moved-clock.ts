/**
 * A clock that a test moves inside another, real process: `Date.now()` there is ahead by as many hours as a file says.
 *
 * The same module is both ends: imported by the test it writes the file, preloaded into the process (`--import`) with
 * TEST_CLOCK_FILE set it reads it, at start and at each SIGUSR2. Timers keep real time, as on a machine that was
 * suspended. Deliberately not here: `new Date()` without arguments, which the bridge does not use to measure time.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Process } from './process.ts';

const HOUR_MS = 3_600_000;

export class MovedClock {
  readonly preload = 'test/helpers/moved-clock.ts';
  readonly env: Record<string, string>;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.env = { TEST_CLOCK_FILE: file };
    writeFileSync(file, '0');
  }

  /** From now on the process, and any later one with this clock, is `hours` ahead. */
  set(hours: number, process: Process): void {
    writeFileSync(this.#file, String(hours));
    process.signal('SIGUSR2');
  }
}

const file = process.env['TEST_CLOCK_FILE'];
if (file !== undefined) {
  const now = Date.now;
  let aheadMs = 0;
  const read = () => {
    aheadMs = Number(readFileSync(file, 'utf8')) * HOUR_MS;
  };
  read();
  process.on('SIGUSR2', read);
  Date.now = () => now() + aheadMs;
}
