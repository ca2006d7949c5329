/**
 * An inbound fact as the body of `/api/inbound-message`, within the app's limits. Contract inbound §2-§5, §7, §9.
 *
 *  IB1  No field is longer than the app accepts; a text over the limit ends in `…` (C-36).
 *  IB2  `sender_phone` is never empty: the phone, else the LID digits, marked.
 *  IB3  Facts of one conversation share an order key, whether the customer is known by LID, by phone or by both.
 *  IB4  The bytes of a medium are not in here: the row carries their descriptor (C-60, inbound §4).
 *
 * Deliberately not here: which facts exist (engines), storing and sending.
 */
import { lidJid, phoneJid } from '../phone.ts';
import type { InboundFact } from './callbacks.types.ts';
import type { InboundContent } from './inbound-content.ts';
import { cut, LIMITS } from './limits.ts';

export type InboundBody = {
  readonly body: Readonly<Record<string, unknown>>;
  readonly orderKeys: readonly string[];
  readonly timeoutMs: number;
};

const limits = LIMITS.inbound;

/** Pure. Throws for a fact without any identity, which is the caller's mistake. */
export function inboundBody(fact: InboundFact): InboundBody {
  const { pn, lid } = fact.contact;
  const sender = pn ?? lid;
  if (!sender) throw new TypeError('an inbound fact needs a phone or a LID (IB2)');
  const chat = (who: string) => `chat:${fact.device}:${who}`;
  const persons = [...(pn ? [chat(pn)] : []), ...(lid ? [chat(lidJid(lid))] : [])];
  const common = {
    device_phone: cut(fact.device, limits.devicePhone),
    sender_phone: cut(sender, limits.senderPhone),
    sender_name: cut(fact.name, limits.senderName),
    is_lid: pn === undefined,
    raw_jid: cut(fact.group?.jid ?? (pn ? phoneJid(pn) : lidJid(sender)), limits.rawJid),
    lid_jid: lid ? cut(lidJid(lid), limits.lidJid) : '',
    direction: fact.direction,
    timestamp: Math.trunc(fact.at),
  };
  const { content } = fact;
  const own = content.kind === 'reaction' ? reactionFields(content) : messageFields(fact);
  return {
    body: { ...common, ...own },
    orderKeys: fact.group ? [chat(fact.group.jid)] : persons,
    timeoutMs: timeoutOf(fact),
  };
}

/** §5: its own event without a message id. */
function reactionFields({ emoji, target }: InboundContent & { kind: 'reaction' }): Record<string, unknown> {
  return { reaction_emoji: cut(emoji, limits.emoji), reaction_target: cut(target, limits.messageId) };
}

function messageFields({ id, content, direction, forwarded, group }: InboundFact): Record<string, unknown> {
  return {
    wa_message_id: cut(id, limits.messageId),
    ...contentFields(content, direction),
    ...(group && { group_subject: cut(group.subject, limits.groupSubject) }),
    ...(forwarded !== undefined && { is_forwarded: true }),
    ...(forwarded !== undefined && forwarded > 0 && { forward_score: Math.min(forwarded, limits.forwardScore) }),
  };
}

function contentFields(content: InboundContent, direction: 'in' | 'out'): Record<string, unknown> {
  switch (content.kind) {
    case 'text':
      return { body: said(content.text), media_type: null };
    case 'media': {
      const { type, mime, fileName, caption, attachment } = content;
      return {
        body: said(caption),
        media_type: type,
        media_mime: cut(mime, limits.mime),
        ...(fileName !== undefined && { media_filename: cut(fileName, limits.fileName) }),
        ...(!attachment && { media_base64: null }),
      };
    }
    case 'location':
      return locationFields(content);
    case 'contact': {
      const { name, phone, vcard } = content;
      return {
        body: said(name || phone),
        // The app knows this type in mirrors only (§3).
        media_type: direction === 'out' ? 'contact' : null,
        contact_name: cut(name, limits.contactName),
        contact_phone: cut(phone, limits.contactPhone),
        contact_vcard: shortened(vcard),
      };
    }
    case 'reaction':
      throw new TypeError('a reaction is no message');
    default:
      return content satisfies never;
  }
}

/** Coordinates out of range are left out; the text keeps them (§3). */
function locationFields(location: InboundContent & { kind: 'location' }): Record<string, unknown> {
  const { latitude, longitude, name, address, caption } = location;
  const valid = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return {
    body: said(valid ? caption : [caption, `${latitude}, ${longitude}`].filter(Boolean).join('\n')),
    media_type: 'location',
    ...(valid && { location_latitude: latitude, location_longitude: longitude }),
    location_name: cut(name, limits.locationName),
    location_address: cut(address, limits.locationAddress),
  };
}

/** A vCard that is too long drops its photo and then itself (§3). */
function shortened(vcard: string): string | null {
  if (fits(vcard)) return vcard;
  const plain = vcard.replace(PHOTO, '');
  return fits(plain) ? plain : null;
}

/** The property with its folded lines, which begin with a space. */
const PHOTO = /^(?:\w+\.)?PHOTO[^\n]*\n(?:[ \t][^\n]*\n)*/gim;
const fits = (vcard: string): boolean => cut(vcard, limits.vcard) === vcard;
const said = (text: string): string => cut(text, limits.body, '…');

/** Milliseconds (§3, §9): the app runs routing and its agent inside the request of a customer's message. */
function timeoutOf({ content, direction, group }: InboundFact): number {
  if (content.kind === 'reaction') return 8_000;
  const heavy = content.kind === 'media' && content.attachment !== undefined;
  if (group) return heavy ? 60_000 : 15_000;
  if (direction === 'in') return 120_000;
  return heavy ? 30_000 : 10_000;
}
