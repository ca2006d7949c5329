/**
 * Ids that the bridge itself allocates.
 * Deliberately not here: job ids (their shapes belong to the scheduler) and ids that an engine's peer gives out.
 */

import { createHash, randomBytes, randomUUID } from 'node:crypto';

/**
 * A WhatsApp message id as WhatsApp Web makes them: `3EB0` and 18 upper-case hex digits (facts/baileys.md §3).
 * Allocated and stored before the send, because acks, receipts and retries are matched by it.
 */
export const newMessageId = (): string => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;

/** The id of what belongs to another message (its second part, its fallback): the same each time, so never sent twice. */
export const derivedMessageId = (id: string, part: string): string =>
  `3EB0${createHash('sha256').update(`${id} ${part}`).digest('hex').slice(0, 18).toUpperCase()}`;

/** Ties a reply to its question, and log lines to one request. */
export const newCorrelationId = (): string => randomUUID();
