/**
 * Which stanzas are conversations of this number with one customer (contract inbound §1), and who that customer is as
 * far as the stanza says. Works on the stanza's attributes, because that is what the journal keeps.
 *
 * The attributes have one name per role and addressing mode (facts/numbers-and-lid §4); all of them are read.
 */
import { type Identity, lidOfJid, phoneOfJid } from '../../../../phone.ts';

export type StanzaAttrs = Readonly<Record<string, string>>;

/** The account that received the stanza. */
export type Me = { readonly pn: string; readonly lid: string | undefined };

export type Selected =
  /** `jid`: the chat as the stanza names it. `group`: it is one, and `contact` is who wrote there. */
  | {
      readonly kind: 'chat';
      readonly direction: 'in' | 'out';
      readonly contact: Identity;
      readonly jid: string;
      readonly group?: { readonly jid: string; readonly participant: string };
    }
  /** From our own phone to this device, not a conversation: key shares, history, resent placeholders. */
  | { readonly kind: 'peer' }
  | { readonly kind: 'ignored'; readonly why: 'broadcast' | 'newsletter' | 'malformed' };

export function select(attrs: StanzaAttrs, me: Me): Selected {
  const { from, recipient } = attrs;
  if (from === undefined || attrs['id'] === undefined) return { kind: 'ignored', why: 'malformed' };
  if (from.endsWith('@g.us')) return inGroup(attrs, from, me);
  if (from.endsWith('@broadcast')) return { kind: 'ignored', why: 'broadcast' };
  if (from.endsWith('@newsletter')) return { kind: 'ignored', why: 'newsletter' };
  if (!isMe(from, me)) {
    // Only the own account may name a recipient (facts/loopback-whatsapp §11).
    if (recipient !== undefined) return { kind: 'ignored', why: 'malformed' };
    const contact = identityOf([
      from,
      attrs['sender_pn'],
      attrs['sender_lid'],
      attrs['participant_pn'],
      attrs['participant_lid'],
    ]);
    return contact ? { kind: 'chat', direction: 'in', contact, jid: from } : { kind: 'ignored', why: 'malformed' };
  }
  if (recipient === undefined || attrs['category'] === 'peer') return { kind: 'peer' };
  if (!/@(s\.whatsapp\.net|c\.us|lid|hosted|hosted\.lid)$/.test(recipient))
    return { kind: 'ignored', why: 'broadcast' };
  // sender_pn and sender_lid are our own here and would map the customer to us.
  const contact = identityOf([
    ...[recipient, attrs['peer_recipient_pn'], attrs['peer_recipient_lid']],
    ...[attrs['recipient_pn'], attrs['recipient_lid']],
  ]);
  return contact ? { kind: 'chat', direction: 'out', contact, jid: recipient } : { kind: 'ignored', why: 'malformed' };
}

/** Nobody is named: dropped, for an empty phone would be refused by the app (contract inbound §9, C-46). */
function inGroup(attrs: StanzaAttrs, jid: string, me: Me): Selected {
  const { participant } = attrs;
  const contact = identityOf([participant, attrs['participant_pn'], attrs['participant_lid']]);
  if (participant === undefined || !contact) return { kind: 'ignored', why: 'malformed' };
  const direction = isMe(participant, me) ? 'out' : 'in';
  return { kind: 'chat', direction, contact, jid, group: { jid, participant } };
}

/** The first phone and the first LID among these JIDs. Undefined when there is neither. */
export function identityOf(jids: readonly (string | null | undefined)[]): Identity | undefined {
  const known = jids.filter((jid) => typeof jid === 'string');
  const pn = known.map(phoneOfJid).find((digits) => digits !== undefined);
  const lid = known.map(lidOfJid).find((user) => user !== undefined);
  if (pn === undefined && lid === undefined) return undefined;
  return { ...(pn !== undefined && { pn }), ...(lid !== undefined && { lid }) };
}

/** Compares within one kind of address only: a LID and a phone with the same digits are two people. */
function isMe(jid: string, me: Me): boolean {
  const lid = lidOfJid(jid);
  return lid === undefined ? phoneOfJid(jid) === me.pn : lid === me.lid;
}
