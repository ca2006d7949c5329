/**
 * The bridge as `npm start` runs it: `dist/main.js`, compiled first when a source is newer. It starts in half the time
 * of the same program compiled on the fly, and the tests start it some forty times.
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
export const BUILD = [`${ROOT}/scripts/build.js`, '--if-stale'];

let entry: string | undefined;

/** Path of the compiled entry. Throws when the sources do not compile; the compiler says why on stderr. */
export function builtBridge(): string {
  entry ??= build();
  return entry;
}

function build(): string {
  while (!takeBuild()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  try {
    execFileSync(process.execPath, BUILD, { stdio: ['ignore', 2, 2] });
  } finally {
    releaseBuild();
  }
  return `${ROOT}/dist/main.js`;
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
