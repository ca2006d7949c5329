/**
 * One GET of a small text from an address that the operator configured, optionally through a proxy's agent.
 *
 *  GT1  It ends by its deadline and never rejects.
 *  GT2  An answer larger than `largest` bytes counts as none.
 *  GT3  Redirects are not followed, and a reason never carries the address (it may hold a password).
 *
 * Node's own client, because the agents of proxies are made for it (proxy.ts): what this proves works for the WebSocket.
 */
import { type Agent, get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import type { Clock } from '../clock.ts';

export type TextAnswer =
  | { readonly kind: 'text'; readonly status: number; readonly text: string }
  /** `why` is an error code such as ECONNREFUSED, or `timeout`. */
  | { readonly kind: 'no answer'; readonly why: string };

export type GetTextOptions = {
  readonly timeoutMs: number;
  /** Bytes. */
  readonly largest: number;
  readonly clock: Clock;
  readonly agent?: Agent;
};

export function getText(url: string, { timeoutMs, largest, clock, agent }: GetTextOptions): Promise<TextAnswer> {
  return new Promise((resolve) => {
    const get = url.startsWith('https:') ? getSecure : getPlain;
    const request = get(url, { ...(agent && { agent }), headers: { 'user-agent': 'node-bridge' } });
    const finish = (answer: TextAnswer) => {
      clock.clearTimeout(timer);
      resolve(answer);
      request.destroy();
    };
    const timer = clock.setTimeout(() => finish({ kind: 'no answer', why: 'timeout' }), timeoutMs);
    request.on('error', (error) => finish({ kind: 'no answer', why: codeOf(error) }));
    request.on('response', (response) => read(response, largest, finish));
  });
}

function read(response: IncomingMessage, largest: number, finish: (answer: TextAnswer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > largest) finish({ kind: 'no answer', why: 'too large' });
    else chunks.push(chunk);
  });
  response.on('error', (error) => finish({ kind: 'no answer', why: codeOf(error) }));
  response.on('end', () =>
    finish({ kind: 'text', status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
  );
}

/** GT3: a code or a class of errors, never a message. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
