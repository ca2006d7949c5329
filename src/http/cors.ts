/**
 * Which web pages may read answers of this bridge (contract README §1, CORS).
 *
 *  CO1  An origin that is not on the list gets no CORS header at all, also when the list is empty.
 *  CO2  Preflights never reach the guard or a route.
 *
 * Deliberately not here: refusing a request for its origin. That is for callers trusted by address (auth.ts); a caller
 * with the token is no browser attack.
 */
import type { Middleware } from './env.ts';

const EXTENSIONS = ['chrome-extension://', 'moz-extension://'];
const LOCAL_PAGE = /^https?:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/;
const METHODS = 'GET, POST, PUT, DELETE';
const HEADERS = 'Content-Type, Authorization, X-Node-Token, X-Requested-With';

/**
 * @param appUrl the app's base URL (`APP_DOMAIN_NAME`).
 * @param listed further origins (`ALLOWED_ORIGINS`); entries that are no URL match nothing.
 */
export function originPolicy(appUrl: string, listed: readonly string[]): (origin: string) => boolean {
  const urls = [appUrl, ...listed].filter((url) => URL.canParse(url)).map((url) => new URL(url));
  // Other schemes have the opaque origin `null`, which a sandboxed frame of any page can send.
  const allowed = new Set(urls.filter(({ protocol }) => /^https?:$/.test(protocol)).map(({ origin }) => origin));
  return (origin) =>
    allowed.has(origin) || LOCAL_PAGE.test(origin) || EXTENSIONS.some((scheme) => origin.startsWith(scheme));
}

export function cors(originAllowed: (origin: string) => boolean): Middleware {
  return async function cors(c, next) {
    const origin = c.req.header('origin');
    const allowed = origin !== undefined && originAllowed(origin);
    if (origin !== undefined) c.header('Vary', 'Origin');
    if (allowed) c.header('Access-Control-Allow-Origin', origin);
    if (c.req.method !== 'OPTIONS') return next();
    if (origin !== undefined && !allowed) return c.json({ ok: false, error: 'forbidden_origin' }, 403);
    if (allowed) {
      c.header('Access-Control-Allow-Methods', METHODS);
      c.header('Access-Control-Allow-Headers', HEADERS);
      c.header('Access-Control-Max-Age', '600');
    }
    return c.body(null, 204);
  };
}
