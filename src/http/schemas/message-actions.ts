/**
 * Acting on a message that is already there, as data (contract messages §6).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, loose, looseFlag, looseText } from './common.ts';
import { recipientFields, sendAnswers, sendRequest } from './sends.ts';

const common = { method: 'post' as const, tags: ['message actions'], security: [{ token: [] }] };

const targetFields = {
  ...recipientFields,
  targetMessageId: looseText('The message acted on'),
  fromMe: looseFlag('It was sent by this number'),
};
const done = sendAnswers({ ok: z.literal(true) });

export const sendReaction = createRoute({
  ...common,
  path: '/api/send-reaction/{phone}',
  summary: 'React to a message, or take the reaction back',
  request: sendRequest(
    z
      .object({
        ...targetFields,
        targetMessageId: looseText('Empty: the newest own message of the chat'),
        emoji: looseText('Empty takes the reaction back'),
      })
      .openapi('SendReaction'),
  ),
  responses: { ...done, 404: answer('Nothing to react to', z.object({ error: z.string() })) },
});

export const pinMessage = createRoute({
  ...common,
  path: '/api/pin-message/{phone}',
  summary: 'Pin a message in its chat, or unpin it',
  request: sendRequest(
    z
      .object({
        ...targetFields,
        pin: looseFlag('False unpins'),
        duration: loose('Seconds: 86400, 604800 (default) or 2592000'),
      })
      .openapi('PinMessage'),
  ),
  responses: done,
});

export const starMessage = createRoute({
  ...common,
  path: '/api/star-message/{phone}',
  summary: 'Star a message, or unstar it',
  request: sendRequest(z.object({ ...targetFields, star: looseFlag('False unstars') }).openapi('StarMessage')),
  responses: { ...done, 200: answer('Starred', z.object({ ok: z.literal(true) })) },
});

export const editMessage = createRoute({
  ...common,
  path: '/api/edit-message/{phone}',
  summary: 'Change the text of an own message',
  request: sendRequest(z.object({ ...targetFields, newText: looseText('The new text') }).openapi('EditMessage')),
  responses: done,
});

export const deleteMessage = createRoute({
  ...common,
  path: '/api/delete-message/{phone}',
  summary: 'Delete a message for everyone',
  request: sendRequest(z.object(targetFields).openapi('DeleteMessage')),
  responses: done,
});
