/**
 * Media of a message → what the Cloud API takes: a link that Meta fetches, or the id of uploaded bytes (contract messages
 * §3, facts/cloud-api.md §5).
 *
 *  CM1  A link only for a public https address; everything else is fetched under the rules of §11 and uploaded.
 *  CM2  Uploaded files are removed whatever becomes of the upload.
 *  CM3  Sizes that Meta refuses are refused before the upload.
 *  CM4  What a job holds for all its recipients is uploaded once per number; Meta keeps an upload for 30 days.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Media, MediaFile } from '../../../content/content.ts';
import { linksOf } from '../../../content/media.ts';
import type { Payload } from '../../../net/vendor.ts';
import type { MediaFiles } from '../../content/media-files.ts';
import type { MediaSources } from '../../content/media-source.ts';
import type { ProviderResult } from '../provider.ts';

const MB = 1_048_576;
const MAX_BYTES = { image: 5 * MB, video: 16 * MB, audio: 16 * MB, document: 100 * MB, sticker: 500 * 1_024 } as const;

/** More jobs with media than ever run at once; one more upload is all that a forgotten one costs. */
const MAX_HELD = 500;

export type CloudMediaOptions = {
  readonly sources: Pick<MediaSources, 'fetch'>;
  readonly files: Pick<MediaFiles, 'remove'>;
  /** True for an https address that every machine of the internet reaches. */
  readonly isPublic: (url: string) => Promise<boolean>;
};

export type Upload = (payload: Payload) => Promise<{ readonly kind: 'uploaded'; readonly id: string } | Failed>;
type Failed = Exclude<ProviderResult, { kind: 'sent' }>;

export type Ready =
  | { readonly kind: 'ready'; readonly media: Pick<Media, 'type' | 'fileName' | 'voice'>; readonly ref: object }
  | { readonly kind: 'not ready'; readonly result: Failed };

export class CloudMedia {
  readonly #o: CloudMediaOptions;
  /** CM4 */
  readonly #held = new Map<string, Promise<Ready>>();

  constructor(options: CloudMediaOptions) {
    this.#o = options;
  }

  /** `from`: the sending number. `deadline` in epoch ms. */
  async ready(from: string, media: Media, deadline: number, upload: Upload): Promise<Ready> {
    const link = media.from.kind === 'first of' ? media.link : linksOf(media)[0];
    if (link !== undefined && (await this.#o.isPublic(link))) return { kind: 'ready', media, ref: { link } };
    if (media.from.kind !== 'held') return this.#uploaded(from, media, deadline, upload);
    const key = JSON.stringify([from, media]);
    const known = this.#held.get(key);
    if (known) return known;
    const [oldest] = this.#held.size >= MAX_HELD ? this.#held.keys() : [];
    if (oldest !== undefined) this.#held.delete(oldest);
    const ready = this.#uploaded(from, media, deadline, upload);
    this.#held.set(key, ready);
    const forget = () => this.#held.delete(key);
    void ready.then(({ kind }) => void (kind === 'not ready' && forget()), forget);
    return ready;
  }

  async #uploaded(from: string, media: Media, deadline: number, upload: Upload): Promise<Ready> {
    const fetched = await this.#o.sources.fetch(from, { kind: 'media', media, caption: '' }, deadline);
    if (fetched.kind === 'late') return failed('no time', 'The media was not here in time; nothing was sent');
    if (fetched.kind === 'refused') return failed('media refused', fetched.why);
    if (fetched.content.kind !== 'media') throw new TypeError('media became something else');
    const file = fetched.content.media;
    try {
      const limit = MAX_BYTES[file.type];
      if (file.from.bytes > limit)
        return failed('media refused', `Media refused: WhatsApp takes a ${file.type} up to ${limit / MB} MB`);
      const uploaded = await upload(formOf(file));
      if (uploaded.kind !== 'uploaded') return { kind: 'not ready', result: asNotSent(uploaded) };
      return { kind: 'ready', media: file, ref: { id: uploaded.id } };
    } finally {
      await this.#o.files.remove([file.from]);
    }
  }
}

const failed = (reason: 'no time' | 'media refused', error: string): Ready => ({
  kind: 'not ready',
  result: { kind: 'failed', error, class: reason },
});

/** An upload is no message: whatever became of it, nothing was sent. */
const asNotSent = (result: Failed): Failed =>
  result.kind === 'failed' ? result : { kind: 'failed', error: `${result.error} (upload)`, class: 'transient' };

/** multipart/form-data, read from the disk while it is sent. */
function formOf({ mime, fileName, from }: Media<MediaFile>): Payload {
  const boundary = `----${randomUUID()}`;
  const field = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const name = (fileName ?? 'file').replace(/["\r\n\\]/g, '_');
  const head = Buffer.from(
    `${field('messaging_product', 'whatsapp')}${field('type', mime)}--${boundary}\r\n` +
      `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${mime}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: head.length + from.bytes + tail.length,
    async *chunks() {
      yield head;
      yield* createReadStream(from.path) as AsyncIterable<Buffer>;
      yield tail;
    },
  };
}
