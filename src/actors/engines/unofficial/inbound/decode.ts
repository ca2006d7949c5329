/**
 * An unwrapped message -> what it says to the app (contract inbound §4, the whole table).
 *
 *  DC1  Nothing arrives as an empty bubble: a kind without a decoder becomes a short readable note and is counted.
 *  DC2  What belongs to another message (votes, pins) is no bubble, and is counted too.
 *
 * Deliberately not here: wrappers, edits and revokes (unwrap.ts), and who wrote it (select.ts).
 */
import type { proto } from '@whiskeysockets/baileys';
import type { InboundContent } from '../../../../app-client/inbound-content.ts';
import { readCard } from './cards.ts';
import { readShown, readTap, textOfTap } from './interactive.ts';
import { type Origin, readMedia } from './media.ts';
import { readContacts } from './people.ts';
import { kindOf } from './unwrap.ts';

export type Decoded =
  /** Several only for contact cards. `note`: what kind had no decoder, for the count. */
  | { readonly kind: 'contents'; readonly contents: readonly InboundContent[]; readonly note?: string }
  | { readonly kind: 'no bubble'; readonly what: string };

const NO_BUBBLE: ReadonlySet<string> = new Set([
  ...['encReactionMessage', 'pollUpdateMessage', 'pinInChatMessage', 'keepInChatMessage', 'albumMessage', 'chat'],
  ...['encCommentMessage', 'encEventResponseMessage', 'stickerSyncRmrMessage', 'placeholderMessage', 'call'],
  ...['messageHistoryBundle', 'messageHistoryNotice'],
]);

export function decode(message: proto.IMessage, origin: Origin): Decoded {
  const what = kindOf(message) ?? 'nothing';
  if (NO_BUBBLE.has(what)) return { kind: 'no bubble', what };
  const { reactionMessage } = message;
  if (reactionMessage) {
    const target = reactionMessage.key?.id;
    if (!target) return { kind: 'no bubble', what: 'reaction to nothing' };
    return one({ kind: 'reaction', emoji: reactionMessage.text ?? '', target });
  }
  const medium = readMedia(message, origin);
  if (medium) return one(medium);
  const contacts = readContacts(message);
  if (contacts.length > 0) return { kind: 'contents', contents: contacts };
  if (message.locationMessage || message.liveLocationMessage) return readLocation(message);
  const text = readText(message);
  const tap = readTap(message);
  if (text !== undefined) return one({ kind: 'text', text, ...(tap && { tap }) });
  const note: InboundContent = { kind: 'text', text: `[${readable(what)}]` };
  return { kind: 'contents', contents: [note], note: what };
}

/** The text of a message of any kind; undefined when it has none. */
export function readText(message: proto.IMessage): string | undefined {
  const { conversation, extendedTextMessage, imageMessage, videoMessage, documentMessage } = message;
  return (
    conversation ||
    extendedTextMessage?.text ||
    imageMessage?.caption ||
    videoMessage?.caption ||
    documentMessage?.caption ||
    (textOfTap(message) ?? readCard(message) ?? readShown(message))
  );
}

/** How often it was forwarded; undefined when it was not. The context lies in whatever kind the message is of. */
export function forwardedOf(message: proto.IMessage): number | undefined {
  const part = message[kindOf(message) ?? 'conversation'];
  const context = typeof part === 'object' && part && 'contextInfo' in part ? part.contextInfo : undefined;
  const score = context?.forwardingScore ?? 0;
  return context?.isForwarded || score > 0 ? score : undefined;
}

/** Updates of a live location carry how long it has been running; only its beginning is told. */
function readLocation({ locationMessage: fixed, liveLocationMessage: live }: proto.IMessage): Decoded {
  if (live?.timeOffset) return { kind: 'no bubble', what: 'live location update' };
  const { degreesLatitude, degreesLongitude } = fixed ?? live ?? {};
  return one({
    kind: 'location',
    latitude: degreesLatitude ?? 0,
    longitude: degreesLongitude ?? 0,
    name: fixed?.name ?? '',
    address: fixed?.address ?? '',
    caption: live?.caption ?? fixed?.comment ?? '',
  });
}

const one = (content: InboundContent): Decoded => ({ kind: 'contents', contents: [content] });

/** `liveLocationMessage` -> `live location`. */
const readable = (field: string): string =>
  field
    .replace(/Message(V\d+)?$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
