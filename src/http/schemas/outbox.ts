/**
 * The outbox over HTTP, as data: what waits for the app, what it refused, and catching up after its own outage. Additions
 * to the contract's routes for operators and newer apps.
 *
 * Deliberately not here: what the routes do (routes/outbox.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, tooLarge } from './common.ts';

const tags = ['callbacks'];
const security = [{ token: [] }];
const failed = answer('The route failed', z.object({ ok: z.literal(false), error: z.string() }));
const starting = answer(
  'Shutting down, or still attaching the queues of the numbers: try again in a moment',
  z.object({ error: z.string() }),
);
const time = z.string().openapi({ format: 'date-time' });
const counts = z.record(z.string(), z.int());

/** Of what is asked for in one call. */
const MOST = 500;

/** Cursors are what an earlier answer gave as `next`. */
export const pageQuery = z.object({
  after: z
    .string()
    .regex(/^[0-9a-z]{1,11}$/)
    .optional()
    .openapi({ description: '`next` of an earlier answer; without it from the beginning' }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .default('100')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MOST)
    .openapi({ type: 'integer', description: `1-${MOST}` }),
});

const next = z.string().nullable().openapi({ description: 'Cursor behind the last one' });
const id = z
  .string()
  .openapi({ description: 'Also the `webhook-id` of its POSTs', example: 'evt_hq7c0wkq0w_1f2e3d4c' });

export const getOutbox = createRoute({
  method: 'get',
  path: '/api/outbox',
  summary: 'What the app has not accepted: counts, and the dead letters without their contents',
  tags,
  security,
  request: { query: pageQuery },
  responses: apiAnswers({
    200: answer(
      'Counts of what waits; dead letters oldest first',
      z.object({
        ok: z.literal(true),
        pending: z.int(),
        bytes: z.int().openapi({ description: 'Of the waiting texts; media not counted' }),
        room: z.enum(['ok', 'filling', 'full']).openapi({
          description:
            '`filling`: 80 % of a bound or little disk; `full`: sends are refused, messages stay with WhatsApp',
        }),
        oldest: time.nullable(),
        nextAttempt: time.nullable().openapi({ description: 'null: a request is under way, or nothing waits' }),
        paths: counts,
        numbers: counts,
        complete: z.boolean().openapi({ description: 'false: a start has not attached every number yet' }),
        deadLetters: z.object({
          count: z.int(),
          items: z.array(
            z.object({
              id,
              path: z.string(),
              number: z.string().nullable(),
              acceptedAt: time,
              diedAt: time,
              why: z.string(),
              status: z.int().nullable().openapi({ description: 'HTTP status of the app, when it refused' }),
              answer: z.string().nullable().openapi({ description: 'The start of what the app answered' }),
            }),
          ),
          next,
          more: z.boolean(),
        }),
      }),
    ),
    500: failed,
  }),
});

export const replayOutbox = createRoute({
  method: 'post',
  path: '/api/outbox/replay',
  summary: 'Put dead letters back into their places; on disk before the answer',
  tags,
  security,
  request: {
    body: {
      content: {
        'application/json': {
          schema: z
            .object({
              ids: z
                .array(z.string().regex(/^evt_[0-9a-z]{1,11}_[0-9a-f]{8}$/))
                .min(1)
                .max(1000)
                .optional(),
              path: z
                .string()
                .regex(/^\/api\/[\w/-]{1,100}$/)
                .optional(),
              number: z
                .string()
                .regex(/^\+?[0-9]{6,20}$/)
                .optional(),
              all: z.literal(true).optional(),
            })
            .refine(({ all, ids, path, number }) => {
              const some = ids !== undefined || path !== undefined || number !== undefined;
              return all === true ? !some : some;
            })
            .openapi({ description: '`all` alone, or what must hold: `ids`, `path`, `number`' }),
        },
      },
    },
  },
  responses: apiAnswers({
    200: answer('How many were put back', z.object({ ok: z.literal(true), replayed: z.int() })),
    413: tooLarge,
    500: failed,
    503: starting,
  }),
});

const body = z.record(z.string(), z.unknown());

export const getEvents = createRoute({
  method: 'get',
  path: '/api/events',
  summary:
    'What the app has not accepted, with contents, in order of acceptance: to catch up after an outage of its own',
  description:
    'Reading accepts nothing: every event is also posted, under the same id as `webhook-id`, so repeats can be removed. ' +
    'Media of up to 64 KiB are in the body as `media_base64`; larger ones only come with their POST.',
  tags,
  security,
  request: { query: pageQuery },
  responses: apiAnswers({
    200: answer(
      'One page; `next` goes on from there, now or later',
      z.object({
        ok: z.literal(true),
        events: z.array(
          z.object({
            id,
            path: z.string(),
            body,
            at: time.openapi({ description: 'When the bridge accepted it' }),
            state: z.enum(['waiting', 'refused']),
            also: z.object({ id, path: z.string(), body }).optional(),
            media: z.object({ bytes: z.int().nullable(), inlined: z.boolean() }).optional(),
          }),
        ),
        next,
        more: z.boolean(),
      }),
    ),
    500: failed,
    503: starting,
  }),
});
