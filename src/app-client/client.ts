/**
 * One request to the app, and what became of it as a value. Contract README §3.
 *
 * Invariants:
 *  C1  every call ends by its deadline, also when the app stops in the middle of its answer.
 *  C2  no call is repeated here and no redirect is followed (a redirected POST would arrive as a GET).
 *  C3  the token and bodies never appear in a returned reason.
 *  C4  with a signing secret every POST is signed over the bytes that are sent (`signing.ts`).
 *
 * Deliberately not here: what an answer means (`outcomes.ts`), what is sent (`callbacks.ts`).
 */
import { createFetch } from 'ofetch';
import type { Clock } from '../clock.ts';
import { newCorrelationId } from '../ids.ts';
import { type Connections, errorCode, lenientJson } from '../net.ts';
import { jsonText } from './json-text.ts';
import { signer } from './signing.ts';

/** The app answered; `body` is JSON when it could be read as such, else the text, else undefined. */
export type Answered = {
  readonly kind: 'answer';
  readonly status: number;
  readonly body: unknown;
  /** The `Retry-After` header as sent. */
  readonly retryAfter?: string;
};

/**
 * `unreachable`: refused, reset, cut; `timeout`: the deadline passed; `aborted`: the caller gave up.
 * `detail` is an error code such as ECONNREFUSED.
 */
export type NoAnswer = {
  readonly kind: 'no answer';
  readonly why: 'unreachable' | 'timeout' | 'aborted' | 'not asked';
  readonly detail: string;
};

export type AppAnswer = Answered | NoAnswer;

const NEVER_CONNECTED = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
]);

/** The connection was never there, so the app cannot have heard of it: the call may be repeated. */
export const neverSent = ({ detail }: NoAnswer): boolean => NEVER_CONNECTED.has(detail);

/** `token`: the caller's own, sent while none is configured (contract voice §2). */
export type Call = { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly token?: string };

/** `id`: the `webhook-id`, the same for every attempt; absent for what is never repeated (ticks): a new one. */
export type Post = Call & { readonly id?: string };

export interface AppClient {
  /** `body`: an object, or JSON text that is sent as it is. Never rejects. */
  post(path: string, body: string | Readonly<Record<string, unknown>>, call: Post): Promise<AppAnswer>;
  /** Never rejects. */
  get(path: string, query: Readonly<Record<string, string>>, call: Call): Promise<AppAnswer>;
}

export type AppClientOptions = {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** Sent as `X-Node-Token`; the header is left out when unset or empty. */
  readonly token?: string;
  /** `CALLBACK_SIGNING_SECRET`; POSTs are not signed without one. */
  readonly signingSecret?: string;
  readonly connections: Connections;
  readonly clock: Clock;
};

export function appClient({ baseUrl, token, signingSecret, connections, clock }: AppClientOptions): AppClient {
  const sign = signingSecret === undefined ? undefined : signer(signingSecret);
  const request = createFetch({
    fetch: connections.fetch,
    defaults: {
      baseURL: baseUrl,
      retry: 0,
      ignoreResponseError: true,
      parseResponse: lenientJson,
      headers: { accept: 'application/json', ...(token ? { 'x-node-token': token } : {}) },
    },
  });

  async function ask(path: string, options: Parameters<typeof request.raw>[1], call: Call): Promise<AppAnswer> {
    // ofetch's own `timeout` ends with the headers (C1), so the deadline is ours and covers the body too.
    const controller = new AbortController();
    let why: NoAnswer['why'] = 'unreachable';
    const stop = (reason: NoAnswer['why']) => {
      why = reason;
      controller.abort();
    };
    const abort = () => stop('aborted');
    const timer = clock.setTimeout(() => stop('timeout'), call.timeoutMs);
    call.signal?.addEventListener('abort', abort, { once: true });
    if (call.signal?.aborted) abort();
    try {
      const own = !token && call.token ? { 'x-node-token': call.token } : {};
      const headers = { ...options?.headers, ...own };
      const response = await request.raw(path, { ...options, headers, signal: controller.signal });
      const retryAfter = response.headers.get('retry-after');
      return {
        kind: 'answer',
        status: response.status,
        body: response._data,
        ...(retryAfter !== null && { retryAfter }),
      };
    } catch (thrown) {
      return { kind: 'no answer', why, detail: errorCode(thrown) };
    } finally {
      clock.clearTimeout(timer);
      call.signal?.removeEventListener('abort', abort);
    }
  }

  return {
    post: (path, body, call) => {
      const text = typeof body === 'string' ? body : jsonText(body);
      const signature = sign?.(call.id ?? newCorrelationId(), text, clock.now());
      return ask(
        path,
        { method: 'POST', headers: { 'content-type': 'application/json', ...signature }, body: text },
        call,
      );
    },
    get: (path, query, call) => ask(path, { method: 'GET', query }, call),
  };
}
