/**
 * `GET /metrics`: figures for Prometheus. An addition to the contract's routes.
 *
 *  ME1  With the strict token only: counts of sends and waiting callbacks are nobody else's business.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Declare } from '../declare.ts';
import type { Middleware } from '../env.ts';
import { answer, merge } from '../schemas/common.ts';

/** What the route needs of `src/metrics.ts`. */
export type MetricsText = { readonly contentType: string; text(): Promise<string> };

const unauthorized = answer('No valid token', z.object({ ok: z.literal(false), error: z.literal('unauthorized') }));

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  summary: 'Figures in Prometheus text format',
  tags: ['operations'],
  security: [{ token: [] }],
  responses: merge(
    { 401: unauthorized },
    { 200: { description: 'Prometheus text', content: { 'text/plain': { schema: z.string() } } } },
  ),
});

export function metricsRoutes(declare: Declare, metrics: MetricsText, strict: Middleware): void {
  declare(metricsRoute, { before: [strict] }, async (c) =>
    c.text(await metrics.text(), 200, { 'Content-Type': metrics.contentType }),
  );
}
