/**
 * What a phone shows of a message besides its text: media with their bytes, buttons, cards, list rows, a place, a card.
 *
 * Owns: reading the decrypted message, and decrypting its media from the media host.
 * Invariants:
 *   S1 media is there only when the bytes fit the key and both hashes that the message names.
 * Does not: decide the message's type and text (`inbox.ts`).
 */
import { createHash } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import { unwrap } from './inbox.ts';
import type { MediaHost, MediaKind } from './media-host.ts';

export interface ShownMedia {
  readonly kind: MediaKind;
  readonly mime: string;
  /** Of the decrypted bytes, in hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly fileName?: string;
  readonly voice?: true;
  readonly thumbnail?: true;
}

export interface ShownButton {
  readonly name: string;
  /** The parsed parameters. */
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ShownCard {
  readonly title: string;
  readonly body: string;
  readonly footer: string;
  readonly media?: ShownMedia | null;
  readonly buttons: readonly ShownButton[];
}

export interface Shown {
  /** `null`: the message names media that cannot be had. */
  readonly media?: ShownMedia | null;
  /** Of an interactive message; `title` and `footer` are empty when it has none. */
  readonly interactive?: Omit<ShownCard, 'buttons'> & { readonly subtitle: string };
  readonly buttons?: readonly ShownButton[];
  readonly cards?: readonly ShownCard[];
  readonly place?: {
    readonly latitude: number;
    readonly longitude: number;
    readonly name: string;
    readonly address: string;
  };
  readonly contact?: { readonly displayName: string; readonly vcard: string };
  readonly mentions?: readonly string[];
  /** Of a pin: 1 pins, 2 unpins; how long, in seconds. */
  readonly pin?: { readonly type: number; readonly seconds: number };
  /** Whose message is meant, as the sender wrote it. */
  readonly key?: { readonly chat: string; readonly fromMe: boolean; readonly participant?: string };
}

type Media = Pick<MediaHost, 'read'>;
type Interactive = proto.Message.IInteractiveMessage;
type Carrier = Pick<
  proto.IMessage,
  'imageMessage' | 'videoMessage' | 'audioMessage' | 'documentMessage' | 'stickerMessage'
>;

export function detailsOf(decrypted: unknown, host: Media): Shown {
  if (decrypted === undefined) return {};
  const message = unwrap(decrypted as proto.IMessage);
  const { interactiveMessage, locationMessage, contactMessage, extendedTextMessage, pinInChatMessage } = message;
  const media = mediaOf(message, host);
  const key = message.reactionMessage?.key ?? pinInChatMessage?.key ?? message.protocolMessage?.key;
  const mentions = extendedTextMessage?.contextInfo?.mentionedJid;
  return {
    ...(media !== undefined && { media }),
    ...(interactiveMessage != null && interactiveOf(interactiveMessage, host)),
    ...(locationMessage != null && { place: placeOf(locationMessage) }),
    ...(contactMessage != null && {
      contact: { displayName: contactMessage.displayName ?? '', vcard: contactMessage.vcard ?? '' },
    }),
    ...(mentions?.length && { mentions }),
    ...(pinInChatMessage != null && {
      pin: { type: pinInChatMessage.type ?? 0, seconds: message.messageContextInfo?.messageAddOnDurationInSecs ?? 0 },
    }),
    ...(key != null && {
      key: {
        chat: key.remoteJid ?? '',
        fromMe: key.fromMe === true,
        ...(key.participant && { participant: key.participant }),
      },
    }),
  };
}

function interactiveOf(message: Interactive, host: Media): Shown {
  const { buttons, ...rest } = cardOf(message, host);
  const cards = message.carouselMessage?.cards?.map((card) => cardOf(card, host));
  return {
    interactive: { ...rest, subtitle: message.header?.subtitle ?? '' },
    buttons,
    ...(cards !== undefined && { cards }),
  };
}

function cardOf({ header, body, footer, nativeFlowMessage }: Interactive, host: Media): ShownCard {
  const media = header == null ? undefined : mediaOf(header, host);
  return {
    title: header?.title ?? '',
    body: body?.text ?? '',
    footer: footer?.text ?? '',
    ...(media !== undefined && { media }),
    buttons: (nativeFlowMessage?.buttons ?? []).map(({ name, buttonParamsJson }) => ({
      name: name ?? '',
      params: JSON.parse(buttonParamsJson ?? '{}') as Record<string, unknown>,
    })),
  };
}

function placeOf(location: proto.Message.ILocationMessage): NonNullable<Shown['place']> {
  const { degreesLatitude, degreesLongitude, name, address } = location;
  return { latitude: degreesLatitude ?? 0, longitude: degreesLongitude ?? 0, name: name ?? '', address: address ?? '' };
}

const CARRIERS = [
  ['imageMessage', 'image'],
  ['videoMessage', 'video'],
  ['audioMessage', 'audio'],
  ['documentMessage', 'document'],
  ['stickerMessage', 'sticker'],
] as const;

function mediaOf(carrier: Carrier, host: Media): ShownMedia | null | undefined {
  const [field, kind] = CARRIERS.find(([name]) => carrier[name] != null) ?? [];
  const pointer = field === undefined ? undefined : carrier[field];
  if (pointer == null || kind === undefined) return undefined;
  const { directPath, mediaKey, fileSha256, mimetype } = pointer;
  const bytes = host.read(kind, { directPath: directPath ?? null, mediaKey: mediaKey ?? null });
  const sha256 = bytes === undefined ? '' : createHash('sha256').update(bytes).digest('hex');
  if (bytes === undefined || sha256 !== Buffer.from(fileSha256 ?? []).toString('hex')) return null;
  return {
    kind,
    mime: mimetype ?? '',
    sha256,
    bytes: bytes.length,
    ...(carrier.documentMessage?.fileName && { fileName: carrier.documentMessage.fileName }),
    ...(carrier.audioMessage?.ptt && { voice: true }),
    ...(carrier.imageMessage?.jpegThumbnail?.length && { thumbnail: true }),
  };
}
