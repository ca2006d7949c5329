/**
 * What Hono knows of a request of this bridge: Node's own request below it, and what earlier steps have worked out.
 *
 * Deliberately not here: any behaviour.
 */
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import type { BodyRead } from './body.ts';

export type HttpEnv = {
  Bindings: {
    /** Missing only when the app is called in-process: such a caller has no address and is never trusted by it. */
    incoming?: IncomingMessage;
  };
  Variables: {
    /** The body, read at most once per request. */
    body?: Promise<BodyRead>;
    /** The workspace that the caller named (contract clients, head). */
    workspace?: string;
  };
};

export type HttpContext = Context<HttpEnv>;
export type Middleware = MiddlewareHandler<HttpEnv>;
