/**
 * Where media comes from → files on this machine, within the rules of contract messages §11.
 *
 *  ME1  base64, a guarded URL, or a path inside `MEDIA_READ_BASES` after resolving links (C-06); nothing else, and never
 *       more than `MEDIA_MAX_MB`.
 *  ME2  A download has 60 s, and never longer than the send that needs it.
 *  ME3  Refused media refuses the whole content; only a card that says so goes without its image (§8). Whatever was
 *       fetched for a content that comes to nothing is removed.
 *  ME4  What a job holds already (held-media.ts) is not fetched again: a second name for the same bytes is made.
 *
 * Deliberately not here: what the bytes are (media-kind.ts), address rules (net/egress.ts).
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import type { Content, HeldPlace, Media, MediaFile, MediaPlace } from '../../content/content.ts';
import { download, type Downloaded, tooLarge } from '../../net/download.ts';
import type { Egress } from '../../net/egress.ts';
import { copied, insideBases } from './local-files.ts';
import type { MediaFiles } from './media-files.ts';
import { settled } from './media-kind.ts';
import type { VoiceConverter } from './voice.ts';

/** Contract messages §11. */
const DOWNLOAD_MS = 60_000;

export type Fetched =
  | { readonly kind: 'here'; readonly content: Content<MediaFile> }
  | { readonly kind: 'refused'; readonly why: string }
  /** The send's own deadline came first. */
  | { readonly kind: 'late' };

export type MediaSourcesOptions = {
  readonly files: MediaFiles;
  readonly egress: Egress;
  readonly voice: VoiceConverter;
  /** `MEDIA_MAX_MB` in bytes. */
  readonly maxBytes: number;
  /** `MEDIA_READ_BASES`. */
  readonly readBases: readonly string[];
  readonly clock: Clock;
};

/** The literal of contract messages §11. */
const INVALID = { kind: 'refused', why: 'Invalid media' } as const;

type Got =
  | { readonly kind: 'got'; readonly media: Media<MediaFile> }
  | { readonly kind: 'refused'; readonly why: string };

export class MediaSources {
  readonly #o: MediaSourcesOptions;

  constructor(options: MediaSourcesOptions) {
    this.#o = options;
  }

  /** `deadline`: epoch ms of the send. The files belong to the caller. */
  async fetch(digits: string, content: Content, deadline: number): Promise<Fetched> {
    const made: MediaFile[] = [];
    const late = new AbortController();
    const { clock, files } = this.#o;
    const timer = clock.setTimeout(() => late.abort(), Math.max(0, deadline - clock.now()));
    const fetch = async (media: Media): Promise<Media<MediaFile>> => {
      const got = await this.#media(digits, media, late.signal);
      if (got.kind === 'refused') throw new Refused(got.why);
      made.push(got.media.from);
      return got.media;
    };
    try {
      return { kind: 'here', content: await withFiles(content, fetch) };
    } catch (thrown) {
      await files.remove(made);
      if (late.signal.aborted) return { kind: 'late' };
      if (thrown instanceof Refused) return { kind: 'refused', why: thrown.message };
      throw thrown;
    } finally {
      clock.clearTimeout(timer);
    }
  }

