/** How far a send came and what that means for its result: the words between the steps of send.ts. */
import type { proto } from '@whiskeysockets/baileys';
import type { SendResult } from '../engine.ts';
import { queryCodeOf, textOf } from './translate.ts';

export type Ack =
  | { readonly kind: 'acked' }
  | { readonly kind: 'refused'; readonly code: number }
  /** The socket ended first. */
  | { readonly kind: 'cut' };

type Failure = Extract<SendResult, { kind: 'failed' }>;
/** Over before the stanza was handed over. */
export type Finished = { readonly kind: 'finished'; readonly result: SendResult };
export type Prepared = { readonly kind: 'ready'; readonly to: string; readonly message: proto.IMessage } | Finished;
export type HandedOver = { readonly kind: 'handed over'; readonly to: string } | Finished;

/** Certainly nothing reached the contact. */
export const failed = (id: string, error: string, more: Pick<Failure, 'code' | 'why'> = {}): Finished => ({
  kind: 'finished',
  result: { kind: 'failed', id, error, ...more },
});

/** `encrypted`: the library had begun to encrypt for the contact, so it may have written the stanza too. */
export function ofError(id: string, error: unknown, encrypted: boolean): Finished {
  const code = queryCodeOf(error);
  if (!encrypted || neverWritten(error)) return failed(id, textOf(error), code === undefined ? {} : { code });
  return { kind: 'finished', result: { kind: 'unknown', id, error: textOf(error) } };
}

export function ofAck(ack: Ack, id: string, to: string): SendResult {
  switch (ack.kind) {
    case 'acked':
      return { kind: 'sent', id, to };
    case 'refused':
      return { kind: 'failed', id, code: ack.code, error: `WhatsApp refused the message (${ack.code})` };
    case 'cut':
      return { kind: 'unknown', id, error: 'the connection was lost before WhatsApp acknowledged the message' };
    default:
      return ack satisfies never;
  }
}

/** Thrown by Baileys before it writes: no ciphertext at all, or a socket that is not open. */
function neverWritten(error: unknown): boolean {
  const text = textOf(error);
  return text === 'All encryptions failed' || text === 'Connection Closed';
}
