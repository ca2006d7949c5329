/**
 * Jobs for people and consoles, as data: progress, and who got what. Additions to the contract's routes.
 *
 * Deliberately not here: what the routes do (routes/jobs.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers } from './common.ts';
import { statusWords } from './job-records.ts';
import { bridgeId, idParam, orMissing, security } from './registrations.ts';

const tags = ['jobs'];
const ok = z.literal(true);
const failed = answer('The route failed', z.object({ ok: z.literal(false), error: z.string() }));
const time = z.string().openapi({ format: 'date-time' });
const count = z.int();

/** Of what is asked for in one call. */
const MOST = 500;

const whole = (fallback: number, from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .default(String(fallback))
    .transform(Number)
    .refine((value) => value >= from && value <= to)
    .openapi({ type: 'integer', description: `${from}-${to}` });

export const jobsQuery = z.object({
  sender: z
    .string()
    .regex(/^\+?[0-9]{6,20}$/)
    .optional()
    .openapi({ description: 'Digits of the number; without it all numbers' }),
  state: z.enum(['active', 'paused', 'held', 'ended']).optional(),
  limit: whole(100, 1, MOST),
});

export const recipientsQuery = z.object({ offset: whole(0, 0, 999_999_999), limit: whole(100, 1, MOST) });

const job = z
  .object({
    id: z.string(),
    kind: z.enum(['single', 'bulk', 'recurring', 'broadcast', 'campaign']),
    appId: z.number().nullable().openapi({ description: 'The app’s id of the schedule, broadcast or campaign' }),
    sender: z.string(),
    state: z.enum(['active', 'paused', 'held', 'ended']),
    status: statusWords,
    running: z.boolean().openapi({ description: 'A run has begun and is not closed' }),
    reason: z.string().nullable(),
    waits: z
      .object({ why: z.string(), until: time.nullable() })
      .nullable()
      .openapi({ description: 'Why nothing leaves at the moment' }),
    zone: z.string(),
    createdAt: time,
    scheduledFor: z.string(),
    nextAt: time.nullable(),
    lastRunAt: time.nullable(),
    endedAt: time.nullable(),
    runs: count,
    totals: z.object({
      total: count,
      pending: count,
      sent: count.openapi({ description: 'Delivered and read ones included' }),
      delivered: count,
      read: count,
      failed: count,
      unknown: count,
      skipped: count,
    }),
    rate: z.number().nullable().openapi({ description: 'Messages per minute of the open run' }),
    finishAt: time.nullable().openapi({ description: 'When the open run is expected to be through' }),
  })
  .openapi('Job');

export const listJobs = createRoute({
  method: 'get',
  path: '/api/jobs',
  summary: 'Jobs of one number or all, newest first; ended ones for 7 days',
  tags,
  security,
  request: { query: jobsQuery },
  responses: apiAnswers({
    200: answer('`count`: how many there are, shown or not', z.object({ ok, count, jobs: z.array(job) })),
    500: failed,
  }),
});

export const getJob = createRoute({
  method: 'get',
  path: '/api/jobs/{id}',
  summary: 'One job, and a page of the recipients of its newest run',
  tags,
  security,
  request: { params: idParam('id', bridgeId), query: recipientsQuery },
  responses: apiAnswers(
    orMissing({
      200: answer(
        'Recipients in the order in which they were listed',
        z.object({
          ok,
          job,
          recipients: z.array(
            z.object({
              phone: z.string(),
              contactId: z.number().nullable(),
              name: z.string(),
              state: z.enum(['pending', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown', 'skipped']),
              variant: z.enum(['A', 'B']).nullable(),
              messageId: z.string().nullable(),
              error: z.string().nullable(),
              notBefore: time.nullable(),
              sentAt: time.nullable(),
              deliveredAt: time.nullable(),
              readAt: time.nullable(),
            }),
          ),
          offset: count,
          more: z.boolean(),
        }),
      ),
      500: failed,
    }),
  ),
});
