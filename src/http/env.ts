/**
 * What Hono knows of a request of this bridge: Node's own request below it, and what earlier steps have worked out.
 *
 * Deliberately not here: any behaviour.
 */
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';

export type Body = Readonly<Record<string, unknown>>;

export type BodyRead =
  | { readonly kind: 'read'; readonly body: Body }
  | { readonly kind: 'too large' }
  /** Too much of strangers is under way (strangers.ts). */
  | { readonly kind: 'no room' }
  | { readonly kind: 'malformed'; readonly why: string }
  /** The caller went away or was too slow (server.ts); nobody hears the answer. */
  | { readonly kind: 'cut off' };

/** As it came, not parsed yet. */
export type RawBody = { readonly kind: 'raw'; readonly text: string; readonly parse: (text: string) => BodyRead };

export type HttpEnv = {
  Bindings: {
    /** Missing only when the app is called in-process: such a caller has no address and is never trusted by it. */
    incoming?: IncomingMessage;
  };
  Variables: {
    /** The body's text, until it is parsed. */
    raw?: Promise<RawBody | BodyRead> | undefined;
    /** The body, read at most once per request. */
    body?: Promise<BodyRead>;
    /** Set by the first step (request-id.ts). */
    requestId: string;
    /** The workspace that the caller named (contract clients, head). */
    workspace?: string;
  };
};

export type HttpContext = Context<HttpEnv>;
export type Middleware = MiddlewareHandler<HttpEnv>;
