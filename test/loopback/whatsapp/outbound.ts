/**
 * Messages that clients send.
 *
 * Owns: the server ack, decrypting at every addressed phone, and handing ciphertexts to linked devices of others.
 * Invariants:
 *   O1 a stanza is acked when it is accepted, before anybody has read it; a refused one is delivered to nobody;
 *   O2 every phone decrypts what is meant for it; what cannot be decrypted is recorded and asked for again;
 *   O3 in light mode nothing is decrypted, everything is counted.
 * Source: facts/loopback-whatsapp.md section 10.
 */
import type { proto } from '@whiskeysockets/baileys';
import { jidFor, parseJid, pnJid } from './addresses.ts';
import type { Address } from './addresses.ts';
import type { Connection } from './connection.ts';
import { groupMessageFromClient } from './group-messages.ts';
import { bytesOf, child, children, el, unixSeconds } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { peerName } from './people.ts';
import type { Person } from './people.ts';
import { sendReceipt, sendRetry } from './receipts.ts';
import type { Service } from './service.ts';

interface Outgoing {
  readonly sender: Person;
  readonly senderDevice: number;
  readonly id: string;
  readonly to: Address;
  readonly node: BinaryNode;
}

export function messageFromClient(service: Service, connection: Connection, sender: Person, node: BinaryNode): void {
  const { id = '', to: toJid } = node.attrs;
  const to = parseJid(toJid);
  const { linked } = sender;
  const toGroup = toJid?.endsWith('@g.us') === true;
  if ((to === undefined && !toGroup) || linked === undefined) {
    acknowledge(connection, node, 400);
    return;
  }
  const effect = service.faults.forAck(sender.phone);
  switch (effect.kind) {
    case 'none':
      acknowledge(connection, node);
      break;
    case 'delay':
      setTimeout(() => acknowledge(connection, node), effect.ms);
      break;
    case 'drop':
      break;
    case 'error':
      if (effect.ms === undefined) acknowledge(connection, node, effect.code);
      else setTimeout(() => acknowledge(connection, node, effect.code), effect.ms);
      return;
    default:
      effect satisfies never;
  }
  if (to === undefined) {
    groupMessageFromClient(service, sender, node);
    return;
  }
  const outgoing: Outgoing = { sender, senderDevice: linked.device, id, to, node };
  const recipients = recipientsOf(node, to);
  checkRecipients(service, outgoing, recipients);
  for (const { address, enc } of recipients) deliver(service, outgoing, address, enc);
}

interface Recipient {
  readonly address: Address;
  readonly enc: BinaryNode;
}

/** Either a list of devices, or (peer messages, retries for one device) a single `enc` for the addressee. */
function recipientsOf(node: BinaryNode, to: Address): Recipient[] {
  const direct = child(node, 'enc');
  if (direct !== undefined) return [{ address: to, enc: direct }];
  return children(child(node, 'participants'), 'to').flatMap((participant) => {
    const address = parseJid(participant.attrs['jid']);
    const enc = child(participant, 'enc');
    return address === undefined || enc === undefined ? [] : [{ address, enc }];
  });
}

function checkRecipients(service: Service, { to, id, node }: Outgoing, recipients: readonly Recipient[]): void {
  const single = child(node, 'enc') !== undefined;
  const reached = single || recipients.some(({ address }) => address.phone === to.phone && address.device === 0);
  if (reached || !service.people.get(to.phone).onWhatsApp) return;
  service.checks.record('messagesWithoutParticipants', `${id} with ${recipients.length} recipients`);
}

function deliver(service: Service, outgoing: Outgoing, address: Address, enc: BinaryNode): void {
  const { sender, id, node } = outgoing;
  const person = service.people.get(address.phone);
  if (!person.onWhatsApp) return;
  if (address.device !== 0) {
    forwardToLinkedDevice(outgoing, person, address, enc);
    return;
  }
  if (service.options.light) {
    if (person !== sender) arrived(service, outgoing, person, undefined);
    return;
  }
  const type = enc.attrs['type'] === 'pkmsg' ? 'pkmsg' : 'msg';
  const ciphertext = bytesOf(enc) ?? Buffer.alloc(0);
  void person.phoneDevice.decrypt(peerName(sender.phone, outgoing.senderDevice), { type, ciphertext }).then(
    (message) => {
      if (person !== sender) arrived(service, outgoing, person, message);
      else if (node.attrs['category'] !== 'peer') ownCopy(outgoing, message);
    },
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      service.checks.record(
        'undecryptable',
        `${id} at ${person === sender ? 'the own phone' : 'a contact'}: ${reason}`,
      );
      if (person !== sender && person.receiptMode === 'auto') sendRetry(person, sender, id, outgoing.to.addressing);
    },
  );
}

function arrived(service: Service, outgoing: Outgoing, contact: Person, message: proto.IMessage | undefined): void {
  const { sender, id, to, node } = outgoing;
  const arrival = contact.inbox.add(id, sender.phone, node.attrs['edit'], message);
  if (arrival === 'repeated') service.checks.record('duplicateIds', id);
  if (contact.receiptMode === 'auto') sendReceipt(contact, sender, id, 'delivered', to.addressing);
}

function ownCopy({ sender, id, node }: Outgoing, message: proto.IMessage): void {
  const inner = message.deviceSentMessage?.message ?? message;
  sender.ownCopies.add(id, sender.phone, node.attrs['edit'], inner);
}

/** The addressee, or the sender itself, has a linked device: it gets the ciphertext as a message of the sender. */
function forwardToLinkedDevice(outgoing: Outgoing, person: Person, address: Address, enc: BinaryNode): void {
  if (person.linked?.device !== address.device) return;
  const { sender, senderDevice, id, to, node } = outgoing;
  const alternate =
    to.addressing === 'lid' ? { sender_pn: pnJid(sender.phone) } : { sender_lid: jidFor('lid', sender.phone) };
  person.queue.add(
    el(
      'message',
      {
        from: jidFor(to.addressing, sender.phone, senderDevice),
        id,
        t: unixSeconds(),
        type: node.attrs['type'] ?? 'text',
        notify: `Loopback ${sender.phone.slice(-4)}`,
        edit: node.attrs['edit'],
        addressing_mode: to.addressing,
        ...alternate,
      },
      [enc],
    ),
  );
}

function acknowledge(connection: Connection, { attrs }: BinaryNode, error?: number): void {
  connection.send(
    el('ack', {
      class: 'message',
      id: attrs['id'],
      from: attrs['to'],
      t: unixSeconds(),
      error: error === undefined ? undefined : String(error),
    }),
  );
}
