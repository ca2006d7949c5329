/**
 * The app's side of the wire as a real HTTP server on 127.0.0.1 (design/loopback.md): checks the token and every
 * callback, answers as the contract says, remembers what it received, and can be down, slow, broken or cut.
 *
 * A valid request is processed before it is slowed or cut, so a repeat of it is a repeat for the app, too.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdaptorServer, type HttpBindings, type ServerType } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { Answers, type Call, invalid, type Json, type Reply } from './answers.ts';
import type { AppPeer, AppPeerOptions } from './app-peer.types.ts';
import { bodyProblems, queryProblems } from './contract.ts';
import { controlRoutes } from './control.ts';
import { Faults } from './faults.ts';
import { type AppRequest, Requests } from './requests.ts';
import { signatureProblem } from './signature.ts';

export type { AppPeer } from './app-peer.types.ts';

type Env = { Bindings: HttpBindings };

export async function startAppPeer(options: AppPeerOptions = {}): Promise<AppPeer> {
  const token = options.token ?? randomBytes(32).toString('hex');
  let answers = new Answers();
  let faults = new Faults();
  const requests = new Requests(options.record ?? 'all');

  const files = new Map<string, { readonly bytes: Buffer<ArrayBuffer>; readonly type: string }>();

  const app = new Hono<Env>();
  // Public files of the app need no token and are no calls of the contract.
  app.get('/:folder{uploads|storage}/*', (context) => {
    const file = files.get(context.req.path);
    return file ? context.body(file.bytes, 200, { 'Content-Type': file.type }) : context.text('Not Found', 404);
  });
  app.all('*', async (context) => {
    const { call, readable, bytes } = await readCall(context);
    const request = requests.add(call, context.req.raw.headers);
    const forged =
      options.signingSecret !== undefined && context.req.header('webhook-signature') !== undefined
        ? signatureProblem(options.signingSecret, context.req.raw.headers, bytes)
        : undefined;
    if (forged) requests.violated(request, forged);
    const { mode, ms } = faults.at(call.path);
    if (mode === 'down') return cut(context);
    const reply = mode === '500' || mode === '422' ? refused(mode) : await answered(call, readable, request, context);
    if (mode === 'slow') await delay(ms);
    if (mode === 'cut') return cut(context);
    request.status = reply.status;
    return context.json(reply.body as Json, reply.status as 200);
  });

  async function answered(call: Call, readable: boolean, request: AppRequest, context: Context<Env>): Promise<Reply> {
    const violated = (problem: string) => requests.violated(request, problem);
    if (!sameToken(context.req.header('x-node-token') ?? '', token)) {
      violated('X-Node-Token: wrong or missing');
      return unauthorized(call.path);
    }
    const wantsJson = context.req.header('accept') === 'application/json';
    if (!wantsJson) violated('Accept: must be application/json');
    const older = answers.olderRefusal(call);
    if (older) return older;
    if (call.method === 'GET') queryProblems(call.path, call.query, answers.hasProvider).forEach(violated);
    const problems =
      call.method === 'GET' ? [] : readable ? bodyProblems(call.path, call.body) : ['body: not a JSON object'];
    problems.forEach(violated);
    // Without the header the app sends the caller back to a page, which looks like success (contract README §3).
    if (problems.length > 0) return wantsJson ? { status: 422, body: invalid(problems) } : { status: 302, body: {} };
    const reply = await answers.answer(call);
    if (!reply) {
      violated('no such route');
      return { status: 404, body: { message: 'Not Found' } };
    }
    return faults.takeAnswer(call.path) ?? reply;
  }

  const server = createAdaptorServer({ fetch: app.fetch });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  const peer: AppPeer = {
    routes: new Hono(),
    url: `http://127.0.0.1:${port}`,
    token,
    signingSecret: options.signingSecret,
    get answers() {
      return answers;
    },
    requests: (filter) => requests.list(filter),
    violations: () => requests.violations(),
    clear: () => requests.clear(),
    async forget() {
      await peer.mode({ mode: 'ok' });
      answers = new Answers();
      faults = new Faults();
      files.clear();
      requests.clear();
    },
    async mode(command) {
      faults.set(command);
      if (faults.down && server.listening) await stop(server);
      if (!faults.down && !server.listening) await listen(server, port);
    },
    file: (path, base64, type) => void files.set(path, { bytes: Buffer.from(base64, 'base64'), type }),
    nextAnswer: (path, body, status = 200) => faults.nextAnswer(path, { status, body }),
    async close() {
      if (server.listening) await stop(server);
    },
  };
  peer.routes.route('/', controlRoutes(peer));
  return peer;
}

type Read = { readonly call: Call; readonly readable: boolean; readonly bytes: Uint8Array };

async function readCall(context: Context<Env>): Promise<Read> {
  const { method, path } = context.req;
  const call = { method, path, query: context.req.query() };
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  if (method === 'GET') return { call: { ...call, body: {} }, readable: true, bytes };
  const body = parsed(Buffer.from(bytes).toString('utf8'));
  return { call: { ...call, body: body ?? {} }, readable: body !== undefined, bytes };
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Destroys the connection: the caller sees a reset, not an answer. */
function cut(context: Context<Env>): Response {
  context.env.incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

const refused = (mode: '500' | '422'): Reply =>
  mode === '500'
    ? { status: 500, body: { message: 'Server Error' } }
    : { status: 422, body: invalid(['body: refused']) };

const STRICT_REFUSAL =
  /^\/api\/(inbound-message|groups\/sync|flow\/store-media|campaigns\/sync|templates-camp|workspace-attributes|flows)(\/|$)/;

function unauthorized(path: string): Reply {
  if (path === '/api/keyword-replies') {
    return { status: 401, body: [{ response: '401', reply: 'unauthorized', reply_type: null, flow_id: null }] };
  }
  if (STRICT_REFUSAL.test(path)) return { status: 401, body: { ok: false, error: 'unauthorized' } };
  return { status: 403, body: { ok: false, message: 'forbidden' } };
}

function sameToken(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return expected !== '' && a.length === b.length && timingSafeEqual(a, b);
}

/** While the app was down, an outgoing connection of this machine may have borrowed its port for a moment. */
async function listen(server: ServerType, port: number, attempts = 100): Promise<void> {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempts === 0) throw error;
    await delay(50);
    await listen(server, port, attempts - 1);
  }
}

async function stop(server: ServerType): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  if ('closeAllConnections' in server) server.closeAllConnections();
  await closed;
}
