/**
 * One call of a provider's API, and what became of it as a value.
 *
 *  VN1  `not sent` means that not one byte of the request was written; `no answer` that some may have been.
 *  VN2  Every call ends by its deadline, also in the middle of an answer. Nothing is repeated, no redirect followed.
 *  VN3  Reasons are codes of errors, never their texts, which carry addresses.
 *
 * Deliberately not here: what an answer means (engines/<provider>/errors.ts).
 */
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import type { Clock } from '../clock.ts';
import { errorCode, lenientJson, retryAfterMs } from '../net.ts';

/** Providers answer in a few kilobytes. */
const LARGEST_ANSWER = 1_048_576;

export type VendorAnswer =
  /**
   * `body` is JSON when it could be read as such, else the text. `retryAfterMs`: of the header, 0 without one. `location`:
   * the header, `''` without one.
   */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: unknown;
      readonly retryAfterMs: number;
      readonly location: string;
    }
  | { readonly kind: 'not sent'; readonly why: string }
  | { readonly kind: 'no answer'; readonly why: string };

export type Payload = {
  readonly type: string;
  readonly bytes: number;
  readonly chunks: () => AsyncIterable<Uint8Array>;
};

type Asked = {
  readonly url: string;
  readonly authorization: string;
  /** Epoch ms. */
  readonly deadline: number;
};
export type VendorCall = Asked & { readonly payload: Payload };

export type Vendor = {
  /** Never rejects for what the network or the provider does; a payload that cannot be read rejects. */
  post(call: VendorCall): Promise<VendorAnswer>;
  /** For what can be asked as often as one likes: `not sent` may have arrived. */
  get(call: Asked): Promise<VendorAnswer>;
  close(): Promise<void>;
};

type Sending = {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable;
};

/** `connections` bounds the kept-alive connections to one provider; more calls than that wait for a free one. */
export function vendor({ connections, clock }: { readonly connections: number; readonly clock: Clock }): Vendor {
  const dispatcher = new Agent({ connections, pipelining: 1, keepAliveTimeout: 4000, maxResponseSize: LARGEST_ANSWER });

  const get = (call: Asked) => ask(call, { method: 'GET' }, () => false);

  async function post({ payload, ...call }: VendorCall): Promise<VendorAnswer> {
    let begun = false;
    let unreadable: unknown;
    /** undici takes the first chunk when the connection stands and is free: that is the moment VN1 speaks of. */
    async function* body() {
      try {
        for await (const chunk of payload.chunks()) {
          begun = true;
          yield chunk;
        }
      } catch (thrown) {
        unreadable = thrown;
        throw thrown;
      }
    }
    const headers = { 'content-type': payload.type, 'content-length': String(payload.bytes) };
    const sent = { method: 'POST', headers, body: Readable.from(body(), { objectMode: false }) } as const;
    const answer = await ask(call, sent, () => begun);
    if (unreadable !== undefined) throw unreadable;
    return answer;
  }

  async function ask(
    { url, authorization, deadline }: Asked,
    { headers = {}, ...sent }: Sending,
    begun: () => boolean,
  ): Promise<VendorAnswer> {
    const late = new AbortController();
    const timer = clock.setTimeout(() => late.abort(), Math.max(0, deadline - clock.now()));
    try {
      const answer = await request(url, {
        dispatcher,
        ...sent,
        headers: { authorization, accept: 'application/json', ...headers },
        signal: late.signal,
      });
      const { 'retry-after': header, location } = answer.headers;
      return {
        kind: 'answer',
        status: answer.statusCode,
        body: lenientJson(await answer.body.text()),
        retryAfterMs: retryAfterMs(typeof header === 'string' ? header : undefined, clock.now()),
        location: typeof location === 'string' ? location : '',
      };
    } catch (thrown) {
      const why = late.signal.aborted ? 'timeout' : errorCode(thrown);
      return { kind: begun() ? 'no answer' : 'not sent', why };
    } finally {
      clock.clearTimeout(timer);
    }
  }

  return { post, get, close: () => dispatcher.close() };
}

export function textPayload(type: string, text: string): Payload {
  const bytes = Buffer.from(text);
  return {
    type,
    bytes: bytes.length,
    async *chunks() {
      yield bytes;
    },
  };
}
