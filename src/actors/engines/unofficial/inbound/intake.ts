/**
 * A journal row -> the messages for the app: select, unwrap, identity, text. The one path for what has just arrived and
 * for what a crash left behind.
 *
 *  IK1  Nothing is dropped silently: what is not forwarded comes back with the reason.
 *  IK2  Pure: the same row always gives the same messages.
 */
import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys';
import type { InboundMessage } from '../../../inbound.ts';
import type { JournalRow } from '../decrypt-journal.ts';
import { identityOf, type Me, select } from './select.ts';
import { readText } from './text.ts';
import { unwrap } from './unwrap.ts';

export type Intake = {
  readonly messages: readonly InboundMessage[];
  /** Kinds that were left out or forwarded as a note, for the count. Words, never content. */
  readonly remarks: readonly string[];
  /** Baileys itself acts on this content, so a redelivery must show it again (DJ4). */
  readonly keep: boolean;
};

type Envelope = Omit<InboundMessage, 'content' | 'storedOnly'>;

export function intake({ attrs, plaintext }: Pick<JournalRow, 'attrs' | 'plaintext'>, me: Me): Intake {
  let message: proto.IMessage;
  try {
    message = proto.Message.decode(unpadRandomMax16(plaintext));
  } catch {
    // Authentic, but no message: Baileys reports it to the sender as undecryptable.
    return { messages: [], remarks: ['undecodable'], keep: true };
  }
  const content = unwrap(message);
  const keep = content.kind === 'protocol' || content.kind === 'resent' || !!message.senderKeyDistributionMessage;
  const selected = select(attrs, me);
  switch (selected.kind) {
    case 'ignored':
      return { messages: [], remarks: [selected.why], keep };
    case 'peer': {
      const resent = content.kind === 'resent' ? content.messages : [];
      const read = resent.map((info) => readResent(info));
      return {
        messages: read.flatMap(({ messages }) => messages),
        remarks: read.flatMap(({ remarks }) => remarks),
        keep,
      };
    }
    case 'chat': {
      const { direction, contact } = selected;
      const name = direction === 'in' ? (attrs['notify'] ?? '') : '';
      return {
        ...read({ id: attrs['id'] ?? '', direction, contact, name, at: Number(attrs['t']) || 0 }, message),
        keep,
      };
    }
    default:
      return selected satisfies never;
  }
}

function read(envelope: Envelope, message: proto.IMessage): Omit<Intake, 'keep'> {
  const content = unwrap(message);
  switch (content.kind) {
    case 'protocol':
    case 'resent':
      return { messages: [], remarks: [] };
    case 'revoke':
      return { messages: [], remarks: ['deleted for everyone'] };
    case 'edit': {
      const edited = readText(content.message);
      if (edited.kind === 'no bubble') return { messages: [], remarks: [edited.what] };
      return { messages: [{ ...envelope, content: said(`Edited: ${edited.text}`), storedOnly: true }], remarks: [] };
    }
    case 'content': {
      const reading = readText(content.message);
      if (reading.kind === 'no bubble') return { messages: [], remarks: [reading.what] };
      const remarks = reading.kind === 'note' ? [reading.what] : [];
      return { messages: [{ ...envelope, content: said(reading.text) }], remarks };
    }
    default:
      return content satisfies never;
  }
}

const said = (text: string): InboundMessage['content'] => ({ kind: 'text', text });

/** A message whose stanza had no content, as our own phone handed it over afterwards (placeholder resend). */
function readResent({ key, message, pushName, messageTimestamp }: proto.IWebMessageInfo): Omit<Intake, 'keep'> {
  const contact = identityOf([key?.remoteJid]);
  if (!contact || !key?.id || !message) return { messages: [], remarks: ['resent without content'] };
  const direction = key.fromMe ? 'out' : 'in';
  const name = direction === 'in' ? (pushName ?? '') : '';
  return read({ id: key.id, direction, contact, name, at: Number(messageTimestamp ?? 0) }, message);
}
