/**
 * Buttons, lists and cards that WhatsApp refuses: said once more as ordinary messages.
 *
 *  RF1  Only after an error ack, which means that they reached nobody, and only when it is about the content; also when
 *       their upload had been answered as `pending`.
 *  RF2  The parts have ids of their own that follow from the refused one's, so a repeat of the send never doubles them.
 *  RF3  The first part's result is the send's. The others follow in order while it goes well, without a caller's deadline.
 *
 * Deliberately not here: which parts there are (outgoing/plain-parts.ts).
 */
import { proto } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';
import { derivedMessageId } from '../../../ids.ts';
import type { Log } from '../../../log.ts';
import type { SentIndex } from '../../sent-index.ts';
import type { SendCommand, SendResult } from '../engine.ts';
import { isInteractive } from './outgoing/compose.ts';
import { type PlainPart, plainParts } from './outgoing/plain-parts.ts';

/** Refusals of the account or of its pace: other words would fare no better. */
const NOT_ABOUT_CONTENT = [401, 403, 429, 463];
/** For each part that no caller waits for. */
const FOLLOW_UP_MS = 60_000;

type Refusable = Omit<SendCommand, 'from'>;

export type RefusedOptions = {
  readonly sent: Pick<SentIndex, 'get'>;
  readonly send: (part: Omit<Refusable, 'content'> & PlainPart) => Promise<SendResult>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onFailure: (error: unknown) => void;
};

/** `sending`'s result, or that of the first ordinary message in its place. */
export async function orPlainly(
  { id, to, content, deadline, origin }: Refusable,
  sending: Promise<SendResult>,
  { sent, send, clock, log, onFailure }: RefusedOptions,
): Promise<SendResult> {
  const result = await sending;
  if (result.kind !== 'failed' || !isInteractive(content)) return result;
  if (result.code === undefined || NOT_ABOUT_CONTENT.includes(result.code)) return result;
  log.warn({ messageId: id, code: result.code, content: content.kind }, 'refused as it is, sent as ordinary messages');
  const bytes = sent.get(id)?.message;
  const [first, ...rest] = plainParts(content, bytes && proto.Message.decode(bytes));
  if (first === undefined) return result;
  const order = { to, deadline, ...(origin && { origin }) };
  const said = await send({ ...order, ...first, id: derivedMessageId(id, 'text') });
  const follow = async () => {
    let last = said;
    for (const [index, part] of rest.entries()) {
      if (last.kind !== 'sent' && last.kind !== 'pending') {
        log.warn({ messageId: id, result: last.kind }, 'the rest of a refused message was not sent');
        return;
      }
      const unhurried = { ...order, deadline: clock.now() + FOLLOW_UP_MS };
      last = await send({ ...unhurried, ...part, id: derivedMessageId(id, `text ${index + 2}`) });
    }
  };
  follow().catch(onFailure);
  return said;
}
