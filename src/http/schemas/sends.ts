/**
 * What every send route has in common in the document: recipient, header, answers (contract messages §1.1-§1.4).
 *
 * Deliberately not here: fields and literals of single routes.
 */
import { z } from '@hono/zod-openapi';
import { answer, looseText, numberAnswers, phoneParam, tooLarge, workspaceQuery } from './common.ts';

export const recipientFields = {
  targetPhoneNumber: looseText('Recipient; everything but digits is ignored'),
  targetJid: looseText('Recipient as `…@s.whatsapp.net`, `…@lid` or `…@g.us`; anything else is ignored'),
};

export const provider = looseText('`baileys`, `waba` or `twilio`; empty or unknown: what the settings say');

const ids = { id: z.string(), messageId: z.string() };
const failed = z.object({ error: z.string(), details: z.string().optional(), success: z.literal(false).optional() });
const mayHaveId = { id: z.string().optional(), messageId: z.string().optional() };

/** 200 and everything that can keep a send from it. `literals`: what the route's own success contains. */
export const sendAnswers = <T extends z.ZodRawShape>(literals: T) =>
  numberAnswers({
    413: tooLarge,
    200: answer(
      'Sent, or on its way (`pending`)',
      z.union([
        z.object({ ...literals, ...ids, pending: z.literal(true).optional() }),
        // Cloud API and Twilio (contract messages §1.3).
        z.object({ success: z.literal(true), message: z.string().optional(), ...ids }),
      ]),
    ),
    422: answer('The engine that was asked for or is set has no complete credentials; nothing was sent', failed),
    500: answer('Certainly not sent', failed.extend({ ...mayHaveId, errorCode: z.int().optional() })),
    503: answer(
      'Not connected, or no time left: nothing was sent and nothing will be; Retry-After where the next try is known',
      failed,
    ),
    504: answer(
      'No answer in time; it may or may not arrive',
      failed.extend({ success: z.literal(false), ...mayHaveId }),
    ),
  });

/** A POST under `/api` with the sending number in its path. */
export const sendRequest = <B extends z.ZodType>(body: B) => ({
  params: phoneParam,
  query: workspaceQuery,
  headers: z.object({
    'idempotency-key': z.string().max(255).optional().openapi({ description: 'Replays the first answer for 24 h' }),
  }),
  body: { content: { 'application/json': { schema: body } } },
});
