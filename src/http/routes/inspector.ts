/**
 * The actor inspector over HTTP (issue: seeing it): the page, its live stream, and the machine's chart.
 *
 *  IN1  Stream and chart are for local peers or the token; the page itself holds no data and is open, so that it can ask
 *       for the token.
 *  IN2  The page may talk to this server only and runs its own script only (Content-Security-Policy by hash).
 *
 * Deliberately not here: what may be seen (actors/inspector/tap.ts redacts before anything is kept).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpEnv, Middleware } from '../env.ts';

/** What the routes need of the inspector. */
export interface Inspector {
  /** Server-sent events, a snapshot first; undefined when too many are watching already. */
  watch(): ReadableStream<Uint8Array> | undefined;
  /** States and transitions of the number machine, ready for JSON. */
  readonly chart: object;
}

/** Beside the code that runs: in `src` under tsx, in `dist` after a build, which needs no `src` (scripts/build.js). */
const PAGE = new URL('../console/inspector.html', import.meta.url);

export function inspectorRoutes(app: OpenAPIHono<HttpEnv>, inspector: Inspector, localOrToken: Middleware): void {
  const page = readFileSync(PAGE, 'utf8');
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policyFor(page),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  };
  app.get('/inspector', (c) => c.body(page, 200, headers));
  app.get('/inspector/machine.json', localOrToken, (c) => c.json(inspector.chart));
  app.get('/inspector/stream', localOrToken, (c) => {
    const stream = inspector.watch();
    if (!stream) return c.json({ error: 'Too many inspectors are open' }, 503);
    // Proxies that buffer would hold events back.
    return c.body(stream, 200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
  });
}

function policyFor(page: string): string {
  const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
