/**
 * One bridge per folder (AUTH_DIR, DATA_DIR) on one machine, also across containers that share the volume (P4).
 *
 * The claim is a listening Unix socket `owner-<pid>-<random>.sock` inside the folder. The kernel keeps the truth: while
 * the owner lives, even stopped by SIGSTOP, a connection succeeds; after kill -9 it is refused and the name is litter.
 *
 * Invariants:
 *  LK1  a name is visible only while its process listens or after it has died: it is made under another name and
 *       renamed. So a refused connection means dead, and names are never reused: removing a dead one is always safe.
 *  LK2  whoever claims shows its own name first and looks for others then. Of two that claim at once, at least one sees
 *       the other, and steps back; nobody becomes owner while another name is alive.
 *  LK3  an owner never steps back.
 *
 * It does not protect against another machine on a network volume (NFS sockets do not connect).
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { sleep, systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { privateFolder } from './files.ts';

export type FolderClaim =
  | { readonly kind: 'claimed'; release(): Promise<void> }
  /** `by` says who, for a person: process, host and start time as far as they are known. */
  | { readonly kind: 'taken'; readonly by: string };

const OWNER_NAME = /^owner-([0-9]+)-[0-9a-f]{16}\.sock$/;
/** How long a live peer may take to say who it is; a stopped or busy one stays silent. */
const ANSWER_MS = 500;
/** How long two that claim at once may step back from each other. */
const CONTEST_MS = 10_000;
/** Bytes that a socket address holds (sun_path), less its end mark. */
const MAX_SOCKET_PATH = 107;

const greeting = z.object({
  pid: z.number(),
  host: z.string(),
  startedAt: z.string(),
  state: z.enum(['claiming', 'owner']),
});
type Greeting = z.infer<typeof greeting>;
type Peer = { readonly kind: 'dead' } | { readonly kind: 'claiming' } | { readonly kind: 'owner'; readonly by: string };

/** Claims `dir` (made when missing) for this process, or says who has it. Decides within about ten seconds. */
export async function claimFolder(dir: string, clock: Clock = systemClock): Promise<FolderClaim> {
  privateFolder(dir);
  const startedAt = new Date(clock.now()).toISOString();
  const deadline = clock.now() + CONTEST_MS;
  for (;;) {
    const self: Greeting = { pid: process.pid, host: hostname(), startedAt, state: 'claiming' };
    const own = await showName(dir, self);
    const rivals = await lookAround(dir, own.name, clock);
    const owner = rivals.find((rival) => rival.kind === 'owner');
    if (!owner && rivals.length === 0) {
      self.state = 'owner';
      return { kind: 'claimed', release: own.withdraw };
    }
    await own.withdraw();
    if (owner) return { kind: 'taken', by: owner.by };
    if (clock.now() > deadline) return { kind: 'taken', by: 'another process that is just starting' };
    await sleep(clock, 20 + Math.random() * 200);
  }
}

/** Listens under a hidden name and then shows it (LK1). Who connects is told `self` as it is at that moment. */
async function showName(dir: string, self: Greeting): Promise<{ name: string; withdraw(): Promise<void> }> {
  const id = randomBytes(8).toString('hex');
  const hidden = `claim-${self.pid}-${id}.tmp`;
  const name = `owner-${self.pid}-${id}.sock`;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${JSON.stringify(self)}\n`);
  });
  server.unref();
  await atSocketPath(dir, hidden, (path) => once(server.listen(path), 'listening'));
  chmodSync(join(dir, hidden), 0o600);
  renameSync(join(dir, hidden), join(dir, name));
  return {
    name,
    withdraw: async () => {
      // The name goes first, so that nobody ever sees a name whose owner left in good order.
      rmSync(join(dir, name), { force: true });
      await closed(server);
    },
  };
}

/** Everyone else that is alive in the folder; the names of the dead are removed. */
async function lookAround(dir: string, ownName: string, clock: Clock): Promise<Exclude<Peer, { kind: 'dead' }>[]> {
  const alive: Exclude<Peer, { kind: 'dead' }>[] = [];
  for (const name of readdirSync(dir)) {
    const pid = OWNER_NAME.exec(name)?.[1];
    if (pid === undefined || name === ownName) continue;
    const peer = await ask(dir, name, pid, clock);
    if (peer.kind === 'dead') rmSync(join(dir, name), { force: true });
    else alive.push(peer);
  }
  return alive;
}

function ask(dir: string, name: string, pid: string, clock: Clock): Promise<Peer> {
  return atSocketPath(
    dir,
    name,
    (path) =>
      new Promise((resolve) => {
        const socket = createConnection(path);
        let answer = '';
        const silent: Peer = { kind: 'owner', by: `process ${pid}, which does not answer` };
        const settle = (peer: Peer): void => {
          clock.clearTimeout(timer);
          socket.destroy();
          resolve(peer);
        };
        const timer = clock.setTimeout(() => settle(silent), ANSWER_MS);
        socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
        socket.on('end', () => settle(peerOf(answer) ?? silent));
        socket.on('error', ({ code }: NodeJS.ErrnoException) => {
          // Anything else (EAGAIN: its queue is full, EACCES: another user's) comes from a live one.
          settle(code === 'ECONNREFUSED' || code === 'ENOENT' ? { kind: 'dead' } : silent);
        });
      }),
  );
}

function peerOf(answer: string): Peer | undefined {
  let json: unknown;
  try {
    json = JSON.parse(answer);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const parsed = greeting.safeParse(json);
  if (!parsed.success) return undefined;
  const { pid, host, startedAt, state } = parsed.data;
  if (state === 'claiming') return { kind: 'claiming' };
  return { kind: 'owner', by: `process ${pid} on ${host}, started ${startedAt}` };
}

/** A socket's path must be short; a long folder is reached through an open handle on it instead (Linux). */
async function atSocketPath<T>(dir: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(dir, name);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return use(path);
  const folder = openSync(dir, 'r');
  try {
    return await use(`/proc/self/fd/${folder}/${name}`);
  } finally {
    closeSync(folder);
  }
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
