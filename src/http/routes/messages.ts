/**
 * Single sends (contract messages §1, §2): request → recipient and content → the number's lane → answer.
 *
 *  ME1  Every outcome of a send has its own answer: what certainly failed is 500 or 503, what may have left is 504 or
 *       200 with `pending`, and only the first kind may be repeated by a caller.
 *  ME2  Whenever a message id exists, it is answered as `id` and `messageId` (C-24).
 *
 * Deliberately not here: waiting for readiness, the queue and the deadline itself (actors/lane.ts).
 */
import type { Numbers } from '../../actors/protocol.ts';
import type { Clock } from '../../clock.ts';
import { type Declare, reply } from '../declare.ts';
import { recipientOf } from '../recipient.ts';
import { sendMessage } from '../schemas/messages.ts';
import { textContent } from '../text-content.ts';

export type MessageRoutes = {
  readonly numbers: Numbers;
  readonly clock: Clock;
  /** `SEND_ANSWER_DEADLINE_MS`. */
  readonly answerMs: number;
};

export function messageRoutes(declare: Declare, { numbers, clock, answerMs }: MessageRoutes): void {
  const failure = (details: string) => ({ error: 'ERROR SENDING MESSAGE', details });
  declare(sendMessage, { wrapped: true, failure }, async (c) => {
    const deadline = clock.now() + answerMs;
    const body = c.req.valid('json');
    const to = recipientOf(body.targetJid, body.targetPhoneNumber);
    if (to === undefined) return reply(c, 400, { error: 'Recipient missing' });
    const content = textContent(body);
    if (content.kind === 'invalid') return reply(c, 400, { error: content.why });
    if (content.kind === 'unsupported') {
      return reply(c, 501, { error: `Not supported by this version: ${content.what}. Nothing was sent.` });
    }
    const key = c.req.header('idempotency-key') ?? '';
    if (!/^[\x21-\x7e]{0,255}$/.test(key)) return reply(c, 400, { error: 'Invalid Idempotency-Key' });
    const from = c.req.valid('param').phone;
    const answer = await numbers.send({ from, to, content, deadline, ...(key !== '' && { idempotencyKey: key }) });
    switch (answer.kind) {
      case 'sent':
      case 'pending': {
        const { id, to: jid, kind } = answer;
        const pending = kind === 'pending' ? ({ pending: true } as const) : {};
        return reply(c, 200, { message: 'MESSAGE SENT SUCCESSFULLY', id, messageId: id, jid, ...pending });
      }
      case 'failed': {
        const { id, code, error } = answer;
        const details = code === undefined ? error : `${error} (${code})`;
        return reply(c, 500, { error: 'SEND THREW', details, id, messageId: id });
      }
      case 'unknown': {
        const { id, error: details } = answer;
        const error = 'baileys did not answer in time; outcome unknown';
        return reply(c, 504, { success: false, error, details, id, messageId: id });
      }
      case 'not ready':
        return reply(c, 503, { error: 'CLIENT NOT READY', details: answer.why });
      case 'timed out':
        return reply(c, 503, { error: 'SEND TIMED OUT', details: answer.why });
      default:
        return answer satisfies never;
    }
  });
}
