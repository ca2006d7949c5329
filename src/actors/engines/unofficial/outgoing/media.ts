/**
 * Media on disk → uploaded to WhatsApp's media hosts → the message that points there.
 *
 *  UP1  One upload takes at most 180 s, faults and repeats together (contract messages §1.4, §3).
 *  UP2  A fault of the host or of the way is tried again; only a file that is gone is final.
 *
 * Thumbnails and durations come from what the library finds installed; without them the message goes without.
 * Deliberately not here: who waits for an upload, and what a late one means (media-sends.ts).
 */
import { stat } from 'node:fs/promises';
import {
  type AnyMediaMessageContent,
  extractImageThumb,
  getAudioDuration,
  prepareWAMessageMedia,
  type proto,
  type WAMediaUploadFunction,
} from '@whiskeysockets/baileys';
import { type Clock, sleep } from '../../../../clock.ts';
import type { Media, MediaFile } from '../../../../content/content.ts';
import type { Log } from '../../../../log.ts';
import { type Backoff, backoff } from '../../../../machines/backoff.ts';

const UPLOAD_MS = 180_000;
const BACKOFF: Backoff = { base: 1_000, growth: 3, maxFactor: 27, jitter: 500, max: 30_000 };

export type Uploaded =
  | { readonly kind: 'uploaded'; readonly message: proto.IMessage }
  /** `gone`: the file is no longer there, so no repeat can help. */
  | { readonly kind: 'failed'; readonly error: string; readonly gone: boolean };

export type UploaderOptions = {
  /** `waUploadToServer` of the open socket: it goes through the socket's own agent. */
  readonly upload: WAMediaUploadFunction;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the connection ends: no further try then. */
  readonly cut: AbortSignal;
};

/** A message with this one medium, uploaded (UP1, UP2). */
export async function uploadMedia(
  media: Media<MediaFile>,
  caption: string,
  { upload, clock, log, cut }: UploaderOptions,
): Promise<Uploaded> {
  const until = clock.now() + UPLOAD_MS;
  for (let tries = 0; ; tries += 1) {
    if (!(await exists(media.from.path))) return { kind: 'failed', error: 'its media is no longer there', gone: true };
    const done = await once(media, caption, upload, clock, until);
    if (done.kind === 'uploaded') return done;
    const pause = backoff(BACKOFF, tries, Math.random());
    log.warn({ err: done.error, tries: tries + 1 }, 'an upload to WhatsApp failed');
    const isOver = clock.now() + pause >= until || !(await sleep(clock, pause, cut).then(yes, no));
    if (isOver) return { kind: 'failed', error: 'the media could not be uploaded', gone: false };
  }
}

const yes = () => true;
const no = () => false;

type Try = { readonly kind: 'uploaded'; readonly message: proto.IMessage } | { readonly kind: 'fault'; error: unknown };

/** The library's own time limit watches for silence only: a host that trickles would hold it for ever. */
async function once(
  media: Media<MediaFile>,
  caption: string,
  upload: WAMediaUploadFunction,
  clock: Clock,
  until: number,
): Promise<Try> {
  const left = until - clock.now();
  const prepared = libraryContent(media, caption)
    .then((content) => prepareWAMessageMedia(content, { upload, mediaUploadTimeoutMs: left }))
    .then(
      (message): Try => ({ kind: 'uploaded', message }),
      (error: unknown): Try => ({ kind: 'fault', error }),
    );
  const over = new Promise<Try>((resolve) => {
    const timer = clock.setTimeout(() => resolve({ kind: 'fault', error: new Error('no answer in time') }), left);
    void prepared.finally(() => clock.clearTimeout(timer));
  });
  return Promise.race([prepared, over]);
}

/**
 * Thumbnail and duration are given, be it empty: the library would first copy the whole plain file into a folder that
 * others can read.
 */
async function libraryContent(media: Media<MediaFile>, caption: string): Promise<AnyMediaMessageContent> {
  const { type, mime: mimetype, from, fileName } = media;
  const file = { url: from.path };
  const words = caption === '' ? {} : { caption };
  switch (type) {
    case 'image':
      return { image: file, mimetype, ...words, ...(await thumbnail(from.path)) };
    case 'video':
      return { video: file, mimetype, ...words, jpegThumbnail: '' };
    case 'audio':
      return { audio: file, mimetype, ptt: media.voice === true, seconds: await seconds(from.path) };
    case 'document':
      return { document: file, mimetype, fileName: fileName ?? 'file', ...words };
    case 'sticker':
      return { sticker: file, mimetype };
    default:
      return type satisfies never;
  }
}

type Thumbnail = { readonly jpegThumbnail: string; readonly width?: number; readonly height?: number };

/** Empty for what no installed library can read: an image without a preview is still the image. */
async function thumbnail(path: string): Promise<Thumbnail> {
  const made = await extractImageThumb(path).catch(() => undefined);
  if (!made) return { jpegThumbnail: '' };
  const { width, height } = made.original;
  return {
    jpegThumbnail: made.buffer.toString('base64'),
    ...(width !== undefined && height !== undefined && { width, height }),
  };
}

/** 0 for what cannot be read. */
const seconds = async (path: string): Promise<number> =>
  Math.round((await getAudioDuration(path).catch(() => undefined)) ?? 0);

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw thrown;
  }
}