  async #media(digits: string, media: Media, signal: AbortSignal): Promise<Got> {
    const places = media.from.kind === 'first of' ? media.from.places : [media.from];
    let why = 'Media refused: no place is named';
    for (const place of places) {
      const got = await this.#place(digits, media, place, signal);
      if (got.kind === 'got') return got;
      why = got.why;
    }
    return { kind: 'refused', why };
  }

  async #place(digits: string, media: Media, place: MediaPlace, signal: AbortSignal): Promise<Got> {
    if (place.kind === 'held') return this.#held(digits, media, place, signal);
    const { path, file } = await this.#o.files.create(digits);
    const nothing: MediaFile = { kind: 'file', path, bytes: 0 };
    let fetched: Downloaded;
    try {
      fetched = await this.fill(file, place, signal);
    } catch (thrown) {
      await this.#o.files.remove([nothing]);
      throw thrown;
    } finally {
      await file.close();
    }
    if (fetched.kind === 'done') {
      const from: MediaFile = { ...nothing, bytes: fetched.bytes };
      return { kind: 'got', media: await this.#o.voice.asVoice(await settled(media, from, fetched), signal) };
    }
    await this.#o.files.remove([nothing]);
    return fetched;
  }

  /** ME4. The file may be replaced by a conversion, but is never written to: what is held stays as it is. */
  async #held(digits: string, media: Media, { path, bytes, contentType, was }: HeldPlace, signal: AbortSignal) {
    const linked = await this.#o.files.link(digits, path);
    if (linked === undefined) return { kind: 'refused', why: 'Media refused: it is no longer held' } as const;
    const from: MediaFile = { kind: 'file', path: linked, bytes };
    const made = await this.#o.voice.asVoice(await settled(media, from, { contentType, url: was }), signal);
    return { kind: 'got', media: made } as const;
  }

  /** The bytes of one place into an open file. `refused` with words for the app; rejects when the signal is aborted. */
  async fill(file: FileHandle, place: MediaPlace, signal: AbortSignal): Promise<Downloaded> {
    const fetched = await this.#bytes(file, place, signal);
    if (fetched === INVALID || (fetched.kind === 'done' && fetched.bytes > 0)) return fetched;
    const why = fetched.kind === 'done' ? 'it is empty' : fetched.why;
    return { kind: 'refused', why: `Media refused: ${why}` };
  }

  #bytes(file: FileHandle, place: MediaPlace, signal: AbortSignal): Promise<Downloaded> {
    switch (place.kind) {
      case 'base64':
        return this.#base64(file, place.base64);
      case 'url':
        return this.#url(file, place.url, signal);
      case 'path':
        return this.#path(file, place.path, signal);
      case 'held':
        return Promise.resolve({ kind: 'refused', why: 'it is held already' });
      default:
        return place satisfies never;
    }
  }

  /** Node skips what is not base64, so a length that does not fit tells that something was skipped. */
  async #base64(file: FileHandle, base64: string): Promise<Downloaded> {
    const { maxBytes } = this.#o;
    // Before anything is copied, with room for line breaks.
    if (base64.length > (maxBytes * 4) / 3 + 4_096 + base64.length / 32) return tooLarge(maxBytes);
    const data = base64.replace(/[\s=]+/g, '');
    const bytes = Buffer.from(data, 'base64');
    const fits = data.length % 4 !== 1 && bytes.length === Math.floor((data.length * 3) / 4);
    if (bytes.length === 0 || !fits) return INVALID;
    if (bytes.length > maxBytes) return tooLarge(maxBytes);
    await file.writeFile(bytes);
    return { kind: 'done', bytes: bytes.length, contentType: '', url: '' };
  }

  async #url(file: FileHandle, url: string, send: AbortSignal): Promise<Downloaded> {
    const { clock, egress, maxBytes } = this.#o;
    const slow = new AbortController();
    const timer = clock.setTimeout(() => slow.abort(), DOWNLOAD_MS);
    try {
      return await download(url, file, { egress, maxBytes, signal: AbortSignal.any([send, slow.signal]) });
    } catch (thrown) {
      if (slow.signal.aborted && !send.aborted) return { kind: 'refused', why: 'the download took over 60 s' };
      throw thrown;
    } finally {
      clock.clearTimeout(timer);
    }
  }

  async #path(file: FileHandle, path: string, signal: AbortSignal): Promise<Downloaded> {
    const { maxBytes } = this.#o;
    const outside: Downloaded = { kind: 'refused', why: 'files of that folder are not read' };
    const real = await insideBases(this.#o.readBases, path);
    if (real === undefined) return outside;
    const source = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      () => undefined,
    );
    if (!source) return { kind: 'refused', why: 'the file cannot be read' };
    try {
      const stat = await source.stat();
      if (!stat.isFile()) return outside;
      if (stat.size > maxBytes) return tooLarge(maxBytes);
      return await copied(source, file, maxBytes, signal);
    } finally {
      await source.close();
    }
  }
}

/** Carries a refusal out of the middle of a content. */
class Refused extends Error {}

/** The same content with every medium put through `fetch`, one after the other. */
async function withFiles(
  content: Content,
  fetch: (media: Media) => Promise<Media<MediaFile>>,
): Promise<Content<MediaFile>> {
  switch (content.kind) {
    case 'media':
      return { ...content, media: await fetch(content.media) };
    case 'buttons':
    case 'template': {
      const { header, ...rest } = content;
      return header ? { ...rest, header: asHeader(await fetch(header)) } : rest;
    }
    case 'carousel': {
      const cards = [];
      for (const { image, ...card } of content.cards) {
        const fetched =
          image && (await fetch(image).catch((thrown: unknown) => unlessOptional(thrown, card.imageOptional)));
        cards.push(fetched ? { ...card, image: asHeader(fetched) } : card);
      }
      return { ...content, cards };
    }
    default:
      return content;
  }
}

function unlessOptional(thrown: unknown, isOptional: true | undefined): undefined {
  if (isOptional && thrown instanceof Refused) return undefined;
  throw thrown;
}

/** Contract messages §4: above buttons stand images and videos; audio and everything else is a document there. */
function asHeader({ voice: _, ...media }: Media<MediaFile>): Media<MediaFile> {
  const isShown = media.type === 'image' || media.type === 'video' || media.type === 'document';
  return isShown ? media : { ...media, type: 'document' };
}
