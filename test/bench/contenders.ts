/**
 * What is measured side by side: the bridge, and the two baselines that anybody could write (baselines/plain.ts). All run
 * as built JavaScript or plain tsx processes of their own, against the same kind of world, with the same logins.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { call } from '../helpers/json-http.ts';
import { eventually } from '../helpers/eventually.ts';
import { Process } from '../helpers/process.ts';
import { ROOT, TSX } from '../helpers/root.ts';
import type { World } from '../helpers/world.ts';

export type Name = 'bridge' | 'plain, memory' | 'plain, multi-file';
export const NAMES: readonly Name[] = ['bridge', 'plain, memory', 'plain, multi-file'];

export type Contender = {
  readonly name: Name;
  readonly url: string;
  readonly token: string;
  /** The running process; a new one after `start`. */
  process(): Process;
  /** Starts (again) on the same folders and returns at once; `env`: beside or instead of the usual. */
  start(env?: Record<string, string>): Process;
};

/** Prepares folders for `phones`, whose multi-file logins lie in `logins`. Does not start anything. */
export async function contender(name: Name, world: World, dir: string, logins: string): Promise<Contender> {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const port = await freePort();
  const output = join(dir, 'output.txt');
  const legacy = join(dir, 'legacy');
  cpSync(logins, legacy, { recursive: true });
  const common = { ...world.env, PORT: String(port) };
  const program =
    name === 'bridge'
      ? {
          args: [...(globalThis.process.env['BENCH_NODE_ARGS']?.split(' ') ?? []), join(ROOT, 'dist/main.js')],
          env: {
            ...common,
            AUTH_DIR: join(dir, 'auth'),
            DATA_DIR: join(dir, 'data'),
            LEGACY_AUTH_DIR: legacy,
            LOG_FILE: join(dir, 'node.log'),
          },
        }
      : {
          args: ['--import', TSX, join(ROOT, 'test/bench/baselines/plain.ts')],
          env: { ...common, AUTH_DIR: legacy, KEYS: name === 'plain, memory' ? 'memory' : 'multi-file' },
        };
  let process: Process | undefined;
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    token: world.token,
    process: () => {
      if (!process) throw new Error(`${name} was not started`);
      return process;
    },
    start: (env = {}) => {
      process = new Process({ ...program, env: { ...program.env, ...env }, cwd: dir, output });
      return process;
    },
  };
}

/** Resolves when WhatsApp holds `count` logged-in connections; returns the milliseconds it took. */
export async function online(
  world: World,
  count: number,
  withinMs: number,
  onProgress: (online: number) => void,
): Promise<number> {
  const startedAt = performance.now();
  await eventually(
    async () => {
      const { body } = await call(`${world.control}/numbers`);
      const now = (body as { online: number }).online;
      onProgress(now);
      return now >= count;
    },
    { what: `${count} numbers online`, withinMs, everyMs: 50 },
  );
  return performance.now() - startedAt;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
