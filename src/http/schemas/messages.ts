/**
 * The send routes as data (contract messages §1, §2).
 *
 * Deliberately not here: which contents can be sent (text-content.ts) and who receives them (recipient.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, looseText, numberAnswers, phoneParam, tooLarge, workspaceQuery } from './common.ts';

const later = (description: string) => z.unknown().optional().openapi({ description });

export const sendMessageBody = z
  .object({
    targetPhoneNumber: looseText('Recipient; everything but digits is ignored'),
    targetJid: looseText('Recipient as `…@s.whatsapp.net`, `…@lid` or `…@g.us`; anything else is ignored'),
    message: looseText('The text'),
    provider: looseText('`baileys`, `waba` or `twilio`; empty or unknown: none'),
    template_type: looseText('Only `carousel` acts'),
    buttons: later('Array or JSON string'),
    carousel_data: later('Array or JSON string'),
    location: later('Object with latitude and longitude'),
  })
  .openapi('SendMessage');

const ids = { id: z.string(), messageId: z.string() };
const failed = z.object({ error: z.string(), details: z.string().optional() });

export const sendMessage = createRoute({
  method: 'post',
  path: '/api/send-message/{phone}',
  summary: 'Send a text; the fields may also lie in `json`',
  tags: ['messages'],
  security: [{ token: [] }],
  request: {
    params: phoneParam,
    query: workspaceQuery,
    headers: z.object({
      'idempotency-key': z.string().max(255).optional().openapi({ description: 'Replays the first answer for 24 h' }),
    }),
    body: { content: { 'application/json': { schema: sendMessageBody } } },
  },
  responses: numberAnswers({
    413: tooLarge,
    200: answer(
      'Sent, or on its way (`pending`)',
      z.object({ message: z.string(), ...ids, jid: z.string(), pending: z.literal(true).optional() }),
    ),
    500: answer('Certainly not sent', failed.extend({ id: z.string().optional(), messageId: z.string().optional() })),
    501: answer('A content or engine that this version cannot send; nothing was sent', failed),
    503: answer('Not connected, or no time left: nothing was sent and nothing will be', failed),
    504: answer('No answer in time; it may or may not arrive', failed.extend({ success: z.literal(false), ...ids })),
  }),
});
