/**
 * What operators ask and set, as data: why a number is down, and which WhatsApp Web version it announces. Additions to
 * the contract's routes; no app calls them.
 *
 * Deliberately not here: what the routes do (routes/operator.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, looseText, numberAnswers, phoneParam, tooLarge, workspaceQuery } from './common.ts';

const tags = ['operations'];
const security = [{ token: [] }];
const failed = answer('The route failed', z.object({ ok: z.literal(false), error: z.string() }));
const time = z.string().openapi({ format: 'date-time' });

export const clientHistory = createRoute({
  method: 'get',
  path: '/api/client-history/{phone}',
  summary: 'The last 200 moves of a number with their causes, oldest first; empty for an unknown one',
  tags,
  security,
  request: { params: phoneParam, query: workspaceQuery },
  responses: numberAnswers({
    200: answer(
      'What happened, why, and what follows',
      z.object({
        phoneNumber: z.string(),
        history: z.array(
          z.object({
            at: time,
            state: z.enum(['disconnected', 'restoring', 'connecting', 'qr', 'pairing', 'connected']),
            cause: z.string(),
            code: z.int().optional().openapi({ description: 'Close code (contract clients §6.2)' }),
            next: z.enum(['reconnect', 'restart', 'start', 'pair']).optional().openapi({
              description: '`reconnect` and `restart` happen by themselves; `start` and `pair` are for somebody to do',
            }),
            nextAt: time.optional(),
          }),
        ),
        limits: z
          .array(z.object({ code: z.int(), why: z.string(), at: time, until: time }))
          .openapi({ description: 'What WhatsApp does not let the number do now; believed until then at most' }),
      }),
    ),
    500: failed,
  }),
});

const version = z.string().openapi({ example: '2.3000.1015901307' });
const versions = answer(
  'Set for a number, else `all`, else `latest`, else `default`',
  z.object({
    ok: z.literal(true),
    default: version,
    latest: z.object({ version, at: time }).nullable(),
    all: version.nullable(),
    numbers: z.record(z.string(), version),
  }),
);

export const getWhatsAppVersion = createRoute({
  method: 'get',
  path: '/api/whatsapp-version',
  summary: 'The WhatsApp Web versions that numbers announce',
  tags,
  security,
  responses: apiAnswers({ 200: versions, 500: failed }),
});

export const setWhatsAppVersion = createRoute({
  method: 'post',
  path: '/api/whatsapp-version',
  summary: 'Announce another WhatsApp Web version from the next connect on, for one number or for all',
  tags,
  security,
  request: {
    body: {
      content: {
        'application/json': {
          schema: z.object({
            version: z
              .string()
              .regex(/^\s*\d{1,6}\s*[.,]\s*\d{1,6}\s*[.,]\s*\d{1,12}\s*$/)
              .nullable()
              .openapi({ description: 'Three numbers; null takes the setting back', example: '2.3000.1015901307' }),
            phone: looseText('Only for this number; empty: for all'),
          }),
        },
      },
    },
  },
  responses: apiAnswers({ 200: versions, 413: tooLarge, 500: failed }),
});
