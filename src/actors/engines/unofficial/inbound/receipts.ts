/**
 * Receipt stanzas of recipients -> receipts of our messages. Matched by id alone: the server addresses them by phone or
 * by LID as it likes (facts/baileys §1 rule 1), and the sent index knows which ids are ours.
 *
 * Read from the stanza, not from `messages.update`: Baileys' event buffer may hold that back for seconds and merge it
 * into another event (facts/baileys §9.1).
 */
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Receipt } from '../../../../machines/receipt.ts';

/** No type means delivered. Others (`retry`, `sender`, `read-self`, `server-error`…) are no recipient's receipt. */
const RECEIPTS: ReadonlyMap<string | undefined, Receipt> = new Map<string | undefined, Receipt>([
  [undefined, 'delivered'],
  ['inactive', 'delivered'],
  ['read', 'read'],
  ['played', 'played'],
]);

/** Epoch seconds beyond which JavaScript has no dates. */
const END_OF_TIME = 8.64e12;

export type MessageReceipts = {
  readonly ids: readonly string[];
  readonly receipt: Receipt;
  readonly at: number | undefined;
};

/** `at`: epoch milliseconds, when the stanza says so. Undefined: not a receipt that anybody is told of. */
export function receiptsOf({ attrs, content }: BinaryNode): MessageReceipts | undefined {
  const receipt = RECEIPTS.get(attrs['type']);
  // `recipient` is set on receipts of our own other devices.
  if (!receipt || !attrs['id'] || attrs['recipient'] !== undefined) return undefined;
  const list = Array.isArray(content) ? content.find(({ tag }) => tag === 'list') : undefined;
  const items = Array.isArray(list?.content) ? list.content : [];
  const more = items.map((item) => item.attrs['id']).filter((id) => id !== undefined);
  const seconds = Number(attrs['t']);
  return {
    ids: [attrs['id'], ...more],
    receipt,
    at: seconds > 0 && seconds < END_OF_TIME ? seconds * 1_000 : undefined,
  };
}
