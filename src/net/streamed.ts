/**
 * POSTs whose answers are taken while they come, to a vendor that the operator configured.
 *
 *  ST1  Every call ends by its deadline or its signal, also in the middle of an answer, and never rejects.
 *  ST2  Bytes are handed on as they arrive; only those of a 200 are. No redirect is followed.
 *  ST3  Reasons are statuses and codes: the address and the headers, which carry keys, are in none of them.
 *  ST4  A connection that breaks before the answer begins is made anew once: kept ones may be closed by the other side just
 *       then. Nothing else is repeated.
 *
 * Deliberately not here: what the bytes are.
 */
import { Agent, request } from 'undici';
import type { Clock } from '../clock.ts';
import { errorCode } from '../net.ts';

export type StreamedCall = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly take: (bytes: Uint8Array) => void;
};

/** Undefined: all was taken. */
export type Failure = string | undefined;

export type Streams = {
  readonly post: (call: StreamedCall) => Promise<Failure>;
  readonly close: () => Promise<void>;
};

/** ST4 */
const BROKEN: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Connections are kept for the next call: a reply is heard sooner by the time of a handshake. */
export function streams(clock: Clock): Streams {
  const dispatcher = new Agent({ pipelining: 1, keepAliveTimeout: 4_000 });

  async function post({ url, headers, body, timeoutMs, signal, take }: StreamedCall): Promise<Failure> {
    const ended = new AbortController();
    const stop = () => ended.abort();
    const timer = clock.setTimeout(stop, timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const ask = () =>
      request(url, {
        dispatcher,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal: ended.signal,
      });
    try {
      const answer = await ask().catch((thrown: unknown) => {
        if (!BROKEN.has(errorCode(thrown))) throw thrown;
        return ask();
      });
      if (answer.statusCode !== 200) {
        await answer.body.dump();
        return `HTTP ${answer.statusCode}`;
      }
      for await (const bytes of answer.body as AsyncIterable<Uint8Array>) take(bytes);
      return undefined;
    } catch (thrown) {
      if (signal.aborted) return 'aborted';
      return ended.signal.aborted ? 'timeout' : errorCode(thrown);
    } finally {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  return { post, close: () => dispatcher.destroy() };
}
