/**
 * Messages from simulated people to paired numbers.
 *
 * Owns: addressing (PN, LID, hidden alternate), own-phone echoes, and renewing a message for a retry receipt.
 * Invariants:
 *   E1 a person's messages to one number keep their order (one lock per device, then one queue per number);
 *   E2 an own-phone echo carries `recipient` and never `sender_pn`/`sender_lid` (they would map the contact to the
 *      own number).
 * Does not: deliver (`delivery-queue.ts`).
 * Source: facts/loopback-whatsapp.md section 11.
 */
import { randomBytes } from 'node:crypto';
import { jidFor, lidJid, pnJid } from './addresses.ts';
import type { Addressing } from './addresses.ts';
import { compose } from './sending-compose.ts';
import type { Composed } from './sending-composed.ts';
import { SendRequest } from './sending-request.ts';
import { el, unixSeconds } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { bundleOf } from './directory.ts';
import { peerName } from './people.ts';
import type { Person, SentMessage } from './people.ts';
import type { Service } from './service.ts';
import type { PreKeyBundle } from './virtual-device.ts';

export type SendResult =
  | { readonly kind: 'sent'; readonly id: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** A contact writes to a paired number. Throws a ZodError for a request that is none. */
export async function sendFromContact(service: Service, from: string, input: SendRequest): Promise<SendResult> {
  const request = SendRequest.parse(input);
  const author = service.people.get(from);
  const target = service.people.get(request.to);
  if (!author.onWhatsApp) return { kind: 'refused', reason: 'the contact is not on WhatsApp' };
  if (target.linked === undefined) return { kind: 'refused', reason: 'the number has no linked device' };
  const composed = composeFor(service, author, request);
  if ('kind' in composed) return { kind: 'refused', reason: composed.reason };
  const { addressing, hidePn, group, at, name = `Contact ${from.slice(-4)}` } = request;
  const id = request.id ?? newMessageId();
  const address = contactAddress(author, addressing, hidePn === true);
  const attributes = {
    id,
    ...(group === undefined ? address : inGroup(group, address)),
    notify: name,
    ...written(at),
    ...composed.stanza,
  };
  target.inbox.add(id, from, composed.stanza.edit, composed.message);
  const stanza = await seal(service, author, target, composed, attributes);
  author.sent.set(id, sentMessage(id, request.to, addressing, composed, attributes));
  target.queue.add(stanza);
  return { kind: 'sent', id };
}

/** The owner of a paired number writes on the phone: the contact gets it, the linked device gets an echo. */
export async function sendFromPhone(service: Service, phone: string, input: SendRequest): Promise<SendResult> {
  const request = SendRequest.parse(input);
  const owner = service.people.get(phone);
  const contact = service.people.get(request.to);
  const composed = composeFor(service, owner, request);
  if ('kind' in composed) return { kind: 'refused', reason: composed.reason };
  const id = request.id ?? newMessageId();
  const { addressing } = request;
  contact.inbox.add(id, phone, composed.stanza.edit, composed.message);
  owner.ownCopies.add(id, phone, composed.stanza.edit, composed.message);
  if (owner.linked === undefined) return { kind: 'sent', id };
  const destinationJid = jidFor(addressing, request.to);
  const echo: Composed = { ...composed, message: { deviceSentMessage: { destinationJid, message: composed.message } } };
  const attributes = {
    id,
    ...echoAddress(owner, request.to, addressing, request.hidePn === true),
    ...written(request.at),
    ...composed.stanza,
  };
  const stanza = await seal(service, owner, owner, echo, attributes);
  owner.sent.set(id, sentMessage(id, phone, addressing, echo, attributes));
  owner.queue.add(stanza);
  return { kind: 'sent', id };
}

/** Encrypts a message again in a fresh session, same id, because the client could not read it. */
export async function renew(
  service: Service,
  author: Person,
  target: Person,
  sent: SentMessage,
  offered: PreKeyBundle | undefined,
  count: string,
): Promise<void> {
  const { message, stanzaAttributes, encAttributes } = sent;
  const stanza = await seal(service, author, target, { message, enc: { ...encAttributes, count } }, stanzaAttributes, {
    fresh: true,
    offered,
  });
  target.queue.renew(stanza);
}

/** Encrypts for the target's linked device and builds the stanza. */
export async function seal(
  service: Service,
  author: Person,
  target: Person,
  { message, enc }: Pick<Composed, 'message' | 'enc'>,
  attributes: Readonly<Record<string, string>>,
  retry?: { readonly fresh: boolean; readonly offered: PreKeyBundle | undefined },
): Promise<BinaryNode> {
  const { linked } = target;
  if (linked === undefined) throw new Error('the number has no linked device');
  const bundle = (): PreKeyBundle => retry?.offered ?? bundleOf(service, target, linked.device) ?? linked.bundle;
  const { type, ciphertext } = await author.phoneDevice.encrypt(
    peerName(target.phone, linked.device),
    message,
    bundle,
    retry?.fresh,
  );
  return el('message', { t: unixSeconds(), ...attributes }, [el('enc', { v: '2', type, ...enc }, ciphertext)]);
}

/** The addresses on a stanza that a contact sends. */
export function contactAddress(author: Person, addressing: Addressing, hideAlternate: boolean): Record<string, string> {
  if (addressing === 'lid') {
    const from = { from: lidJid(author.phone), addressing_mode: 'lid' };
    return hideAlternate ? from : { ...from, sender_pn: pnJid(author.phone) };
  }
  const from = { from: pnJid(author.phone) };
  return hideAlternate ? from : { ...from, sender_lid: lidJid(author.phone) };
}

/** A member of a group writes there: the group is the sender, the member its participant. */
function inGroup(group: string, { from, sender_pn, sender_lid, ...rest }: Record<string, string>) {
  return {
    ...rest,
    from: group,
    participant: from ?? '',
    ...(sender_pn !== undefined && { participant_pn: sender_pn }),
    ...(sender_lid !== undefined && { participant_lid: sender_lid }),
  };
}

const written = (at: number | undefined): { t?: string } => (at === undefined ? {} : { t: String(at) });

/** As WhatsApp's phones make them: 3A and 18 hexadecimal digits. */
export function newMessageId(): string {
  return `3A${randomBytes(9).toString('hex').toUpperCase()}`;
}

function composeFor(service: Service, author: Person, request: ReturnType<typeof SendRequest.parse>) {
  const { addressing, to, group } = request;
  const peerJid = group ?? jidFor(addressing, to);
  return compose(request, {
    peerJid,
    ownJid: jidFor(addressing, author.phone),
    isOwn: (id) => author.sent.has(id),
    authorOf: (id) => (group === undefined || author.sent.has(id) ? undefined : jidFor(addressing, to)),
    secretOf: (id) => author.inbox.messageOf(id)?.messageContextInfo?.messageSecret ?? undefined,
    media: service.media,
  });
}

function echoAddress(
  owner: Person,
  to: string,
  addressing: Addressing,
  hideAlternate: boolean,
): Record<string, string> {
  const base = { from: jidFor(addressing, owner.phone), recipient: jidFor(addressing, to) };
  if (hideAlternate) return base;
  return addressing === 'lid' ? { ...base, peer_recipient_pn: pnJid(to) } : { ...base, peer_recipient_lid: lidJid(to) };
}

function sentMessage(
  id: string,
  to: string,
  addressing: Addressing,
  { message, enc }: Composed,
  stanzaAttributes: Record<string, string>,
): SentMessage {
  return { id, to, addressing, message, encAttributes: enc, stanzaAttributes, receipts: [] };
}
