/**
 * Receipts in both directions.
 *
 * Owns: what a client's receipts and acks confirm, what a contact's phone reports back, and retries.
 * Invariants:
 *   X1 a client's receipt or ack for a stanza ends its redelivery, nothing else does;
 *   X2 a retry receipt is answered with the same id in a fresh session.
 * Source: facts/loopback-whatsapp.md sections 10 and 11.
 */
import { jidFor, parseJid } from './addresses.ts';
import type { Addressing } from './addresses.ts';
import { entryKey } from './delivery-queue.ts';
import { keyNodes, readBundle } from './directory.ts';
import { renew } from './inbound.ts';
import { bigEndian, child, children, el, unixSeconds } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { askForMedium } from './media-retry.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';

export type ReceiptType = 'delivered' | 'read' | 'played' | 'retry';

/** A `receipt` stanza of a client about messages it received. */
export function receiptFromClient(service: Service, owner: Person, node: BinaryNode): void {
  const { attrs } = node;
  const type = attrs['type'] ?? 'delivered';
  if (type === 'server-error') {
    askForMedium(service, owner, node);
    return;
  }
  // A receipt for an own-phone echo names the own account in `to`, or nobody at all (PN chats).
  const authorPhone =
    type === 'sender' ? owner.phone : (parseJid(attrs['to']) ?? parseJid(attrs['participant']))?.phone;
  if (authorPhone === undefined) return;
  const author = service.people.get(authorPhone);
  if (type === 'hist_sync' && owner.linked !== undefined) owner.linked.firstSyncDone = true;
  if (type === 'retry') {
    retryFromClient(service, owner, author, node);
    return;
  }
  const ids = [attrs['id'] ?? '', ...children(child(node, 'list'), 'item').map((item) => item.attrs['id'] ?? '')];
  for (const id of ids) {
    owner.queue.confirm(entryKey('message', authorPhone, id));
    const sent = author.sent.get(id);
    if (sent !== undefined) sent.receipts.push(type);
  }
  // The author wrote with a linked device of its own: its client wants to know.
  if (author.linked !== undefined && author !== owner && !author.sent.has(ids[0] ?? '')) {
    forward(owner, author, type, attrs['id'] ?? '', node);
  }
}

/** An `ack` stanza of a client: it has taken a receipt, or could not use a message. */
export function ackFromClient(owner: Person, { attrs }: BinaryNode): void {
  const author = (parseJid(attrs['to']) ?? parseJid(attrs['participant']))?.phone ?? '';
  const id = attrs['id'] ?? '';
  switch (attrs['class']) {
    case 'receipt':
      owner.queue.confirm(entryKey('receipt', author, id, attrs['type']));
      return;
    case 'message':
      if (attrs['error'] === undefined) owner.queue.confirm(entryKey('message', author, id));
      else owner.queue.reject(entryKey('message', author, id));
      return;
    case 'notification':
      owner.queue.confirm(entryKey('notification', author, id));
      return;
    default:
  }
}

/** A contact's phone reports on a message that the number sent. Read and played go only where they are asked for. */
export function sendReceipt(
  author: Person,
  number: Person,
  id: string,
  type: Exclude<ReceiptType, 'retry'>,
  addressing: Addressing,
): void {
  number.queue.add(
    el('receipt', {
      id,
      from: jidFor(addressing, author.phone),
      t: unixSeconds(),
      type: type === 'delivered' ? undefined : type,
    }),
  );
}

/** A contact's phone could not read a message and offers fresh keys. */
export function sendRetry(author: Person, number: Person, id: string, addressing: Addressing): void {
  const { registrationId, identity, signedPreKey, preKey } = author.phoneDevice.bundle(true);
  author.inbox.expectResend(id);
  number.queue.add(
    el('receipt', { id, from: jidFor(addressing, author.phone), t: unixSeconds(), type: 'retry' }, [
      el('retry', { count: '1', id, t: unixSeconds(), v: '1' }),
      el('registration', {}, bigEndian(registrationId, 4)),
      el('keys', {}, keyNodes(identity, signedPreKey, preKey)),
    ]),
  );
}

function retryFromClient(service: Service, owner: Person, author: Person, node: BinaryNode): void {
  const id = node.attrs['id'] ?? '';
  const sent = author.sent.get(id);
  const keys = child(node, 'keys');
  if (sent === undefined) {
    if (author.linked !== undefined && author !== owner) forward(owner, author, 'retry', id, node);
    return;
  }
  if (owner.linked === undefined) return;
  sent.receipts.push('retry');
  const offered = keys === undefined ? undefined : readBundle(node, keys);
  void renew(service, author, owner, sent, offered, child(node, 'retry')?.attrs['count'] ?? '1');
}

/** Hands a receipt of one paired number to another. */
function forward(owner: Person, author: Person, type: string, id: string, node: BinaryNode): void {
  if (owner.linked === undefined) return;
  const addressing = parseJid(node.attrs['to'])?.addressing ?? 'pn';
  const content = Array.isArray(node.content) ? node.content : undefined;
  author.queue.add(
    el(
      'receipt',
      {
        id,
        from: jidFor(addressing, owner.phone, owner.linked.device),
        t: unixSeconds(),
        type: type === 'delivered' || type === 'inactive' ? undefined : type,
      },
      content,
    ),
  );
}
