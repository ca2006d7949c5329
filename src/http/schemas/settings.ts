/**
 * The settings routes as data (contract settings §3). None of them shows a credential.
 *
 * Deliberately not here: what the routes do (routes/settings.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, looseText, tooLarge } from './common.ts';

const tags = ['settings'];
const security = [{ token: [] }];
const count = z.int();
const time = z.string().nullable().openapi({ format: 'date-time', description: 'null: never read' });
const failed = answer(
  'The route failed',
  z.object({ success: z.literal(false), message: z.string(), error: z.string() }),
);

export const pacingFields = { msg_gap: count, enable_batches: count, batches_gap: count, bw_msg_gap: count };

export const cacheBust = createRoute({
  method: 'post',
  path: '/api/cache-bust',
  summary: 'Forgets the settings of one number under all workspaces, or of all; they are read again in the background',
  tags,
  security,
  request: {
    body: { content: { 'application/json': { schema: z.object({ phone: looseText('Empty or null: everything') }) } } },
  },
  responses: apiAnswers({
    200: answer('How many entries went', z.object({ ok: z.literal(true), flushed: count, phone: z.string() })),
    413: tooLarge,
    500: failed,
  }),
});

export const refreshSettings = createRoute({
  method: 'get',
  path: '/api/refresh-settings',
  summary: "Reads the platform's settings again, within 3 s; the last known ones when the app does not answer",
  tags,
  security,
  responses: apiAnswers({
    200: answer(
      'What applies now',
      z.object({
        success: z.literal(true),
        message: z.string(),
        whatsappSettings: z.object({ use_facebook_api: z.boolean(), last_fetched: time }),
        messageSettings: z.object({ ...pacingFields, last_fetched: time }),
      }),
    ),
    500: failed,
  }),
});

export const currentMessageSettings = createRoute({
  method: 'get',
  path: '/api/current-message-settings',
  summary: 'How bulk messages are paced',
  tags,
  security,
  responses: apiAnswers({
    200: answer(
      'Seconds, messages and minutes',
      z.object({
        success: z.literal(true),
        settings: z.object({ ...pacingFields, bw_msg_gap_ms: count, last_fetched: time }),
      }),
    ),
    500: failed,
  }),
});

export const currentSettings = createRoute({
  method: 'get',
  path: '/api/current-settings',
  summary: "The platform's engine; never credentials",
  tags,
  security,
  responses: apiAnswers({
    200: answer(
      'What applies now',
      z.object({
        success: z.literal(true),
        settings: z.object({
          use_facebook_api: z.boolean(),
          has_facebook_credentials: z.boolean(),
          last_fetched: time,
        }),
      }),
    ),
    500: failed,
  }),
});
