/**
 * One JSON request over a connection of its own. Without keep-alive, because a peer that is killed and restarted on
 * the same port would reset a pooled connection, and a test could not tell that from a fault of the peer.
 *
 * A status is an answer, never an error; an exception means that there was no answer.
 */
import { request } from 'node:http';

export type Answer = {
  readonly status: number;
  /** Parsed when the answer is JSON, else its text. */
  readonly body: unknown;
};

export type CallOptions = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON; a string is sent as it is, so that malformed bodies can be tested. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly timeoutMs?: number;
};

type Fetch = (request: Request) => Response | Promise<Response>;
/** What answers in this process, by origin. */
const near = new Map<string, Fetch>();

/**
 * From now on whoever calls this origin is answered by `fetch`, without a socket: a test that waits asks a hundred times,
 * and sockets take most of the CPU of that. Answers what ends it.
 */
export function answerNear(origin: string, fetch: Fetch): () => void {
  near.set(origin, fetch);
  return () => void near.delete(origin);
}

export function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const { method = options.body === undefined ? 'GET' : 'POST', timeoutMs = 30_000 } = options;
  const payload =
    options.body === undefined || typeof options.body === 'string' ? options.body : JSON.stringify(options.body);
  const headers = {
    accept: 'application/json',
    ...(payload !== undefined && { 'content-type': 'application/json' }),
    ...options.headers,
  };
  const fetch = near.get(new URL(url).origin);
  if (fetch) return answeredNear(fetch, new Request(url, { method, headers, body: payload ?? null }), timeoutMs);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          ...(payload !== undefined && { 'content-length': String(Buffer.byteLength(payload)) }),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

async function answeredNear(fetch: Fetch, request: Request, timeoutMs: number): Promise<Answer> {
  const late = new Promise<never>((_, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  const response = await Promise.race([fetch(request), late]);
  return { status: response.status, body: parsed(Buffer.from(await response.arrayBuffer())) };
}

function parsed(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
