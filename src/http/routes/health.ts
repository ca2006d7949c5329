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
import type { AppSettings, CallStats, FlowCounts, Vitals } from '../../actors/protocol.ts';
import type { Clock } from '../../clock.ts';
import { type Declare, reply } from '../declare.ts';
import type { HttpContext } from '../env.ts';
import { iso, isoOrNull } from '../iso.ts';
import { answer } from '../schemas/common.ts';
import { pacingFields } from '../schemas/settings.ts';
import { pacingWords } from './settings.ts';

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
  failedFlowStarts: count.openapi({ description: 'Accepted and come to nothing, since the process began' }),
  activeCooldowns: count,
  connectionLocks: count,
  scheduledMessages: count,
  calls: z.object({
    ...{ live: count, cascade: count, realtime: count },
    setupFailures: count.openapi({ description: 'Failed before anybody talked, since the process began' }),
  }),
  restore: z.object({ done: count, total: count }),
  memoryUsage: z.object({ rss: count, heapTotal: count, heapUsed: count, external: count, arrayBuffers: count }),
  whatsappSettings: z.object({ api: z.enum(['Facebook', 'Baileys']), lastFetched: z.string().nullable() }).optional(),
  messageSettings: z.object({ ...pacingFields, lastFetched: z.string().nullable() }).optional(),
  lastFailedFlowStarts: z
    .array(
      z.object({
        ...{ phone: z.string(), flowId: z.string(), flowSubscriberId: count.optional(), why: z.string() },
        at: z.string().openapi({ format: 'date-time' }),
      }),
    )
    .optional(),
  outbox: z
    .object({
      pending: count,
      deadLetter: count,
      oldest: z.number().nullable(),
      bytes: count,
      room: z.enum(['ok', 'filling', 'full']).openapi({ description: 'full: sends are refused until there is room' }),
    })
    .optional(),
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
  readonly settings: AppSettings;
  /** Jobs that have not ended. */
  readonly scheduled: () => number;
  readonly flows: () => FlowCounts;
  readonly calls: () => CallStats;
  readonly clock: Clock;
  readonly version: string;
  readonly knowsToken: (c: HttpContext) => boolean;
};

export function healthRoutes(
  declare: Declare,
  { vitals, settings, scheduled, flows, calls, clock, version, knowsToken }: HealthRoutes,
): void {
  const startedAt = clock.now();

  declare(root, {}, (c) => {
    const { known, ready, starting } = vitals.counts();
    const counters = { activeClients: known, activeSessions: ready, connectionLocks: starting };
    const { pacing, useCloud } = settings.platform();
    const details = knowsToken(c) && {
      whatsappApi: apiWord(useCloud),
      messageSettings: {
        msg_gap: `${pacing.gap}s`,
        batch_enabled: pacing.inBatches,
        messages_per_batch: pacing.batch,
        batch_gap: `${pacing.pause}min`,
      },
    };
    return reply(c, 200, { message: 'Node Bridge is running', status: 200, version, ...counters, ...details });
  });

  declare(health, {}, (c) => {
    const { known, ready, starting } = vitals.counts();
    const { done, total } = vitals.restore();
    const phase = vitals.phase();
    const now = clock.now();
    const platform = settings.platform();
    const running = flows();
    const details = knowsToken(c) && {
      whatsappSettings: { api: apiWord(platform.useCloud), lastFetched: isoOrNull(platform.engineReadAt) },
      messageSettings: { ...pacingWords(platform), lastFetched: isoOrNull(platform.pacingReadAt) },
      outbox: vitals.outbox(),
      lastFailedFlowStarts: running.lastFailed.map(failedStart),
    };
    const signs = {
      status: phase === 'running' ? ('healthy' as const) : phase,
      uptime: Math.max(0, now - startedAt) / 1000,
      timestamp: new Date(now).toISOString(),
      activeDevices: known,
      readyDevices: ready,
      activeFlowSessions: running.active,
      failedFlowStarts: running.failedStarts,
      activeCooldowns: vitals.cooldowns(),
      connectionLocks: starting,
      scheduledMessages: scheduled(),
      calls: calls(),
      restore: { done, total },
      memoryUsage: process.memoryUsage(),
      ...details,
    };
    return phase === 'draining' ? reply(c, 503, signs) : reply(c, 200, signs);
  });
}

const failedStart = ({ device, flowId, subscriber, why, at }: FlowCounts['lastFailed'][number]) => ({
  ...{ phone: device, flowId, why, at: iso(at) },
  ...(subscriber !== undefined && { flowSubscriberId: subscriber }),
});

const apiWord = (useCloud: boolean) => (useCloud ? ('Facebook' as const) : ('Baileys' as const));
