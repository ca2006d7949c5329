/**
 * Meta's Graph API as a real HTTP server on 127.0.0.1 (facts/cloud-api.md): tokens, messages, media uploads, and every way
 * to fail.
 *
 * A valid message counts as accepted before it is slowed or cut, so a repeat of it is a second message there, too.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { ProviderFaults } from '../provider-faults.ts';
import { problemOf } from './messages.ts';

const Mode = z.strictObject({
  /** The next `times` messages (default: all) are refused with this. */
  error: z.object({ code: z.int(), status: z.int(), details: z.string().optional() }).optional(),
  times: z.int().min(1).optional(),
  /** Taken, and answered only after so many ms. */
  slowMs: z.int().min(0).optional(),
  /** Taken, then the connection is destroyed instead of an answer. */
  cut: z.boolean().optional(),
  /** Number as written → number as Meta writes it. */
  waIds: z.record(z.string(), z.string()).optional(),
});
export type GraphMode = z.input<typeof Mode>;

export type GraphRequest = {
  readonly at: number;
  readonly path: string;
  readonly body: unknown;
  /** Only when it was taken. */
  readonly id?: string;
  readonly status: number;
};

export interface GraphPeer {
  readonly url: string;
  /** The token that is accepted for every number that has none of its own. */
  token: string;
  /** Phone-number id → its own token. */
  readonly tokens: Map<string, string>;
  /** What every account has of templates. */
  templates: readonly { readonly name: string; readonly language: string; readonly status: string }[];
  readonly faults: ProviderFaults;
  requests(): readonly GraphRequest[];
  /** Replaces the mode as a whole; `{}` is the normal one. */
  mode(mode: GraphMode): void;
  /** All that it was told and asked is gone: as new, but for the numbering of messages. */
  forget(): void;
  readonly routes: Hono;
  close(): Promise<void>;
}

const MAX_REQUESTS = 20_000;
const TOKEN = 'meta-token';

