/**
 * What one phone has received: the messages a test or a person looks at.
 *
 * Owns: the list of received messages in order, and which stanza ids the phone has seen.
 * Invariants:
 *   I1 a message is listed once per id; a further stanza with that id goes to `repeated`;
 *   I2 a repetition that answers this phone's own retry receipt is no duplicate.
 * Does not: decrypt (`outbound.ts`).
 */
import type { proto } from '@whiskeysockets/baileys';

export interface ReceivedMessage {
  readonly id: string;
  /** Number of the sender. */
  readonly from: string;
  readonly type: string;
  readonly text: string | null;
  /** The stanza's `edit` attribute: 1 edit, 2 pin, 7 revoke. */
  readonly edit?: string;
  /** Id of the message that is edited, revoked or reacted to. */
  readonly target?: string;
  readonly at: string;
  /** The whole decrypted message; absent when the server does not decrypt. */
  readonly message?: unknown;
}

interface Stored {
  readonly id: string;
  readonly from: string;
  readonly edit: string | undefined;
  readonly at: number;
  readonly message: proto.IMessage | undefined;
}

export type Arrival = 'new' | 'repeated' | 'resent';

export interface InboxSnapshot {
  readonly stored: readonly Stored[];
  readonly repeated: readonly { readonly id: string; readonly from: string; readonly at: number }[];
}

export class Inbox {
  readonly #stored: Stored[] = [];
  readonly #senders = new Map<string, string>();
  readonly #repeated: { id: string; from: string; at: number }[] = [];
  /** Ids for which this phone has sent a retry receipt: their next stanza is wanted. */
  readonly #retried = new Set<string>();

  constructor(snapshot?: InboxSnapshot) {
    for (const one of snapshot?.stored ?? []) this.#store(one);
    this.#repeated.push(...(snapshot?.repeated ?? []));
  }

  add(id: string, from: string, edit: string | undefined, message: proto.IMessage | undefined): Arrival {
    if (!this.#senders.has(id)) {
      this.#retried.delete(id);
      this.#store({ id, from, edit, at: Date.now(), message });
      return 'new';
    }
    this.#repeated.push({ id, from, at: Date.now() });
    return this.#retried.delete(id) ? 'resent' : 'repeated';
  }

  expectResend(id: string): void {
    this.#retried.add(id);
  }

  /** Who sent the message with this id, if it has arrived. */
  senderOf(id: string): string | undefined {
    return this.#senders.get(id);
  }

  /** As decrypted; absent when it has not arrived, or the server does not decrypt. */
  messageOf(id: string): proto.IMessage | undefined {
    return this.#stored.find((one) => one.id === id)?.message;
  }

  get count(): number {
    return this.#stored.length;
  }

  list(from?: string): ReceivedMessage[] {
    return this.#stored.filter((one) => from === undefined || one.from === from).map(describe);
  }

  repeated(): readonly { readonly id: string; readonly from: string; readonly at: number }[] {
    return this.#repeated;
  }

  snapshot(): InboxSnapshot {
    return { stored: this.#stored, repeated: this.#repeated };
  }

  #store(one: Stored): void {
    this.#senders.set(one.id, one.from);
    this.#stored.push(one);
  }
}

const KINDS: readonly (readonly [keyof proto.IMessage, string])[] = [
  ['conversation', 'text'],
  ['extendedTextMessage', 'text'],
  ['imageMessage', 'image'],
  ['videoMessage', 'video'],
  ['audioMessage', 'audio'],
  ['documentMessage', 'document'],
  ['stickerMessage', 'sticker'],
  ['locationMessage', 'location'],
  ['contactMessage', 'contact'],
  ['contactsArrayMessage', 'contact'],
  ['reactionMessage', 'reaction'],
  ['pollCreationMessage', 'poll'],
  ['pollCreationMessageV2', 'poll'],
  ['pollCreationMessageV3', 'poll'],
  ['eventMessage', 'event'],
  ['pinInChatMessage', 'pin'],
  ['interactiveMessage', 'interactive'],
  ['buttonsMessage', 'buttons'],
  ['listMessage', 'list'],
];

/** Opens the wrappers that WhatsApp puts around a message. */
export function unwrap(message: proto.IMessage): proto.IMessage {
  const inner =
    message.ephemeralMessage?.message ??
    message.viewOnceMessage?.message ??
    message.viewOnceMessageV2?.message ??
    message.documentWithCaptionMessage?.message ??
    message.editedMessage?.message;
  return inner == null ? message : unwrap(inner);
}

function describe({ id, from, edit, at, message }: Stored): ReceivedMessage {
  const base = { id, from, at: new Date(at).toISOString(), ...(edit === undefined ? {} : { edit }) };
  if (message === undefined) return { ...base, type: 'undecrypted', text: null };
  const inner = unwrap(message);
  const { protocolMessage } = inner;
  if (protocolMessage != null) {
    const edited = protocolMessage.editedMessage;
    return {
      ...base,
      type: edited == null ? 'revoke' : 'edit',
      text: edited == null ? null : textOf(unwrap(edited)),
      target: protocolMessage.key?.id ?? '',
      message,
    };
  }
  const type = KINDS.find(([field]) => inner[field] != null)?.[1] ?? 'other';
  const target = inner.reactionMessage?.key?.id ?? inner.pinInChatMessage?.key?.id;
  return { ...base, type, text: textOf(inner), message, ...(target == null ? {} : { target }) };
}

function textOf(message: proto.IMessage): string | null {
  return (
    message.conversation ??
    message.extendedTextMessage?.text ??
    message.reactionMessage?.text ??
    message.imageMessage?.caption ??
    message.videoMessage?.caption ??
    message.documentMessage?.caption ??
    message.interactiveMessage?.body?.text ??
    message.buttonsMessage?.contentText ??
    message.listMessage?.description ??
    null
  );
}
