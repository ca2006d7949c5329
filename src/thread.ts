/**
 * Opens a program of the bridge as a thread, as it lies beside its opener: compiled, or as TypeScript (`npm run dev`, tests).
 *
 *  TH1  A thread has what it is given as data, and no environment.
 *
 * Node 20 uses the loader of the main thread in no other, so a thread of TypeScript registers its own before it begins.
 *
 * Deliberately not here: what is said to a thread, and what its end means.
 */
import { extname } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';

export type ThreadOptions = Pick<WorkerOptions, 'workerData' | 'resourceLimits'>;

/** `program`: `./name` without its ending, as seen from `opener` (`import.meta.url`). */
export function openThread(program: string, opener: string, options: ThreadOptions = {}): Worker {
  const url = new URL(`${program}${extname(opener)}`, opener);
  return url.pathname.endsWith('.ts')
    ? new Worker(loaded(url), { ...options, env: {}, eval: true })
    : new Worker(url, { ...options, env: {} });
}

function loaded(url: URL): string {
  const loader = import.meta.resolve('tsx/esm/api');
  return `import(${JSON.stringify(loader)}).then(({ register }) => {
    register();
    return import(${JSON.stringify(url)});
  });`;
}
