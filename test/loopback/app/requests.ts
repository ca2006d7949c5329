/** What the app received, in order of arrival, and what was wrong with it. Bounded: the oldest go first. */

import type { Call, Json } from './answers.ts';

export type AppRequest = {
  /** Counts from 1 over the life of the peer. */
  readonly n: number;
  /** Epoch milliseconds of the arrival of the whole body. */
  readonly at: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Empty with `record: 'ids'`. */
  readonly headers: Record<string, string>;
  /** The JSON body, for a GET the query; of a long medium only its length. Empty with `record: 'ids'`. */
  readonly body: Json;
  /** The digits that the callback speaks of. */
  readonly device: string | undefined;
  /** The WhatsApp message id that the callback speaks of. */
  readonly id: string | undefined;
  /** What was answered; 0 while unanswered, and for ever when the connection was cut. */
  status: number;
};

export type Violation = { readonly n: number; readonly at: number; readonly path: string; readonly problem: string };

export type RequestFilter = {
  /** With or without `/api/`. */
  readonly path?: string;
  /** Only requests with a greater `n`. */
  readonly after?: number;
  readonly status?: number;
  readonly device?: string;
};

export type Recording = 'all' | 'ids';

const LIMIT = { all: 100_000, ids: 1_000_000 };

export const apiPath = (path: string): string => (path.startsWith('/') ? path : `/api/${path}`);

export class Requests {
  readonly #mode: Recording;
  #list: AppRequest[] = [];
  #violations: Violation[] = [];
  #count = 0;

  constructor(mode: Recording) {
    this.#mode = mode;
  }

  add(call: Call, headers: Headers): AppRequest {
    const { method, path, query, body } = call;
    const whole = this.#mode === 'all';
    const request: AppRequest = {
      n: ++this.#count,
      // Fractions of a millisecond: latencies are measured from it.
      at: performance.timeOrigin + performance.now(),
      method,
      path,
      headers: whole ? Object.fromEntries(headers) : {},
      body: whole ? (method === 'GET' ? query : withoutLongMedium(body)) : {},
      device: first(body['device_phone'], body['wid'], body['phone_number'], query['phone']),
      id: first(body['wa_message_id'], body['whatsapp_message_id'], body['message_id'], body['messageId']),
      status: 0,
    };
    this.#list.push(request);
    const limit = LIMIT[this.#mode];
    if (this.#list.length > limit * 1.1) this.#list = this.#list.slice(-limit);
    return request;
  }

  violated({ n, at, path }: AppRequest, problem: string): void {
    if (this.#violations.length < 10_000) this.#violations.push({ n, at, path, problem });
  }

  list({ path, after = 0, status, device }: RequestFilter = {}): AppRequest[] {
    const wanted = path === undefined ? undefined : apiPath(path);
    return this.#list.filter(
      (request) =>
        request.n > after &&
        (wanted === undefined || request.path === wanted) &&
        (status === undefined || request.status === status) &&
        (device === undefined || request.device === device),
    );
  }

  violations(): readonly Violation[] {
    return this.#violations;
  }

  /** Forgets everything but the count. */
  clear(): void {
    this.#list = [];
    this.#violations = [];
  }
}

const LONG_MEDIUM = 4_000;

function withoutLongMedium(body: Json): Json {
  const field = body['media_base64'] === undefined ? 'data' : 'media_base64';
  const medium = body[field];
  if (typeof medium !== 'string' || medium.length <= LONG_MEDIUM) return body;
  return { ...body, [field]: `(${medium.length} characters)` };
}

const first = (...values: unknown[]): string | undefined =>
  values.find((value) => typeof value === 'string') as string | undefined;
