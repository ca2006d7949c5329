/**
 * The protobuf message that a simulated person's phone makes of a request, and the stanza attributes that go with it.
 *
 * Owns: content, quoting, forwarding and wrappers. Does not: encrypt or address (`inbound.ts`).
 */
import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import type { MediaHost } from './media-host.ts';
import { cardMessage } from './sending-cards.ts';
import type { Composed } from './sending-composed.ts';
import { sealVote } from './poll-votes.ts';
import { mediaMessage } from './sending-media.ts';
import { replyMessage } from './sending-replies.ts';
import type { Content } from './sending-request.ts';

/** Where a message is written, seen by its author. */
export interface Chat {
  /** The other side's jid, as the author addresses it; in a group the group's. */
  readonly peerJid: string;
  /** The author's own, in the same way of addressing. */
  readonly ownJid: string;
  /** Whether the author wrote the message with this id. */
  isOwn(id: string): boolean;
  /** In a group: who wrote it, when the author did not. */
  authorOf(id: string): string | undefined;
  /** Of a poll that the author has received. */
  secretOf(id: string): Uint8Array | undefined;
  readonly media: MediaHost;
}

/** The message, or the reason why the request makes none. */
export function compose(
  content: Content,
  chat: Chat,
): Composed | { readonly kind: 'invalid'; readonly reason: string } {
  const body = bodyOf(content, chat);
  if (body === undefined) return { kind: 'invalid', reason: 'no content' };
  forward(body.message, content);
  return { ...body, message: wrapped(body.message, content) };
}

const HIDDEN_WHEN_UNREADABLE = { 'decrypt-fail': 'hide' } as const;

function bodyOf(content: Content, chat: Chat): Composed | undefined {
  const { text, reply, reaction, edit, revoke, poll, pollVote, raw } = content;
  const key = (id: string): proto.IMessageKey => {
    const participant = chat.authorOf(id);
    return { remoteJid: chat.peerJid, fromMe: chat.isOwn(id), id, ...(participant !== undefined && { participant }) };
  };
  if (text !== undefined) return asText(textMessage(text, reply, content, chat));
  if (reaction !== undefined) {
    const reactionMessage = { key: key(reaction.id), text: reaction.emoji, senderTimestampMs: Date.now() };
    return { message: { reactionMessage }, stanza: { type: 'reaction' }, enc: HIDDEN_WHEN_UNREADABLE };
  }
  if (edit !== undefined) {
    const editedMessage = { conversation: edit.text };
    const protocolMessage = { key: key(edit.id), type: 14, editedMessage, timestampMs: Date.now() };
    return { message: { protocolMessage }, stanza: { type: 'text', edit: '1' }, enc: {} };
  }
  if (revoke !== undefined) {
    const protocolMessage = { key: key(revoke.id), type: 0 };
    return { message: { protocolMessage }, stanza: { type: 'text', edit: '7' }, enc: {} };
  }
  if (poll !== undefined) {
    const options = poll.options.map((optionName) => ({ optionName }));
    const pollCreationMessageV3 = { name: poll.name, options, selectableOptionsCount: poll.selectable };
    const messageContextInfo = { messageSecret: randomBytes(32) };
    return { message: { pollCreationMessageV3, messageContextInfo }, stanza: { type: 'poll' }, enc: {} };
  }
  if (pollVote !== undefined) {
    const { id, options } = pollVote;
    const secret = chat.secretOf(id);
    const vote =
      options !== undefined && secret !== undefined
        ? sealVote(options, { pollId: id, secret, creatorJid: chat.peerJid, voterJid: chat.ownJid })
        : { encPayload: randomBytes(48), encIv: randomBytes(12) };
    const pollUpdateMessage = { pollCreationMessageKey: key(id), vote, senderTimestampMs: Date.now() };
    return { message: { pollUpdateMessage }, stanza: { type: 'poll' }, enc: HIDDEN_WHEN_UNREADABLE };
  }
  if (raw !== undefined) return asText(proto.Message.fromObject(raw));
  const answer = replyMessage(content, chat.peerJid);
  if (answer !== undefined) return asText(answer);
  return mediaMessage(content, chat.media) ?? cardMessage(content);
}

const asText = (message: proto.IMessage): Composed => ({ message, stanza: { type: 'text' }, enc: {} });

function textMessage(text: string, reply: Content['reply'], content: Content, chat: Chat): proto.IMessage {
  const { forwarded, ephemeral } = content;
  if (reply === undefined && forwarded === undefined && ephemeral === undefined) return { conversation: text };
  const contextInfo: proto.IContextInfo = {};
  if (reply !== undefined) {
    contextInfo.stanzaId = reply.id;
    contextInfo.participant = chat.peerJid;
    contextInfo.quotedMessage = { conversation: reply.text };
  }
  if (ephemeral !== undefined) contextInfo.expiration = ephemeral;
  return { extendedTextMessage: { text, contextInfo } };
}

/** The mark lies in the context of whatever kind the message is of. */
function forward(message: proto.IMessage, { forwarded }: Content): void {
  if (forwarded === undefined) return;
  const mark = { isForwarded: true, forwardingScore: forwarded === true ? 1 : forwarded };
  for (const part of Object.values(message) as ({ contextInfo?: proto.IContextInfo | null } | null)[]) {
    if (typeof part === 'object' && part !== null) part.contextInfo = { ...part.contextInfo, ...mark };
  }
}

function wrapped(message: proto.IMessage, { viewOnce, ephemeral, withCaptionWrapper }: Content): proto.IMessage {
  const captioned = withCaptionWrapper === undefined ? message : { documentWithCaptionMessage: { message } };
  const once = viewOnce === undefined ? captioned : { viewOnceMessageV2: { message: captioned } };
  return ephemeral === undefined ? once : { ephemeralMessage: { message: once } };
}
