/**
 * Messages in groups, both ways, encrypted with sender keys.
 *
 * Owns: handing a client's message to every member, and members' messages to the clients.
 * Invariants:
 *   GM1 every member decrypts what is written in its group; whoever was left out of the sender's key is a finding;
 *   GM2 a member's own key goes to a linked device with the first message that is written with it.
 * Does not: keep the groups (`group-registry.ts`).
 */
import { jidFor, parseJid, pnJid } from './addresses.ts';
import { bundleOf } from './directory.ts';
import type { Group } from './group-registry.ts';
import { newMessageId } from './inbound.ts';
import type { SendResult } from './inbound.ts';
import { bytesOf, child, children, el, unixSeconds } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { compose } from './sending-compose.ts';
import type { Content } from './sending-request.ts';
import { peerName } from './people.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';

/** Whether the group takes the message; members get it in the background. */
export function groupMessageFromClient(service: Service, sender: Person, node: BinaryNode): boolean {
  const group = service.groups.find(node.attrs['to'] ?? '');
  if (group?.members.has(sender.phone) !== true || sender.linked === undefined) return false;
  void spread(service, group, sender, sender.linked.device, node);
  return true;
}

/** A member writes in the group with its phone. */
export async function sendFromMember(
  service: Service,
  jid: string,
  from: string,
  content: Content,
): Promise<SendResult> {
  const group = service.groups.find(jid);
  if (group?.members.has(from) !== true) return { kind: 'refused', reason: 'not a member of such a group' };
  const id = newMessageId();
  const author = service.people.get(from);
  const { addressing } = group;
  const composed = compose(content, {
    peerJid: jid,
    ownJid: jidFor(addressing, from),
    isOwn: (of) => author.sent.has(of),
    authorOf: (of) => authorOf(group, author, of),
    secretOf: () => undefined,
    media: service.media,
  });
  if ('kind' in composed) return { kind: 'refused', reason: composed.reason };
  const { message, enc } = composed;
  const { ciphertext, distribution } = await service.senderKeys.of(from).encrypt(jid, from, message);
  const attributes = {
    ...{ id, from: jid, t: unixSeconds(), notify: `Contact ${from.slice(-4)}`, ...composed.stanza },
    ...authorAttributes(group, from),
  };
  const sent = { id, addressing, message, encAttributes: enc, stanzaAttributes: attributes };
  for (const phone of group.members.keys()) {
    const member = service.people.get(phone);
    const { linked } = member;
    if (phone !== from) member.inbox.add(id, from, undefined, message);
    if (linked === undefined) continue;
    const encs = [el('enc', { v: '2', type: 'skmsg', ...enc }, ciphertext)];
    const device = peerName(phone, linked.device);
    if (service.senderKeys.give(jid, from, device)) {
      const key = { groupId: jid, axolotlSenderKeyDistributionMessage: distribution };
      const bundle = () => bundleOf(service, member, linked.device) ?? linked.bundle;
      const envelope = await author.phoneDevice.encrypt(device, { senderKeyDistributionMessage: key }, bundle);
      encs.unshift(el('enc', { v: '2', type: envelope.type }, envelope.ciphertext));
    }
    author.sent.set(id, { ...sent, to: phone, receipts: [] });
    member.queue.add(el('message', attributes, encs));
  }
  return { kind: 'sent', id };
}

async function spread(service: Service, group: Group, sender: Person, device: number, node: BinaryNode): Promise<void> {
  const { id = '', edit } = node.attrs;
  const from = peerName(sender.phone, device);
  const direct = children(node, 'enc').find(({ attrs }) => attrs['type'] !== 'skmsg');
  const single = direct === undefined ? [] : [el('to', { jid: node.attrs['participant'] }, [direct])];
  for (const to of [...children(child(node, 'participants'), 'to'), ...single]) {
    const address = parseJid(to.attrs['jid']);
    const enc = child(to, 'enc');
    if (address === undefined || address.device !== 0 || enc === undefined) continue;
    const member = service.people.get(address.phone);
    const type = enc.attrs['type'] === 'pkmsg' ? 'pkmsg' : 'msg';
    const opened = await attempt(service, `${id} key at ${address.phone}`, () =>
      member.phoneDevice.decrypt(from, { type, ciphertext: bytesOf(enc) ?? Buffer.alloc(0) }),
    );
    const key = opened?.senderKeyDistributionMessage?.axolotlSenderKeyDistributionMessage;
    if (key != null) await service.senderKeys.of(address.phone).take(group.jid, from, key);
  }
  const ciphertext = bytesOf(children(node, 'enc').find(({ attrs }) => attrs['type'] === 'skmsg'));
  if (ciphertext === undefined) return;
  for (const phone of group.members.keys()) {
    const member = service.people.get(phone);
    const message = await attempt(service, `${id} at ${phone}`, () =>
      service.senderKeys.of(phone).decrypt(group.jid, from, ciphertext),
    );
    if (message === undefined) continue;
    if (member === sender) sender.ownCopies.add(id, sender.phone, edit, message);
    else if (member.inbox.add(id, sender.phone, edit, message) === 'repeated')
      service.checks.record('duplicateIds', id);
    if (member !== sender && member.receiptMode === 'auto') receipt(group, member, sender, id);
  }
}

function receipt({ jid, addressing }: Group, member: Person, sender: Person, id: string): void {
  const participant = jidFor(addressing, member.phone);
  sender.queue.add(el('receipt', { id, from: jid, participant, t: unixSeconds() }));
}

async function attempt<T>(service: Service, what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    service.checks.record('undecryptable', `${what}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** As the reader's phone names it: the member whose message this is, unless it is the reader's own. */
function authorOf({ addressing }: Group, reader: Person, id: string): string | undefined {
  const author = reader.inbox.senderOf(id);
  return author === undefined || reader.sent.has(id) ? undefined : jidFor(addressing, author);
}

function authorAttributes({ addressing, hidePhones }: Group, phone: string): Record<string, string> {
  const participant = jidFor(addressing, phone);
  if (addressing === 'pn') return { participant, participant_lid: jidFor('lid', phone), addressing_mode: 'pn' };
  return { participant, addressing_mode: 'lid', ...(!hidePhones && { participant_pn: pnJid(phone) }) };
}
