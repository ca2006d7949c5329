/**
 * One request to an address that somebody else chose, through the guard (egress.ts).
 *
 *  GR1  The connection goes to an address that was checked (EG3); no redirect is followed, nothing is repeated.
 *  GR2  It ends by its deadline or its signal and never rejects; an answer larger than `largest` counts as none.
 *  GR3  A reason is a code or the guard's own words, never the address.
 */
import { Agent, request } from 'undici';
import { byDeadline, type Clock } from '../clock.ts';
import { errorCode } from '../net.ts';
import { pinned } from './download.ts';
import type { Egress } from './egress.ts';

export type GuardedAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  /** `why` is for the log. */
  | { readonly kind: 'no answer'; readonly why: string };

export type GuardedRequest = {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Bytes. */
  readonly largest: number;
  readonly signal?: AbortSignal;
};

export async function guardedRequest(address: string, options: GuardedRequest): Promise<GuardedAnswer> {
  const { egress, clock, method, headers, body, timeoutMs, largest } = options;
  const deadline = clock.now() + timeoutMs;
  const ended = new AbortController();
  const stop = () => ended.abort();
  const timer = clock.setTimeout(stop, timeoutMs);
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted) stop();
  let dispatcher: Agent | undefined;
  try {
    const checked = await byDeadline(clock, egress.check(address), deadline);
    if (checked === 'late') return { kind: 'no answer', why: 'timeout' };
    if (checked.kind === 'refused') return { kind: 'no answer', why: checked.why };
    ended.signal.throwIfAborted();
    dispatcher = new Agent({ connect: { lookup: pinned(checked.addresses) }, pipelining: 0, maxResponseSize: largest });
    const answer = await request(checked.url.href, {
      dispatcher,
      method,
      headers: { ...headers },
      ...(body !== undefined && { body }),
      signal: ended.signal,
    });
    return { kind: 'answer', status: answer.statusCode, text: await answer.body.text() };
  } catch (thrown) {
    return { kind: 'no answer', why: ended.signal.aborted ? 'timeout' : errorCode(thrown) };
  } finally {
    clock.clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
    await dispatcher?.destroy();
  }
}
