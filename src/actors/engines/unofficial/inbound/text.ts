/**
 * What a message says, as text. Kinds that have no text of their own yet get a short readable note: the customer's
 * message must never be an empty bubble (contract inbound §4).
 */
import type { proto } from '@whiskeysockets/baileys';
import { kindOf } from './unwrap.ts';

export type Reading =
  | { readonly kind: 'text'; readonly text: string }
  /** A note instead of content that is not decoded; `what` is for the count. */
  | { readonly kind: 'note'; readonly text: string; readonly what: string }
  /** Belongs to another message and is no bubble of its own (reactions, votes, pins). */
  | { readonly kind: 'no bubble'; readonly what: string };

const NO_BUBBLE: ReadonlySet<string> = new Set([
  ...['reactionMessage', 'encReactionMessage', 'pollUpdateMessage', 'pinInChatMessage', 'keepInChatMessage'],
  ...['encCommentMessage', 'encEventResponseMessage', 'stickerSyncRmrMessage', 'placeholderMessage', 'call'],
]);

export function readText(message: proto.IMessage): Reading {
  const what = kindOf(message) ?? 'nothing';
  const text = [
    message.conversation,
    message.extendedTextMessage?.text,
    message.imageMessage?.caption,
    message.videoMessage?.caption,
    message.documentMessage?.caption,
  ].find((candidate) => candidate);
  if (text) return { kind: 'text', text };
  if (NO_BUBBLE.has(what)) return { kind: 'no bubble', what };
  return { kind: 'note', text: `[${readable(what)}]`, what };
}

/** `liveLocationMessage` -> `live location`. */
const readable = (field: string): string =>
  field
    .replace(/Message(V\d+)?$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
