/**
 * A medium that the media host lost: the client asks, and the sender's phone uploads it once more.
 *
 * Owns: the `server-error` receipt with which a client asks, and the `mediaretry` notification that answers it.
 * Does not: store media (`media-host.ts`).
 * Source: facts/baileys.md section 12; WhatsApp's `MediaRetryNotification`.
 */
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { parseJid } from './addresses.ts';
import { unwrap } from './inbox.ts';
import type { MediaPointer } from './media-host.ts';
import { child, el } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';

const INFO = 'WhatsApp Media Retry Notification';
/** `MediaRetryNotification.ResultType.NOT_FOUND`. */
const NOT_FOUND = '2';

/** False when this person sent no medium with this id. */
export function loseMedium(service: Service, author: Person, id: string, forever: boolean): boolean {
  const medium = mediumOf(author, id);
  if (medium?.directPath == null) return false;
  service.media.lose(medium.directPath, forever);
  return true;
}

export function askForMedium(service: Service, owner: Person, receipt: BinaryNode): void {
  const id = receipt.attrs['id'] ?? '';
  const rmr = child(receipt, 'rmr');
  const chat = parseJid(rmr?.attrs['participant']) ?? parseJid(rmr?.attrs['jid']);
  if (rmr === undefined || chat === undefined) return;
  const author = rmr.attrs['from_me'] === 'true' ? owner : service.people.get(chat.phone);
  const medium = mediumOf(author, id);
  const directPath = medium?.directPath == null ? undefined : service.media.again(medium.directPath);
  const found = directPath !== undefined && medium?.mediaKey != null;
  const answer = found
    ? encrypted(medium.mediaKey, id, { stanzaId: id, directPath, result: 1 })
    : el('error', { code: NOT_FOUND });
  const attributes = { id, from: receipt.attrs['to'], type: 'mediaretry' };
  service.numbers.live(owner.phone)?.send(el('notification', attributes, [answer, el('rmr', { ...rmr.attrs })]));
}

function mediumOf(author: Person, id: string): MediaPointer | undefined {
  const sent = author.sent.get(id)?.message;
  if (sent === undefined) return undefined;
  const message = unwrap(sent.deviceSentMessage?.message ?? sent);
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = message;
  const medium =
    imageMessage ?? videoMessage ?? ptvMessage ?? audioMessage ?? documentMessage ?? stickerMessage ?? undefined;
  return medium as MediaPointer | undefined;
}

function encrypted(mediaKey: Uint8Array, id: string, content: proto.IMediaRetryNotification): BinaryNode {
  const iv = randomBytes(12);
  const key = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), INFO, 32));
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(id));
  const plain = proto.MediaRetryNotification.encode(content).finish();
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return el('encrypt', {}, [el('enc_p', {}, sealed), el('enc_iv', {}, iv)]);
}