export async function startGraphPeer(options: { readonly port?: number } = {}): Promise<GraphPeer> {
  let mode: GraphMode = {};
  let left = 0;
  let next = 1;
  const requests: GraphRequest[] = [];
  const peer = { token: TOKEN, tokens: new Map<string, string>(), templates: [] as GraphPeer['templates'] };
  const media = new Set<string>();

  const note = (path: string, body: unknown, status: number, id?: string) => {
    if (requests.length < MAX_REQUESTS)
      requests.push({ at: Date.now(), path, body, status, ...(id !== undefined && { id }) });
  };
  const refusal = (code: number, details: string) => ({
    error: {
      message: `(#${code}) ${details}`,
      type: 'OAuthException',
      code,
      error_data: { messaging_product: 'whatsapp', details },
      fbtrace_id: 'Atrace',
    },
  });

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use('*', async (context, go) => {
    const token = peer.tokens.get(phoneIdOf(context)) ?? peer.token;
    if (context.req.header('authorization') === `Bearer ${token}`) return go();
    const isMessage = context.req.path.endsWith('/messages');
    note(context.req.path, isMessage ? await context.req.json().catch(() => undefined) : null, 401);
    return context.json(refusal(190, 'Error validating access token'), 401);
  });
  const faults = new ProviderFaults({
    kindOf: (context) => (context.req.path.endsWith('/media') ? 'media' : 'messages'),
    partiesOf: async (context) => {
      const body: unknown = await context.req.json().catch(() => undefined);
      const to = typeof body === 'object' && body !== null && 'to' in body ? String(body.to) : '';
      return { sender: phoneIdOf(context), recipient: to };
    },
    async refused(context, { status, code = 0, details = 'as told' }) {
      note(context.req.path, await context.req.json().catch(() => undefined), status);
      return refusal(code, details);
    },
  });
  app.use('*', faults.middleware);
  app.post('/:version{v[0-9]+\\.[0-9]+}/:phone{[0-9]+}/messages', async (context) => {
    const { path } = context.req;
    const body: unknown = await context.req.json().catch(() => undefined);
    const refuse = (status: number, code: number, details: string) => {
      note(path, body, status);
      return context.json(refusal(code, details), status as 400);
    };
    if (mode.error && left > 0) {
      left -= 1;
      return refuse(mode.error.status, mode.error.code, mode.error.details ?? 'as told');
    }
    const problem = problemOf(body) ?? unknownMedia(body, media);
    if (problem !== undefined) return refuse(400, 131009, problem);
    const id = `wamid.${next++}`;
    note(path, body, 200, id);
    if (mode.slowMs !== undefined) await delay(mode.slowMs);
    if (mode.cut) return cut(context);
    const { to } = body as { to: string };
    const input = to.replace('+', '');
    return context.json({
      messaging_product: 'whatsapp',
      contacts: [{ input: to, wa_id: mode.waIds?.[input] ?? input }],
      messages: [{ id, message_status: 'accepted' }],
    });
  });
  app.post('/:version{v[0-9]+\\.[0-9]+}/:phone{[0-9]+}/media', async (context) => {
    const form = await context.req.formData().catch(() => undefined);
    const file = form?.get('file');
    const fields = { product: form?.get('messaging_product'), type: form?.get('type') };
    const isValid = file instanceof File && fields.product === 'whatsapp' && typeof fields.type === 'string';
    const seen = file instanceof File ? { name: file.name, type: file.type, bytes: file.size } : undefined;
    note(context.req.path, { ...fields, file: seen }, isValid ? 200 : 400);
    if (!isValid) return context.json(refusal(100, 'Invalid parameter'), 400);
    const id = String(7_000_000 + next++);
    media.add(id);
    return context.json({ id });
  });
  app.get('/:version{v[0-9]+\\.[0-9]+}/:account{[0-9]+}/message_templates', (context) => {
    const name = context.req.query('name') ?? '';
    note(context.req.path, null, 200);
    return context.json({ data: peer.templates.filter((one) => one.name.includes(name)), paging: {} });
  });
  app.all('*', (context) => {
    note(context.req.path, null, 404);
    return context.json(refusal(2500, 'Unknown path components'), 404);
  });

  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const full: Omit<GraphPeer, 'routes'> = Object.assign(peer, {
    faults,
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    mode: (wanted: GraphMode) => {
      mode = wanted;
      left = wanted.times ?? Number.POSITIVE_INFINITY;
    },
    forget() {
      faults.forget();
      mode = {};
      Object.assign(peer, { token: TOKEN, templates: [] });
      for (const kept of [peer.tokens, media]) kept.clear();
      requests.length = 0;
    },
    async close() {
      if (!server.listening) return;
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  });
  return Object.assign(full, { routes: controlRoutes(full) });
}

function controlRoutes(peer: Omit<GraphPeer, 'routes'>): Hono {
  const routes = peer.faults.routes('graph');
  routes.get('/graph/requests', (context) => context.json(peer.requests()));
  routes.post('/graph/token', async (context) => {
    const parsed = z
      .strictObject({ token: z.string().min(1), phoneId: z.string().optional() })
      .safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return context.json({ error: z.prettifyError(parsed.error) }, 400);
    const { token, phoneId } = parsed.data;
    if (phoneId === undefined) peer.token = token;
    else peer.tokens.set(phoneId, token);
    return context.json({ ok: true });
  });
  routes.post('/graph/mode', async (context) => {
    const parsed = Mode.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return context.json({ error: z.prettifyError(parsed.error) }, 400);
    peer.mode(parsed.data);
    return context.json({ ok: true });
  });
  return routes;
}

/** `/<version>/<phone-number id>/…` */
const phoneIdOf = (context: Context): string => context.req.path.split('/')[2] ?? '';

/** Destroys the connection: the caller sees a reset, not an answer. */
function cut(context: Context<{ Bindings: HttpBindings }>): Response {
  context.env.incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

/** An id that nobody uploaded. */
function unknownMedia(body: unknown, known: ReadonlySet<string>): string | undefined {
  const ids = [...JSON.stringify(body).matchAll(/"(?:image|video|audio|document|sticker)":\{[^{}]*?"id":"([^"]*)"/g)];
  return ids.every(([, id = '']) => known.has(id)) ? undefined : 'Media id not found';
}
