/**
 * Neutral content → the library's message, for one chat. Media is uploaded before (media.ts).
 *
 * Deliberately not here: stanza attributes (stanza.ts), encryption and sending (../send.ts).
 */
import { type AnyMessageContent, generateWAMessageContent, proto, type WAMessageKey } from '@whiskeysockets/baileys';
import { asText } from '../../../../content/as-text.ts';
import type { Content, MediaFile, Target } from '../../../../content/content.ts';
import { phoneJid, splitJid } from '../../../../phone.ts';
import type { Sendable } from './capabilities.ts';
import { type NativeFlow, nativeFlowMessage } from './native-flow.ts';

/** What needs no upload: no media, and no interactive message with media. */
export type Plain = Exclude<Sendable<MediaFile>, { kind: 'media' }>;

type GenerateOptions = Parameters<typeof generateWAMessageContent>[1];

/** WhatsApp knows three durations of a pin; any other becomes the next longer one (contract messages §6). */
const PIN_SECONDS = [86_400, 604_800, 2_592_000] as const;

export function isInteractive(content: Content<MediaFile>): content is NativeFlow {
  return ['buttons', 'list', 'carousel', 'location request'].includes(content.kind);
}

/** What WhatsApp's own clients let one ask; votes name an option by its hash, so that equal ones could not be told apart. */
const isPoll = ({ options, question }: Extract<Plain, { kind: 'poll' }>): boolean =>
  options.length >= 2 &&
  options.length <= 12 &&
  question.length <= 255 &&
  new Set(options).size === options.length &&
  options.every((option) => option.trim() !== '' && option.length <= 100);

/** Who wrote a message in a group, a JID, as far as it is known. */
export type AuthorOf = (id: string) => string | undefined;

/** `chat`: the JID that is really used. */
export async function compose(content: Plain, chat: string, authorOf: AuthorOf): Promise<proto.IMessage> {
  const keyOf = (target: Target) => keyIn(chat, target, authorOf);
  switch (content.kind) {
    case 'buttons':
    case 'list':
    case 'carousel':
    case 'location request':
      return nativeFlowMessage(content, []);
    case 'text': {
      const mentions = content.mentions?.map(jidOfMention);
      // `linkPreview: null`: no request to a stranger's page, whatever is installed (facts/baileys §3).
      return generate({ text: content.text, linkPreview: null, ...(mentions && { mentions }) });
    }
    case 'location': {
      const { latitude, longitude, name, address } = content;
      return generate({ location: { degreesLatitude: latitude, degreesLongitude: longitude, name, address } });
    }
    case 'poll': {
      const { question: name, options, multiple } = content;
      if (!isPoll(content)) return generate({ text: asText(content, 'numbers'), linkPreview: null });
      return generate({ poll: { name, values: [...options], selectableCount: multiple ? 0 : 1 } });
    }
    case 'contact': {
      const { displayName, vcard } = content;
      return generate({ contacts: { displayName, contacts: [{ displayName, vcard }] } });
    }
    case 'reaction':
      return generate({ react: { text: content.emoji, key: keyOf(content.target) } });
    case 'pin': {
      const time = PIN_SECONDS.find((seconds) => seconds >= content.seconds) ?? PIN_SECONDS[2];
      const { PIN_FOR_ALL, UNPIN_FOR_ALL } = proto.PinInChat.Type;
      return generate({
        pin: keyOf(content.target),
        type: content.pin ? PIN_FOR_ALL : UNPIN_FOR_ALL,
        ...(content.pin && { time }),
      });
    }
    case 'edit':
      return generate({ text: content.text, linkPreview: null, edit: keyOf(content.target) });
    case 'delete':
      return generate({ delete: keyOf(content.target) });
    default:
      return content satisfies never;
  }
}

const generate = (content: AnyMessageContent): Promise<proto.Message> =>
  generateWAMessageContent(content, {} as GenerateOptions);

/** Contract messages §6: in a group the author goes with it when the message is not ours (C-47). */
function keyIn(chat: string, { id, fromMe, participant }: Target, authorOf: AuthorOf): WAMessageKey {
  const isOthers = splitJid(chat)?.server === 'g.us' && !fromMe;
  const author = isOthers ? (participant ?? authorOf(id)) : undefined;
  return { remoteJid: chat, fromMe, id, ...(author !== undefined && { participant: author }) };
}

/** Phones of a request, or JIDs (contract messages §7). */
const jidOfMention = (mention: string): string =>
  mention.includes('@') ? mention : phoneJid(mention.replace(/\D/g, ''));
