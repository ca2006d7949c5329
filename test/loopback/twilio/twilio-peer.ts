/**
 * Twilio's message API as a real HTTP server on 127.0.0.1 (facts/twilio.md §1, §2): basic auth, form fields and their
 * limits, and every way to fail.
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

const Mode = z.strictObject({
  /** So many messages are taken as usual before the rest of this applies. */
  after: z.int().min(0).optional(),
  /** Messages are refused with this. */
  error: z.strictObject({ code: z.int(), status: z.int().min(400).max(599) }).optional(),
  /** Taken, and answered only after so many ms. */
  slowMs: z.int().optional(),
  /** Taken, then the connection is destroyed instead of an answer. */
  cut: z.boolean().optional(),
  /** Answered 201 without a sid. */
  withoutSid: z.boolean().optional(),
});
export type TwilioMode = z.infer<typeof Mode>;

/** `sid` only when it was taken. */
export type TwilioRequest = {
  readonly at: number;
  readonly form: Record<string, string>;
  readonly sid?: string;
  readonly status: number;
};

export interface TwilioPeer {
  readonly url: string;
  readonly accountSid: string;
  token: string;
  /** Further accounts: SID → token. */
  readonly accounts: Map<string, string>;
  readonly faults: ProviderFaults;
  requests(): readonly TwilioRequest[];
  /** Replaces the mode as a whole; `{}` is the normal one. */
  mode(mode: TwilioMode): void;
  /** All that it was told and asked is gone: as new, but for the numbering of messages. */
  forget(): void;
  /** Its part of the world's control API. */
  readonly routes: Hono;
  close(): Promise<void>;
}

const FIELDS = [
  'To',
  'From',
  'Body',
  'MediaUrl',
  'StatusCallback',
  'PersistentAction',
  'ContentSid',
  'ContentVariables',
];
const TOKEN = 'twilio-token';
const ADDRESS = /^whatsapp:\+\d{6,20}$/;

export async function startTwilioPeer(options: { readonly port?: number } = {}): Promise<TwilioPeer> {
  let mode: TwilioMode = {};
  let left = 0;
  let messages = 0;
  const requests: TwilioRequest[] = [];
  const accounts = new Map<string, string>();
  const state = { accountSid: `AC${'0'.repeat(32)}`, token: TOKEN, accounts };
  const tokenOf = (sid: string) => (sid === state.accountSid ? state.token : accounts.get(sid));
  const formOf = async (context: Context) => Object.fromEntries(new URLSearchParams(await context.req.text()));
  const refusalOf = (code: number, message: string, status: number) => ({
    code,
    message,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status,
  });
  const faults = new ProviderFaults({
    kindOf: () => 'messages',
    async partiesOf(context) {
      const { From = '', To = '' } = await formOf(context);
      return { sender: From.replace(/\D/g, ''), recipient: To };
    },
    async refused(context, { status, code = 0, details = 'as told' }) {
      requests.push({ at: Date.now(), form: await formOf(context), status });
      return refusalOf(code, details, status);
    },
  });

  const setMode = (next: TwilioMode) => {
    mode = next;
    left = next.after ?? 0;
  };

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use('*', faults.middleware);
  app.post('/2010-04-01/Accounts/:sid/Messages.json', async (context) => {
    const text = await context.req.text();
    const form = await formOf(context);
    const answer = (status: 201 | 400 | 401, body: object, sid?: string) => {
      requests.push({ at: Date.now(), form, status, ...(sid !== undefined && { sid }) });
      return context.json(body, status);
    };
    const refuse = (code: number, message: string, status: 400 | 401 = 400) =>
      answer(status, refusalOf(code, message, status));

    const account = context.req.param('sid');
    const expected = `Basic ${btoa(`${account}:${tokenOf(account)}`)}`;
    if (tokenOf(account) === undefined || context.req.header('authorization') !== expected)
      return refuse(20003, 'Authenticate', 401);
    const problem = problemOf(context.req.header('content-type') ?? '', text, form);
    if (problem) return refuse(...problem);
    const isSpared = left > 0;
    if (isSpared) left -= 1;
    const { error, slowMs, cut, withoutSid }: TwilioMode = isSpared ? {} : mode;
    if (error) {
      const { code, status } = error;
      return refuse(code, 'Refused on purpose', status as 400);
    }
    const sid = `SM${String(++messages).padStart(32, '0')}`;
    const taken = { sid, status: 'queued', error_code: null, error_message: null, num_media: '0' };
    const response = answer(201, withoutSid ? {} : taken, sid);
    if (slowMs !== undefined) await delay(slowMs);
    if (!cut) return response;
    context.env.outgoing.destroy();
    return RESPONSE_ALREADY_SENT;
  });

  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const routes = faults.routes('twilio');
  routes.get('/twilio/requests', (context) => context.json(requests));
  routes.post('/twilio/account', async (context) => {
    const parsed = z
      .strictObject({ accountSid: z.string().regex(/^AC[0-9a-f]{32}$/), token: z.string().min(1) })
      .safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return context.json({ error: z.prettifyError(parsed.error) }, 400);
    accounts.set(parsed.data.accountSid, parsed.data.token);
    return context.json({ ok: true });
  });
  routes.post('/twilio/mode', async (context) => {
    const parsed = Mode.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return context.json({ error: z.prettifyError(parsed.error) }, 400);
    setMode(parsed.data);
    return context.json({ ok: true });
  });

  return Object.assign(state, {
    routes,
    faults,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    mode: setMode,
    forget() {
      faults.forget();
      setMode({});
      state.token = TOKEN;
      accounts.clear();
      requests.length = 0;
    },
    close: async () => {
      if (!server.listening) return;
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

/** What Twilio would refuse, as code and message. */
function problemOf(type: string, text: string, form: Record<string, string>): [number, string] | undefined {
  if (!type.startsWith('application/x-www-form-urlencoded')) return [21603, 'Not a form'];
  const names = [...new URLSearchParams(text).keys()];
  const strange = names.find((name) => !FIELDS.includes(name));
  if (strange !== undefined) return [20001, `Unknown field ${strange}`];
  if (new Set(names).size !== names.length) return [20001, 'A field is there twice'];
  const { To = '', From = '', Body, MediaUrl, ContentSid, PersistentAction, ContentVariables } = form;
  if (!ADDRESS.test(To)) return [21211, 'Invalid To'];
  if (!ADDRESS.test(From)) return [63007, 'Invalid From'];
  if (Body === undefined && MediaUrl === undefined && ContentSid === undefined) return [21619, 'A body is required'];
  if ((Body ?? '').length > 1_600) return [21617, 'Body exceeds 1600 characters'];
  if (MediaUrl !== undefined && !MediaUrl.startsWith('https://')) return [21620, 'Invalid media URL'];
  if (
    ContentSid !== undefined &&
    (!/^HX[0-9a-f]{32}$/.test(ContentSid) || Body !== undefined || MediaUrl !== undefined)
  )
    return [21655, 'Invalid ContentSid'];
  if (ContentVariables !== undefined && (ContentSid === undefined || !areVariables(ContentVariables)))
    return [21656, 'Invalid ContentVariables'];
  if (
    PersistentAction !== undefined &&
    (Body === undefined || !/^geo:-?[\d.]+,-?[\d.]+(\|.+)?$/.test(PersistentAction))
  )
    return [21625, 'Invalid PersistentAction'];
  return undefined;
}

const variables = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .refine((map) => Object.keys(map).length <= 100);

function areVariables(text: string): boolean {
  try {
    return variables.safeParse(JSON.parse(text)).success;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return false;
    throw thrown;
  }
}
