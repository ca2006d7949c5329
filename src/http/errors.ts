/**
 * Answers that no single route owns: unknown paths, faults, and refusing work while the process is going down.
 *
 *  ER1  What went wrong inside is for the log; the caller gets a generic text (contract README §1, C-08).
 *
 * Deliberately not here: the 500 bodies of single routes (declare.ts).
 */
import type { Context } from 'hono';
import type { Vitals } from '../actors/protocol.ts';
import type { Log } from '../log.ts';
import type { HttpEnv, Middleware } from './env.ts';

/** What `details` says when a route failed for a reason that is not the caller's business. */
export const INTERNAL = 'Internal error; the log of the bridge has the reason';

export const notFound = (c: Context<HttpEnv>): Response => c.json({ error: 'Not Found' }, 404);

export const unhandled =
  (log: Log) =>
  (error: Error, c: Context<HttpEnv>): Response => {
    const requestId = c.get('requestId');
    log.error({ err: error, method: c.req.method, requestId }, 'a request failed outside its route');
    return c.json({ error: 'Internal Server Error', message: INTERNAL, requestId }, 500);
  };

/** Under `/api` while draining: status polls too, because numbers that are being closed would read as disconnected. */
export function refuseWhileDraining(vitals: Vitals): Middleware {
  return async function refuseWhileDraining(c, next) {
    return vitals.phase() === 'draining' ? c.json({ error: 'Shutting down' }, 503) : next();
  };
}
