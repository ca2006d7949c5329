/**
 * Compiles what tests start as processes while the tests that need none of it run (vitest global setup). Whoever needs it
 * waits in `program()`, which also says why when it does not compile.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { BUILD, releaseBuild, takeBuild } from './programs.ts';

export default function buildAhead(): (() => Promise<unknown>) | undefined {
  if (!takeBuild()) return undefined;
  const build = spawn(process.execPath, BUILD, { stdio: 'ignore' });
  const done = once(build, 'exit').finally(releaseBuild);
  return () => done;
}
