/**
 * A contact to send: the caller's vCard as it is, or a 3.0 card made from name and phone (contract messages §7).
 */
import type { Content } from './content.ts';
import { type Fields, firstText } from './loose.ts';

export type ContactContent = Extract<Content, { kind: 'contact' }>;

/** Fields `displayName, name, phone, vcard`; undefined when there is neither a vCard nor a phone with digits. */
export function contactOf(fields: Fields): ContactContent | undefined {
  const given = firstText(fields, 'vcard');
  const phone = firstText(fields, 'phone');
  const name = firstText(fields, 'displayName', 'name') || nameIn(given) || phone || 'Contact';
  if (given !== '') return { kind: 'contact', displayName: name, vcard: given };
  const digits = phone.replace(/\D/g, '');
  if (digits === '') return undefined;
  return { kind: 'contact', displayName: name, vcard: card(firstText(fields, 'name') || name, digits) };
}

const nameIn = (vcard: string): string => /^FN[^:\r\n]*:(.+)$/im.exec(vcard)?.[1]?.trim() ?? '';

function card(name: string, digits: string): string {
  const safe = escaped(name);
  const phone = `TEL;type=CELL;type=VOICE;waid=${digits}:+${digits}`;
  return ['BEGIN:VCARD', 'VERSION:3.0', `N:;${safe};;;`, `FN:${safe}`, phone, 'END:VCARD'].join('\n');
}

/** RFC 2426: commas, semicolons and backslashes of a value are escaped, line breaks are `\n`. */
const escaped = (text: string): string => text.replace(/[\\,;]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n');
