/**
 * Shared contact cards: name, phone by the first TEL line, and the card itself (contract inbound §4).
 *
 *  IK4  Each card is an event of its own, so their number is bounded: one of two bytes would become a row of hundreds.
 */
import type { proto } from '@whiskeysockets/baileys';
import type { InboundContent } from '../../../../app-client/inbound-content.ts';

/** As many as a phone lets its owner choose. */
const MAX_CARDS = 257;

/** The cards of a message, in order; empty for other kinds. What is over IK4 is said as a text. */
export function readContacts({ contactMessage, contactsArrayMessage }: proto.IMessage): InboundContent[] {
  const cards = contactMessage ? [contactMessage] : (contactsArrayMessage?.contacts ?? []);
  const told = cards.slice(0, MAX_CARDS).map(readCard);
  const more = cards.length - told.length;
  return more > 0 ? [...told, { kind: 'text', text: `[${more} more contacts]` }] : told;
}

function readCard({ displayName, vcard }: proto.Message.IContactMessage): InboundContent {
  const phone = phoneOf(vcard ?? '');
  return { kind: 'contact', name: displayName || nameOf(vcard ?? '') || phone, phone, vcard: vcard ?? '' };
}

/** `TEL;type=CELL;waid=5511…:+55 11 …`, possibly in a group (`item1.TEL`). */
function phoneOf(vcard: string): string {
  const [, parameters = '', value = ''] = /^(?:\w+\.)?TEL([^:\n]*):([^\r\n]*)/im.exec(vcard) ?? [];
  return value.trim() || (/waid=(\d+)/i.exec(parameters)?.[1] ?? '');
}

const nameOf = (vcard: string): string => /^FN[^:\n]*:([^\r\n]*)/im.exec(vcard)?.[1]?.trim() ?? '';
