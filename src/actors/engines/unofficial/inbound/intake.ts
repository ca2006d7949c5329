/**
 * A journal row -> the messages for the app: select, unwrap, identity, text. The one path for what has just arrived and
 * for what a crash left behind.
 *
 *  IK1  Nothing is dropped silently: what is not forwarded comes back with the reason.
 *  IK2  Pure: the same row always gives the same messages.
 *  IK3  A sender chooses every byte of a message and its id: none of them makes this throw, or a key that no store takes.
 */
import { createHash } from 'node:crypto';
import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys';
import { LIMITS } from '../../../../app-client/limits.ts';
import type { InboundMessage } from '../../../inbound.ts';
import type { JournalRow } from '../decrypt-journal.ts';
import { identityOf, type Me, select } from './select.ts';
import { decode, forwardedOf, readText } from './decode.ts';
import type { Origin } from './media.ts';
import { unwrap } from './unwrap.ts';
import { readSealed, type SealedVote } from './votes.ts';

export type Intake = {
  readonly messages: readonly InboundMessage[];
  /** Of customers, to be opened with the poll (votes.ts). */
  readonly votes: readonly SealedVote[];
  /** Kinds that were left out or forwarded as a note, for the count. Words, never content. */
  readonly remarks: readonly string[];
  /** Baileys itself acts on this content, so a redelivery must show it again (DJ4). */
  readonly keep: boolean;
};

/** With room for the number of a card. */
const MAX_ID = LIMITS.inbound.messageId - 8;

type Envelope = Omit<InboundMessage, 'content' | 'storedOnly'>;

const NOTHING = { messages: [], votes: [], remarks: [] } as const;

export function intake({ attrs, plaintext }: Pick<JournalRow, 'attrs' | 'plaintext'>, me: Me): Intake {
  let message: proto.IMessage;
  try {
    message = proto.Message.decode(unpadRandomMax16(plaintext));
  } catch {
    // Authentic, but no message: Baileys reports it to the sender as undecryptable.
    return { ...NOTHING, remarks: ['undecodable'], keep: true };
  }
  const content = unwrap(message);
  const keep = content.kind === 'protocol' || content.kind === 'resent' || !!message.senderKeyDistributionMessage;
  const selected = select(attrs, me);
  switch (selected.kind) {
    case 'ignored':
      return { ...NOTHING, remarks: [selected.why], keep };
    case 'peer': {
      const resent = content.kind === 'resent' ? content.messages : [];
      const read = resent.map((info) => readResent(info, me));
      return {
        messages: read.flatMap(({ messages }) => messages),
        votes: read.flatMap(({ votes }) => votes),
        remarks: read.flatMap(({ remarks }) => remarks),
        keep,
      };
    }
    case 'chat': {
      const { direction, contact, jid, group } = selected;
      const name = direction === 'in' ? (attrs['notify'] ?? '') : '';
      const written = { id: keyOf(attrs['id'] ?? ''), direction, contact, name, at: Number(attrs['t']) || 0 };
      const envelope = { ...written, ...(group && { group }) };
      return { ...read(envelope, message, originOf(envelope, jid, me)), keep };
    }
    default:
      return selected satisfies never;
  }
}

function read(envelope: Envelope, message: proto.IMessage, origin: Origin): Omit<Intake, 'keep'> {
  const content = unwrap(message);
  switch (content.kind) {
    case 'protocol':
    case 'resent':
      return NOTHING;
    case 'revoke':
      return { ...NOTHING, remarks: ['deleted for everyone'] };
    case 'edit': {
      const text = readText(content.message);
      if (!text) return { ...NOTHING, remarks: ['edit without a text'] };
      return {
        ...NOTHING,
        messages: [{ ...envelope, content: { kind: 'text', text: `Edited: ${text}` }, storedOnly: true }],
      };
    }
    case 'content': {
      const sealed = readSealed(content.message);
      if (sealed && envelope.direction === 'in' && !envelope.group) {
        const { id, contact, name, at } = envelope;
        return { ...NOTHING, votes: [{ id, contact, name, at, ...sealed }] };
      }
      const decoded = decode(content.message, origin);
      if (decoded.kind === 'no bubble') return { ...NOTHING, remarks: [decoded.what] };
      const forwarded = forwardedOf(content.message);
      const rest = { ...envelope, ...(forwarded !== undefined && { forwarded }) };
      const messages = decoded.contents.map((one, n) => ({ ...rest, ...nth(envelope.id, n), content: one }));
      return { ...NOTHING, messages, remarks: decoded.note === undefined ? [] : [decoded.note] };
    }
    default:
      return content satisfies never;
  }
}

/** IK3. An id that the app would have to cut (contract inbound §3) is told by its hash, so that two stay two. */
const keyOf = (id: string): string =>
  id.length <= MAX_ID ? id : `long-${createHash('sha256').update(id).digest('hex')}`;

/** Each further contact card is an event of its own (contract inbound §4); it was one message, so it is handled once (§6). */
const nth = (id: string, n: number) => (n === 0 ? { id } : { id: `${id}_${n + 1}`, storedOnly: true as const });

/** A message whose stanza had no content, as our own phone handed it over afterwards (placeholder resend). */
function readResent({ key, message, pushName, messageTimestamp }: proto.IWebMessageInfo, me: Me): Omit<Intake, 'keep'> {
  const jid = key?.remoteJid;
  const contact = identityOf([jid]);
  if (!jid || !contact || !key.id || !message) return { ...NOTHING, remarks: ['resent without content'] };
  const direction = key.fromMe ? 'out' : 'in';
  const name = direction === 'in' ? (pushName ?? '') : '';
  const envelope: Envelope = { id: keyOf(key.id), direction, contact, name, at: Number(messageTimestamp ?? 0) };
  return read(envelope, message, originOf(envelope, jid, me));
}

function originOf({ id, direction, group }: Envelope, chat: string, me: Me): Origin {
  const message = { chat, id, fromMe: direction === 'out', ...(group && { participant: group.participant }) };
  return { account: me.pn, message };
}
