/** Shared contact cards: name, phone by the first TEL line, and the card itself (contract inbound §4). */
import type { proto } from '@whiskeysockets/baileys';
import type { InboundContent } from '../../../../app-client/inbound-content.ts';

type Card = Extract<InboundContent, { kind: 'contact' }>;

/** Every card of a message, in order; empty for other kinds. */
export function readContacts({ contactMessage, contactsArrayMessage }: proto.IMessage): Card[] {
  const cards = contactMessage ? [contactMessage] : (contactsArrayMessage?.contacts ?? []);
  return cards.map(({ displayName, vcard }) => {
    const phone = phoneOf(vcard ?? '');
    return { kind: 'contact', name: displayName || nameOf(vcard ?? '') || phone, phone, vcard: vcard ?? '' };
  });
}

/** `TEL;type=CELL;waid=5511…:+55 11 …`, possibly in a group (`item1.TEL`). */
function phoneOf(vcard: string): string {
  const [, parameters = '', value = ''] = /^(?:\w+\.)?TEL([^:\n]*):([^\r\n]*)/im.exec(vcard) ?? [];
  return value.trim() || (/waid=(\d+)/i.exec(parameters)?.[1] ?? '');
}

const nameOf = (vcard: string): string => /^FN[^:\n]*:([^\r\n]*)/im.exec(vcard)?.[1]?.trim() ?? '';
