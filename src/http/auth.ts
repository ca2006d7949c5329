/**
 * Who may call (contract README §2): the token, or under stricter and stricter conditions a loopback peer.
 *
 *  A1  Tokens are compared in constant time over equal-length digests; an empty token on either side never matches (C-07).
 *  A2  Trust by address needs a loopback peer without forwarding header, a loopback or own `Host`, and no foreign
 *      `Origin` (C-02): a web page that the operator visits cannot drive the bridge.
 *  A3  Strict routes take the token from the header only and accept no address once a token is configured.
 *      Some let the token come in the body too (`strictOrBody`).
 *  A4  The query string is never a source of tokens; it ends up in logs and histories.
 *
 *  A5  Who presents wrong tokens again and again gets 429 (failed-tokens.ts); a right one is always admitted.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { noRoom } from './declare.ts';
import type { HttpContext, Middleware } from './env.ts';
import { FailedTokens } from './failed-tokens.ts';
import { hostName, isLocalPeer, isLoopbackName } from './peer.ts';
import { Strangers } from './strangers.ts';

/** `NODE_API_AUTH`; undefined means: as `token` when one is configured, else the development rule. */
export type AuthMode = 'token' | 'loopback' | 'off' | undefined;

export type AuthOptions = {
  readonly mode: AuthMode;
  /** The shared secret; `''` when none is configured. */
  readonly token: string;
  /** The bridge's own base URL (`DOMAIN_NAME`), when it has one. */
  readonly ownUrl: string | undefined;
  readonly originAllowed: (origin: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
};

type Verdict = 'allowed' | 'unauthorized' | 'forbidden origin';

export type Auth = {
  /** For every path under `/api`. */
  readonly guard: Middleware;
  /** In addition, for the routes marked T. */
  readonly strict: Middleware;
  /** For those of them that take `node_token` of the body as well. */
  readonly strictOrBody: Middleware;
  /** For the inspector: the token in the header, or a local peer in every mode. */
  readonly localOrToken: Middleware;
  /** Did the caller prove that it knows the token? Decides how much `/` and `/health` tell. */
  readonly knowsToken: (c: HttpContext) => boolean;
  /** What the operator should read at start, when everybody or every local program is let in. */
  readonly warning: string | undefined;
};

export function createAuth(options: AuthOptions): Auth {
  const mode = options.mode ?? (options.token === '' ? 'development' : 'token');
  const matches = tokenMatcher(options.token);
  const ownHost = options.ownUrl === undefined ? undefined : new URL(options.ownUrl).hostname;

  const knowsToken = (c: HttpContext): boolean => matches(c.req.header('x-node-token'));

  const byAddress = (c: HttpContext): Verdict => {
    if (!isLocalPeer(c)) return 'unauthorized';
    const host = hostName(c.req.header('host'));
    const origin = c.req.header('origin');
    const hostIsOurs = host !== undefined && (isLoopbackName(host) || host === ownHost);
    return hostIsOurs && (origin === undefined || options.originAllowed(origin)) ? 'allowed' : 'forbidden origin';
  };

  const strangers = new Strangers();

  const tokenOfBody = async (c: HttpContext): Promise<string | undefined> => {
    const given = await strangers.field(c, 'node_token');
    return typeof given === 'string' ? given : undefined;
  };

  const byBody = async (c: HttpContext): Promise<boolean> =>
    options.token !== '' && !c.req.header('x-node-token') && matches(await tokenOfBody(c));

  const admit = async (c: HttpContext): Promise<Verdict> => {
    if (mode === 'off' || knowsToken(c)) return 'allowed';
    const verdict = mode === 'token' ? 'unauthorized' : byAddress(c);
    return verdict === 'allowed' || (await byBody(c)) ? 'allowed' : verdict;
  };

  const failed = new FailedTokens(options.clock, options.log);

  const refuse = async (c: HttpContext, verdict: Exclude<Verdict, 'allowed'>): Promise<Response> => {
    if (verdict === 'forbidden origin') return c.json({ ok: false, error: 'forbidden_origin' }, 403);
    // A5 counts tokens, not callers without any: an older app that sends none is not guessing.
    const guessed = c.req.header('x-node-token') || (await tokenOfBody(c));
    if ((await c.get('body'))?.kind === 'no room') return c.json(noRoom.body, noRoom.status, { 'Retry-After': '1' });
    const seconds = guessed ? failed.note(c.env?.incoming?.socket.remoteAddress ?? '') : undefined;
    if (seconds === undefined) return c.json({ ok: false, error: 'unauthorized' }, 401);
    return c.json({ ok: false, error: 'too_many_failures' }, 429, { 'Retry-After': String(seconds) });
  };

  return {
    guard: async function guard(c, next) {
      const verdict = await admit(c);
      return verdict === 'allowed' ? next() : refuse(c, verdict);
    },
    strict: async function strict(c, next) {
      const verdict = knowsToken(c) ? 'allowed' : options.token === '' ? byAddress(c) : 'unauthorized';
      return verdict === 'allowed' ? next() : refuse(c, verdict);
    },
    strictOrBody: async function strictOrBody(c, next) {
      const known = knowsToken(c) || (await byBody(c));
      const verdict = known ? 'allowed' : options.token === '' ? byAddress(c) : 'unauthorized';
      return verdict === 'allowed' ? next() : refuse(c, verdict);
    },
    localOrToken: async function localOrToken(c, next) {
      const verdict = knowsToken(c) ? 'allowed' : byAddress(c);
      return verdict === 'allowed' ? next() : refuse(c, verdict);
    },
    knowsToken,
    warning: warningFor(mode),
  };
}

function warningFor(mode: 'token' | 'loopback' | 'off' | 'development'): string | undefined {
  switch (mode) {
    case 'token':
    case 'loopback':
      return undefined;
    case 'off':
      return 'NODE_API_AUTH=off: everybody who reaches the port may use every number';
    case 'development':
      return 'NODE_WEBHOOK_TOKEN is not set: only programs on this machine may use the API';
    default:
      return mode satisfies never;
  }
}

/** A1. Digests have one length, so neither length nor content of the secret shows in the time taken. */
function tokenMatcher(expected: string): (given: string | undefined) => boolean {
  const digest = (token: string) => hash('sha256', token, 'buffer');
  const wanted = digest(expected);
  return (given) => given !== undefined && given !== '' && expected !== '' && timingSafeEqual(digest(given), wanted);
}
