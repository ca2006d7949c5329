/**
 * Media as a phone sends them: uploaded to the media host, and the message that says where they are.
 * Does not: make real pictures; the bytes are whatever the test gives.
 */
import { randomBytes } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import type { MediaHost, MediaKind, MediaReference } from './media-host.ts';
import type { Composed } from './sending-composed.ts';
import type { Content, Media } from './sending-request.ts';

/** Undefined when the request has no medium. */
export function mediaMessage(content: Content, host: MediaHost): Composed | undefined {
  const { image, video, videoNote, audio, voice, document, sticker, caption } = content;
  const said = caption === undefined ? {} : { caption };
  if (image) return media('image', { imageMessage: { ...put(host, 'image', image, 'image/jpeg'), ...said } });
  if (video) return media('video', { videoMessage: { ...put(host, 'video', video, 'video/mp4'), ...said } });
  if (videoNote) return media('ptv', { ptvMessage: put(host, 'video', videoNote, 'video/mp4') });
  if (audio) return media('audio', { audioMessage: put(host, 'audio', audio, 'audio/mpeg') });
  if (voice) {
    const spoken = put(host, 'audio', voice, 'audio/ogg; codecs=opus');
    return media('ptt', { audioMessage: { ...spoken, ptt: true, seconds: 3 } });
  }
  if (sticker) return media('sticker', { stickerMessage: put(host, 'sticker', sticker, 'image/webp') });
  if (!document) return undefined;
  const { fileName, title } = document;
  const names = { ...(fileName !== undefined && { fileName }), ...(title !== undefined && { title }) };
  const documentMessage = { ...put(host, 'document', document, 'application/pdf'), ...names, ...said };
  return media('document', { documentMessage });
}

function put(host: MediaHost, kind: MediaKind, media: Media, mime: string): MediaReference & { mimetype: string } {
  const { base64, size = 1_000, claimedLength } = media;
  const reference = host.put(kind, base64 === undefined ? randomBytes(size) : Buffer.from(base64, 'base64'));
  const fileLength = claimedLength ?? reference.fileLength;
  return { ...reference, fileLength, mimetype: media.mime ?? mime };
}

const media = (mediatype: string, message: proto.IMessage): Composed => ({
  message,
  stanza: { type: 'media' },
  enc: { mediatype },
});
