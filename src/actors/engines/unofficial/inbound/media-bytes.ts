/**
 * Bytes of a medium: from WhatsApp's media host to a file, and from the file to what the sender saw.
 *
 *  MB1  Only the configured host is asked, over TLS; the message names nothing but a path (SSRF, facts/baileys §12).
 *  MB2  More than 16 MiB ends the download while reading, whatever the message claims (contract inbound §3, C-60).
 *  MB3  Three attempts, 1.5 s apart; in between the sender's phone is asked to upload the medium again (inbound §4).
 *  MB4  A number with a proxy downloads through it or not at all (contract clients §9).
 *  MB5  The file keeps WhatsApp's encryption: a medium at rest is as safe as the key in its row.
 *  MB6  The sender has the key: a MAC that fits promises nothing of what it covers.
 */
import { createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Attachment } from '../../../../app-client/inbound-content.ts';
import { type Clock, sleep } from '../../../../clock.ts';
import type { Log } from '../../../../log.ts';
import { download, downloadThrough, tooLarge } from '../../../../net/download.ts';
import { Egress } from '../../../../net/egress.ts';
import type { AttachmentFetcher } from '../../../attachments.ts';
import type { Route } from '../proxy.ts';
import type { Reuploads } from './media-reupload.ts';

const MAX_BYTES = 16 * 1_048_576;
const MAC_BYTES = 10;
/** Padding and MAC come on top of the medium. */
const MAX_STORED_BYTES = MAX_BYTES + 16 + MAC_BYTES;
const ATTEMPTS = 3;
const APART_MS = 1_500;
const ATTEMPT_MS = 60_000;
const TOO_LARGE = tooLarge(MAX_STORED_BYTES).why;

const KEY_INFO = {
  image: 'WhatsApp Image Keys',
  sticker: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  audio: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
} as const satisfies Record<Attachment['source']['media'], string>;

export type MediaBytesOptions = {
  /** Host and port (`WHATSAPP_MEDIA_HOST`). */
  readonly host: string;
  readonly reuploads: Reuploads;
  /** MB4. By the account's phone digits. */
  readonly routeOf: (account: string) => Route;
  readonly clock: Clock;
  readonly log: Log;
};

export function mediaBytes({ host, reuploads, routeOf, clock, log }: MediaBytesOptions): AttachmentFetcher {
  const egress = new Egress({ appUrl: `https://${host}`, allowHosts: [] });

  async function fetch(attachment: Attachment, path: string, signal: AbortSignal): Promise<boolean> {
    let { directPath } = attachment.source;
    if ((attachment.bytes ?? 0) > MAX_BYTES) return false;
    for (let attempt = 1; ; attempt++) {
      const why = await attemptOnce(attachment, directPath, path, signal);
      if (why === undefined) return true;
      log.info({ reason: why, attempt }, 'an inbound medium could not be downloaded');
      if (attempt === ATTEMPTS || why === TOO_LARGE) return false;
      const [again] = await Promise.all([reuploads.ask(attachment), sleep(clock, APART_MS, signal)]);
      directPath = again ?? directPath;
    }
  }

  /** The reason why it failed; undefined when the file is there. */
  async function attemptOnce(
    { source }: Attachment,
    directPath: string,
    path: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const address = addressOn(host, directPath);
    if (!address) return 'the path leads elsewhere';
    const route = routeOf(source.account);
    if (route.kind === 'blocked') return route.why;
    const late = new AbortController();
    const timer = clock.setTimeout(() => late.abort(), ATTEMPT_MS);
    const file = await open(path, 'w', 0o600);
    try {
      const ends = AbortSignal.any([signal, late.signal]);
      const limits = { maxBytes: MAX_STORED_BYTES, signal: ends };
      const got =
        route.kind === 'direct'
          ? await download(address, file, { ...limits, egress })
          : await downloadThrough(route.out, address, file, limits);
      if (got.kind === 'refused') return got.why;
      await file.sync();
      return source.encryptedSha256 === undefined || (await hashOf(path)) === source.encryptedSha256
        ? undefined
        : 'its hash differs';
    } catch (error) {
      if (late.signal.aborted && !signal.aborted) return 'it took too long';
      throw error;
    } finally {
      clock.clearTimeout(timer);
      await file.close();
    }
  }

  return { fetch, open: decrypted };
}

/** A path may try to name another host (`//evil.example/x`). */
function addressOn(host: string, directPath: string): string | undefined {
  const base = `https://${host}`;
  if (!directPath.startsWith('/') || !URL.canParse(directPath, base)) return undefined;
  const url = new URL(directPath, base);
  return url.origin === new URL(base).origin ? url.href : undefined;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  for await (const chunk of file.createReadStream()) hash.update(chunk as Buffer);
  return hash.digest('base64');
}

/** Undefined when the MAC does not fit: another medium, or half of one. */
function decrypted({ source }: Attachment, stored: Buffer): Buffer | undefined {
  const key = Buffer.from(source.mediaKey, 'base64');
  const all = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), KEY_INFO[source.media], 112));
  const [iv, cipherKey, macKey] = [all.subarray(0, 16), all.subarray(16, 48), all.subarray(48, 80)];
  const ciphertext = stored.subarray(0, -MAC_BYTES);
  const mac = createHmac('sha256', macKey).update(iv).update(ciphertext).digest().subarray(0, MAC_BYTES);
  if (stored.length < 16 + MAC_BYTES || !timingSafeEqual(mac, stored.subarray(-MAC_BYTES))) return undefined;
  const plain = deciphered(ciphertext, cipherKey, iv);
  return plain && plain.length <= MAX_BYTES ? plain : undefined;
}

/** MB6. */
function deciphered(ciphertext: Buffer, key: Buffer, iv: Buffer): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-cbc', key, iv);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    // No whole blocks, or no padding at their end.
    return undefined;
  }
}
