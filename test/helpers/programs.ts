/**
 * Programs that tests start as processes, as JavaScript (transpile.js says how it is made).
 *
 *  BU1  however many test processes ask at once, one compiles and the others wait for it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { ROOT } from './root.ts';

const LOCK = `${ROOT}/.tmp/building`;
/** A lock older than this was left behind by a process that was killed. */
const STALE_MS = 120_000;

/** Arguments of `node`: compiles only what is stale. */
export const BUILD = [`${ROOT}/test/helpers/transpile.js`];

let isBuilt = false;

/**
 * The argument of `node` that runs this source, a path in the project. Throws when the sources do not
 * compile; the compiler says why on stderr.
 */
export function program(source: string): string {
  if (!isBuilt) build();
  isBuilt = true;
  return `${ROOT}/.tmp/programs/${source.replace(/\.ts$/, '.js')}`;
}

/** The same of the bridge, as it starts in half the time (quick-start.js). */
export function quickBridge(): string {
  program('src/main.ts');
  return `${ROOT}/test/helpers/quick-start.js`;
}

function build(): void {
  while (!takeBuild()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  try {
    execFileSync(process.execPath, BUILD, { stdio: ['ignore', 2, 2] });
  } finally {
    releaseBuild();
  }
}

/** False while another process compiles. Who gets true must release it. */
export function takeBuild(): boolean {
  mkdirSync(`${ROOT}/.tmp`, { recursive: true });
  try {
    mkdirSync(LOCK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const since = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > STALE_MS) releaseBuild();
    return false;
  }
}

/** Another process may have taken the lock for stale and be gone with it. */
export const releaseBuild = (): void => rmSync(LOCK, { recursive: true, force: true });
