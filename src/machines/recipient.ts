/**
 * What may become of one recipient of a job (contract schedules §12): the legal moves, pure.
 *
 *  RM1  Upwards only: sent < delivered < read. What was sent never becomes failed.
 *  RM2  `unknown` (a provider may have it) is never sent again by itself; a receipt may still make it delivered.
 *  RM3  `sending` has its message id already: the linked-device engine repeats it under that id, providers make it `unknown`.
 */

export type RecipientState =
  | 'pending'
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'failed'
  | 'unknown'
  /** Not tried, and not going to be: its job was replaced or cancelled. */
  | 'skipped';

const MOVES: Readonly<Record<RecipientState, readonly RecipientState[]>> = {
  pending: ['sending', 'failed', 'skipped'],
  sending: ['sent', 'failed', 'unknown', 'pending'],
  sent: ['delivered', 'read'],
  delivered: ['read'],
  read: [],
  failed: ['pending'],
  unknown: ['delivered', 'read'],
  skipped: ['pending'],
};

export const mayMove = (from: RecipientState, to: RecipientState): boolean => MOVES[from].includes(to);

/** WhatsApp has it: it is never sent again. */
export const isAccepted = (state: RecipientState): boolean =>
  state === 'sent' || state === 'delivered' || state === 'read';

/** Nothing happens to it any more by itself, but for receipts. */
export const isFinal = (state: RecipientState): boolean => state !== 'pending' && state !== 'sending';
