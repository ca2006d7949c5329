/** Where the project is, and how a TypeScript program of it is started from any working directory. */
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** `node --import <TSX>`: resolved here, because a child may run in an empty folder of its own. */
export const TSX = import.meta.resolve('tsx');
