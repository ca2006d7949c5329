/** Where the project is, and how a TypeScript program of it is started from any working directory. */
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * `node --import <TSX>`: resolved here, because a child may run in an empty folder of its own. Not by
 * `import.meta.resolve`, which the runner of global setups lacks.
 */
export const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
