/**
 * Sub-path hosting: one leading `/node` segment is removed before routing (contract README §1).
 *
 * PX1  Guard and routes see the same path, so no spelling of a path reaches a route around the guard.
 */
import { getPath } from 'hono/utils/url';

/** The path that routing sees: decoded once by Hono's rules (`%2f` stays encoded), without one leading `/node`. */
export function routingPath(request: Request): string {
  const path = getPath(request);
  if (path === '/node') return '/';
  return path.startsWith('/node/') ? path.slice('/node'.length) : path;
}
