/**
 * Messages that a simulated person can write.
 *
 * Owns: the request's shape, and the protobuf message (with the stanza attributes that go with it) made from it.
 * Does not: encrypt or address (`inbound.ts`). Media needs a media host, which this server does not have: refused.
 */
import { randomBytes } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import { z } from 'zod';

export const MEDIA_KINDS = ['image', 'video', 'audio', 'document', 'sticker'] as const;

const phone = z.string().regex(/^\d{1,15}$/);
const id = z.string().min(1).max(100);

/** Exactly one of the content fields. */
export const Content = z.strictObject({
  text: z.string().optional(),
  /** Answers the message with this id; goes with `text`. */
  reply: z.strictObject({ id, text: z.string().default('') }).optional(),
  reaction: z.strictObject({ id, emoji: z.string() }).optional(),
  edit: z.strictObject({ id, text: z.string() }).optional(),
  revoke: z.strictObject({ id }).optional(),
  location: z
    .strictObject({
      latitude: z.number(),
      longitude: z.number(),
      name: z.string().optional(),
      address: z.string().optional(),
    })
    .optional(),
  contact: z.strictObject({ name: z.string(), phone }).optional(),
  poll: z
    .strictObject({
      name: z.string(),
      options: z.array(z.string()).min(2),
      selectable: z.int().min(0).default(1),
    })
    .optional(),
  buttonReply: z.strictObject({ id: z.string(), text: z.string() }).optional(),
  listReply: z.strictObject({ id: z.string(), title: z.string() }).optional(),
  forwarded: z.literal(true).optional(),
  viewOnce: z.literal(true).optional(),
  /** Seconds after which the message disappears. */
  ephemeral: z.int().min(1).optional(),
});

export const SendRequest = Content.extend({
  to: phone,
  addressing: z.enum(['pn', 'lid']).default('lid'),
  /** Leaves the alternate address out of the stanza. */
  hidePn: z.literal(true).optional(),
  id: id.optional(),
  /** Push name of the sender. */
  name: z.string().optional(),
});

export type Content = z.infer<typeof Content>;
export type SendRequest = z.input<typeof SendRequest>;

export interface Composed {
  readonly message: proto.IMessage;
  /** Attributes of the `message` stanza. */
  readonly stanza: { readonly type: string; readonly edit?: string };
  /** Attributes of its `enc`. */
  readonly enc: Readonly<Record<string, string>>;
}

/** Where a message is written, seen by its author. */
export interface Chat {
  /** The other side's jid, as the author addresses it. */
  readonly peerJid: string;
  /** Whether the author wrote the message with this id. */
  isOwn(id: string): boolean;
}

/** The message, or the reason why the request makes none. */
export function compose(
  content: Content,
  chat: Chat,
): Composed | { readonly kind: 'invalid'; readonly reason: string } {
  const body = bodyOf(content, chat);
  if (body === undefined) return { kind: 'invalid', reason: 'no content' };
  return { ...body, message: wrapped(body.message, content) };
}

const TEXT = { stanza: { type: 'text' }, enc: {} } as const;
const HIDDEN_WHEN_UNREADABLE = { 'decrypt-fail': 'hide' } as const;

function bodyOf(content: Content, chat: Chat): Composed | undefined {
  const key = (id: string) => ({ remoteJid: chat.peerJid, fromMe: chat.isOwn(id), id });
  const { text, reply, reaction, edit, revoke, location, contact, poll, buttonReply, listReply } = content;
  if (text !== undefined) return { ...TEXT, message: textMessage(text, reply, content, chat) };
  if (reaction !== undefined) {
    const reactionMessage = { key: key(reaction.id), text: reaction.emoji, senderTimestampMs: Date.now() };
    return { message: { reactionMessage }, stanza: { type: 'reaction' }, enc: HIDDEN_WHEN_UNREADABLE };
  }
  if (edit !== undefined) {
    const protocolMessage = {
      key: key(edit.id),
      type: 14,
      editedMessage: { conversation: edit.text },
      timestampMs: Date.now(),
    };
    return { message: { protocolMessage }, stanza: { type: 'text', edit: '1' }, enc: {} };
  }
  if (revoke !== undefined) {
    return {
      message: { protocolMessage: { key: key(revoke.id), type: 0 } },
      stanza: { type: 'text', edit: '7' },
      enc: {},
    };
  }
  if (location !== undefined) {
    const { latitude, longitude, name, address } = location;
    const locationMessage = {
      degreesLatitude: latitude,
      degreesLongitude: longitude,
      name: name ?? null,
      address: address ?? null,
    };
    return { message: { locationMessage }, stanza: { type: 'media' }, enc: { mediatype: 'location' } };
  }
  if (contact !== undefined) {
    const vcard = `BEGIN:VCARD\nVERSION:3.0\nFN:${contact.name}\nTEL;waid=${contact.phone}:+${contact.phone}\nEND:VCARD`;
    const contactMessage = { displayName: contact.name, vcard };
    return { message: { contactMessage }, stanza: { type: 'media' }, enc: { mediatype: 'vcard' } };
  }
  if (poll !== undefined) {
    const pollCreationMessageV3 = {
      name: poll.name,
      options: poll.options.map((optionName) => ({ optionName })),
      selectableOptionsCount: poll.selectable,
    };
    const messageContextInfo = { messageSecret: randomBytes(32) };
    return { message: { pollCreationMessageV3, messageContextInfo }, stanza: { type: 'poll' }, enc: {} };
  }
  if (buttonReply !== undefined) {
    const buttonsResponseMessage = {
      selectedButtonId: buttonReply.id,
      selectedDisplayText: buttonReply.text,
      type: 1,
      contextInfo: {},
    };
    return { ...TEXT, message: { buttonsResponseMessage } };
  }
  if (listReply !== undefined) {
    const listResponseMessage = {
      title: listReply.title,
      listType: 1,
      singleSelectReply: { selectedRowId: listReply.id },
      contextInfo: {},
    };
    return { ...TEXT, message: { listResponseMessage } };
  }
  return undefined;
}

function textMessage(
  text: string,
  reply: Content['reply'],
  { forwarded, ephemeral }: Content,
  chat: Chat,
): proto.IMessage {
  if (reply === undefined && forwarded === undefined && ephemeral === undefined) return { conversation: text };
  const contextInfo: proto.IContextInfo = {};
  if (reply !== undefined) {
    contextInfo.stanzaId = reply.id;
    contextInfo.participant = chat.peerJid;
    contextInfo.quotedMessage = { conversation: reply.text };
  }
  if (forwarded !== undefined) Object.assign(contextInfo, { isForwarded: true, forwardingScore: 1 });
  if (ephemeral !== undefined) contextInfo.expiration = ephemeral;
  return { extendedTextMessage: { text, contextInfo } };
}

function wrapped(message: proto.IMessage, { viewOnce, ephemeral }: Content): proto.IMessage {
  const once = viewOnce === undefined ? message : { viewOnceMessageV2: { message } };
  return ephemeral === undefined ? once : { ephemeralMessage: { message: once } };
}
