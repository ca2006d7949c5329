/** A small app on 127.0.0.1 that answers as a test says, and the outbox parts that tests put before it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppClient, appClient } from '../../../src/app-client/client.ts';
import type { Room } from '../../../src/app-client/outbox-bounds.ts';
import type { Clock } from '../../../src/clock.ts';
import type { InboundFact, ReceiptFact, StatusFact } from '../../../src/app-client/callbacks.types.ts';
import { createLog, type Log } from '../../../src/log.ts';
import { appAgent } from '../../../src/net.ts';
import { parseDigits } from '../../../src/phone.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';
import type { SimulatedTime } from '../../helpers/simulated-time.ts';

export type Answer = {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly delayMs?: number;
  /** Answer only when this resolves. */
  readonly after?: Promise<void>;
  /** Destroy the connection: before the answer, or in the middle of it. */
  readonly cut?: 'before' | 'within';
};

export type Seen = {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
  /** performance.now() of the arrival. */
  readonly at: number;
  /** What was answered. */
  answer: Answer;
};

export type App = {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen[];
  readonly atOnce: () => number;
  close(): Promise<void>;
};

const TAKEN = { ok: true, routing_actions: [] };

export async function startApp(decide: (seen: Seen, app: App) => Answer, port = 0): Promise<App> {
  const seen: Seen[] = [];
  let now = 0;
  let most = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const entry: Seen = {
        path: request.url ?? '',
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
        headers: request.headers,
        at: performance.now(),
        answer: {},
      };
      now++;
      most = Math.max(most, now);
      response.on('close', () => now--);
      entry.answer = decide(entry, app);
      seen.push(entry);
      if (entry.answer.after) void entry.answer.after.then(() => respond(response, entry.answer));
      else if (entry.answer.delayMs) setTimeout(() => respond(response, entry.answer), entry.answer.delayMs);
      else respond(response, entry.answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  const app: App = {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    seen,
    atOnce: () => most,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return app;
}

/** An app without a network between, for what takes thousands of attempts. */
export function appAtHand(decide: (seen: Seen) => Answer): { readonly client: AppClient; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const client: AppClient = {
    async post(path, sent) {
      const body: Record<string, unknown> = typeof sent === 'string' ? JSON.parse(sent) : sent;
      const entry: Seen = { path, body, headers: {}, at: performance.now(), answer: {} };
      entry.answer = decide(entry);
      seen.push(entry);
      const { cut, status = 200, body: said = TAKEN } = entry.answer;
      if (cut) return { kind: 'no answer', why: 'unreachable', detail: 'ECONNRESET' };
      return { kind: 'answer', status, body: said };
    },
    get: () => Promise.reject(new Error('nothing is asked of it')),
  };
  return { client, seen };
}

function respond(response: ServerResponse, answer: Answer): void {
  if (answer.cut === 'before') return void response.destroy();
  const text = JSON.stringify(answer.body ?? TAKEN);
  response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
  if (answer.cut === 'within') {
    response.write(text.slice(0, 3), () => response.destroy());
    return;
  }
  response.end(text);
}

/** A clock on which everything happens `factor` times faster than on the wall. */
export function fastClock(factor: number): Clock {
  const start = Date.now();
  const real = performance.now();
  return {
    now: () => start + (performance.now() - real) * factor,
    setTimeout: (fn, ms) => ({ id: setTimeout(fn, ms / factor) }),
    clearTimeout: (timer) => clearTimeout(timer.id as NodeJS.Timeout),
  };
}

export const quiet: Log = createLog({ level: 'silent', stream: { write: () => undefined } });

/** An outbox that is never full. */
export const ROOMY = { bounds: { rows: 1_000_000, bytes: 1_000_000_000 }, disk: (): Room => 'ok' };

export function client(url: string, clock: Clock, token?: string): AppClient {
  return appClient({ baseUrl: url, clock, connections: appAgent(80), ...(token !== undefined && { token }) });
}

export function tempStore(): { readonly path: string; open(): Store; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'outbox-'));
  return { path, open: () => openLmdb({ path }), remove: () => rmSync(path, { recursive: true, force: true }) };
}

export const digits = (text: string) => {
  const parsed = parseDigits(text);
  if (!parsed) throw new Error('not a phone');
  return parsed;
};

export const DEVICE = '5511900000001';

export const inbound = (contact: string, id: string, text = `text of ${id}`): InboundFact => ({
  kind: 'inbound',
  device: DEVICE,
  direction: 'in',
  contact: { pn: digits(contact) },
  name: 'Ana',
  id,
  content: { kind: 'text', text },
  at: 1_700_000_000,
  stored: false,
});

/** Of an automatic reply, which is told to one endpoint; `origin` 'single': to both. */
export const receipt = (
  id: string,
  status: ReceiptFact['status'],
  origin: ReceiptFact['origin'] = 'auto',
): ReceiptFact => ({
  kind: 'receipt',
  device: DEVICE,
  id,
  status,
  origin,
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
});

export const status = (word: string, device = DEVICE): StatusFact => ({
  kind: 'status',
  device,
  status: word,
  progress: 100,
  at: Date.UTC(2026, 0, 2),
});

export async function eventually(holds: () => boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`did not come true within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Counts the requests under way, so that simulated time can stand still for them. */
export function counted(inner: AppClient): AppClient & { readonly flying: () => number } {
  let flying = 0;
  const count = async <T>(call: Promise<T>): Promise<T> => {
    flying++;
    return call.finally(() => flying--);
  };
  return {
    post: (...call) => count(inner.post(...call)),
    get: (...call) => count(inner.get(...call)),
    flying: () => flying,
  };
}

/**
 * Lets `ms` pass on simulated time, one timer after the other. The clock stands still while `busy` says that requests
 * are under way or the disk writes.
 */
export async function pass(time: SimulatedTime, busy: () => boolean | Promise<boolean>, ms: number): Promise<void> {
  const end = time.now() + ms;
  for (;;) {
    await idle(busy);
    const next = time.nextIn();
    if (next === undefined || time.now() + next > end) break;
    time.advance(next);
  }
  time.advance(end - time.now());
  await idle(busy);
}

async function idle(busy: () => boolean | Promise<boolean>): Promise<void> {
  for (let calm = 0; calm < 2; ) {
    await new Promise((resolve) => setImmediate(resolve));
    calm = (await busy()) ? 0 : calm + 1;
  }
}

/** Counts the writes under way, for the same reason. */
export function writes(inner: Store): { readonly store: Store; readonly underWay: () => number } {
  let underWay = 0;
  const write: Store['write'] = (change) => {
    underWay++;
    return inner.write(change).finally(() => underWay--);
  };
  return { store: { ...inner, write }, underWay: () => underWay };
}

/** Resolves when what was written to the store so far is durable. */
export const written = (store: Store): Promise<void> =>
  store.write((batch) => batch.remove(store.table('none'), 'none'));
