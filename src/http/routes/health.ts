/**
 * `/` and `/health` (contract README §8), open to everybody.
 *
 *  H1  Without the token: counters only, no digits and no settings (C-09).
 *  H2  `/` always carries `status: 200`: the app's device check reads that field, and takes anything else for a dead bridge.
 *
 * `/health` says `starting` until the restore pass has finished once, then `healthy`; while the bridge drains it says
 * `draining` with HTTP 503, so that a load balancer that reads only the code looks elsewhere.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Vitals } from '../../actors/protocol.ts';
import type { Clock } from '../../clock.ts';
import { type Declare, reply } from '../declare.ts';
import type { HttpContext } from '../env.ts';
import { answer } from '../schemas/common.ts';

/** What applies as long as the app's settings are not asked for: the defaults of contract settings §2. */
const PACING = { msg_gap: 3, enable_batches: 0, batches_gap: 50, bw_msg_gap: 5 } as const;

const count = z.int();
const root = createRoute({
  method: 'get',
  path: '/',
  summary: 'The device check of the app',
  tags: ['operations'],
  responses: {
    200: answer(
      'With the token also engine and pacing',
      z.object({
        message: z.string(),
        status: z.literal(200),
        version: z.string(),
        activeClients: count,
        activeSessions: count,
        connectionLocks: count,
        whatsappApi: z.enum(['Facebook', 'Baileys']).optional(),
        messageSettings: z
          .object({ msg_gap: z.string(), batch_enabled: z.boolean(), messages_per_batch: count, batch_gap: z.string() })
          .optional(),
      }),
    ),
  },
});

const vitalSigns = z.object({
  status: z.enum(['starting', 'healthy', 'draining']),
  uptime: z.number().openapi({ description: 'Seconds' }),
  timestamp: z.string().openapi({ format: 'date-time' }),
  activeDevices: count,
  readyDevices: count,
  activeFlowSessions: count,
  activeCooldowns: count,
  connectionLocks: count,
  scheduledMessages: count,
  restore: z.object({ done: count, total: count }),
  memoryUsage: z.object({ rss: count, heapTotal: count, heapUsed: count, external: count, arrayBuffers: count }),
  whatsappSettings: z.object({ api: z.enum(['Facebook', 'Baileys']), lastFetched: z.string().nullable() }).optional(),
  messageSettings: z
    .object({
      msg_gap: count,
      enable_batches: count,
      batches_gap: count,
      bw_msg_gap: count,
      lastFetched: z.string().nullable(),
    })
    .optional(),
  outbox: z.object({ pending: count, deadLetter: count, oldest: z.number().nullable() }).optional(),
});

const health = createRoute({
  method: 'get',
  path: '/health',
  summary: 'Counters; with the token also settings and outbox',
  tags: ['operations'],
  responses: {
    200: answer('Starting or healthy', vitalSigns),
    503: answer('Draining', vitalSigns),
  },
});

export type HealthRoutes = {
  readonly vitals: Vitals;
  readonly clock: Clock;
  readonly version: string;
  readonly knowsToken: (c: HttpContext) => boolean;
};

export function healthRoutes(declare: Declare, { vitals, clock, version, knowsToken }: HealthRoutes): void {
  const startedAt = clock.now();

  declare(root, {}, (c) => {
    const { known, ready, starting } = vitals.counts();
    const counters = { activeClients: known, activeSessions: ready, connectionLocks: starting };
    const settings = knowsToken(c) && {
      whatsappApi: 'Baileys' as const,
      messageSettings: {
        msg_gap: `${PACING.msg_gap}s`,
        batch_enabled: PACING.enable_batches > 0,
        messages_per_batch: PACING.batches_gap,
        batch_gap: `${PACING.bw_msg_gap}min`,
      },
    };
    return reply(c, 200, { message: 'Node Bridge is running', status: 200, version, ...counters, ...settings });
  });

  declare(health, {}, (c) => {
    const { known, ready, starting } = vitals.counts();
    const { done, total } = vitals.restore();
    const phase = vitals.phase();
    const now = clock.now();
    const settings = knowsToken(c) && {
      whatsappSettings: { api: 'Baileys' as const, lastFetched: null },
      messageSettings: { ...PACING, lastFetched: null },
      outbox: vitals.outbox(),
    };
    const signs = {
      status: phase === 'running' ? ('healthy' as const) : phase,
      uptime: Math.max(0, now - startedAt) / 1000,
      timestamp: new Date(now).toISOString(),
      activeDevices: known,
      readyDevices: ready,
      // Rooms that are not built yet have none of theirs.
      activeFlowSessions: 0,
      activeCooldowns: 0,
      connectionLocks: starting,
      scheduledMessages: 0,
      restore: { done, total },
      memoryUsage: process.memoryUsage(),
      ...settings,
    };
    return phase === 'draining' ? reply(c, 503, signs) : reply(c, 200, signs);
  });
}
