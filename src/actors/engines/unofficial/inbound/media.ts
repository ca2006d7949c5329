/**
 * Media and where their bytes are (contract inbound §4). The sender chooses `url` freely, so it is never asked: only the
 * path on WhatsApp's own hosts counts (facts/baileys §12).
 */
import { createHash } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import type { Attachment, Medium } from '../../../../app-client/inbound-content.ts';

/** The message that the medium came in, for a later request to its sender's phone. */
export type Origin = Pick<Attachment['source'], 'account' | 'message'>;

/** Undefined for a message without a medium. */
export function readMedia(message: proto.IMessage, origin: Origin): Medium | undefined {
  const { imageMessage, audioMessage, documentMessage, stickerMessage } = message;
  const videoMessage = message.videoMessage ?? message.ptvMessage;
  if (imageMessage) return medium('image', imageMessage, imageMessage.caption, origin);
  if (videoMessage) return medium('video', videoMessage, videoMessage.caption, origin);
  if (audioMessage) return medium('audio', audioMessage, '', origin);
  if (stickerMessage) return medium('sticker', stickerMessage, '', origin);
  if (!documentMessage) return undefined;
  const fileName = documentMessage.fileName || documentMessage.title;
  return { ...medium('document', documentMessage, documentMessage.caption, origin), ...(fileName && { fileName }) };
}

type Encrypted = Pick<
  proto.Message.IImageMessage,
  'mimetype' | 'directPath' | 'url' | 'mediaKey' | 'fileEncSha256' | 'fileLength'
>;

function medium(
  type: Medium['type'],
  encrypted: Encrypted,
  caption: string | null | undefined,
  origin: Origin,
): Medium {
  const attachment = attachmentOf(type, encrypted, origin);
  const mime = encrypted.mimetype ?? '';
  return { kind: 'media', type, mime, caption: caption ?? '', ...(attachment && { attachment }) };
}

function attachmentOf(media: Medium['type'], encrypted: Encrypted, origin: Origin): Attachment | undefined {
  const { mediaKey, fileEncSha256, fileLength } = encrypted;
  const directPath = encrypted.directPath || pathOnWhatsApp(encrypted.url);
  if (!directPath || !mediaKey || mediaKey.length === 0) return undefined;
  const { account, message } = origin;
  const bytes = Number(fileLength ?? 0);
  return {
    file: createHash('sha256').update(`${account} ${message.chat} ${message.id}`).digest('hex').slice(0, 40),
    ...(bytes > 0 && { bytes }),
    source: {
      kind: 'whatsapp',
      ...{ account, message, directPath, media },
      mediaKey: Buffer.from(mediaKey).toString('base64'),
      ...(fileEncSha256 && { encryptedSha256: Buffer.from(fileEncSha256).toString('base64') }),
    },
  };
}

/** Older clients leave the path out. Anything that is not on WhatsApp's hosts is nobody's business to fetch. */
function pathOnWhatsApp(url: string | null | undefined): string | undefined {
  if (!url || !URL.canParse(url)) return undefined;
  const { hostname, pathname, search } = new URL(url);
  return hostname.endsWith('.whatsapp.net') ? pathname + search : undefined;
}
