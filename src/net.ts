/**
 * Outgoing HTTP connections: the only place that knows undici.
 *
 * Invariants:
 *  N1  connections to one peer are bounded; more requests than that wait for a free one.
 *  N2  an answer larger than the limit is refused, so a broken peer cannot fill the memory.
 *
 * Deliberately not here: deadlines, retries and the meaning of answers (the clients of each peer own them).
 */
import { Agent, fetch as undiciFetch } from 'undici';

/** HTTP client limit of both directions (contract inbound §3). */
const LARGEST_ANSWER = 32 * 1024 * 1024;

export type Connections = {
  readonly fetch: typeof globalThis.fetch;
  /** Closes idle connections and lets running requests end. */
  close(): Promise<void>;
};

/**
 * Kept-alive connections to the app. `connections` bounds them per origin. An idle one is dropped after 4 s, before
 * common servers drop theirs (5 s and up), so that a request rarely meets a connection that is just being closed.
 */
export function appAgent(connections: number): Connections {
  const dispatcher = new Agent({ connections, pipelining: 1, keepAliveTimeout: 4000, maxResponseSize: LARGEST_ANSWER });
  type Init = NonNullable<Parameters<typeof undiciFetch>[1]>;
  const fetch = (input: string, init?: Init) => undiciFetch(input, { ...init, dispatcher });
  return {
    // undici's own types and Node's copy of them differ in name only
    fetch: fetch as unknown as typeof globalThis.fetch,
    close: () => dispatcher.close(),
  };
}
