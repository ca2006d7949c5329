/**
 * What fetched media is: MIME type, type of message and file name, once its bytes and its content type are known
 * (contract messages §3: what the caller said, the download's content type, the name's extension).
 */
import { open } from 'node:fs/promises';
import type { Media, MediaFile, MediaPlace } from '../../content/content.ts';
import { knownMime, lastSegment, mimeOfName, typeOfMime } from '../../content/mime.ts';

export type Origin = {
  /** As the server said it; `''` for base64 and files. */
  readonly contentType: string;
  /** Where it came from in the end; `''` for base64 and files. */
  readonly url: string;
};

/** The app labels voice notes so, whatever the container is (§3). */
export const OGG_OPUS = 'audio/ogg; codecs=opus';

export async function settled(media: Media, from: MediaFile, { contentType, url }: Origin): Promise<Media<MediaFile>> {
  const { place, name } = namesOf(media, url);
  const said =
    knownMime(media.mime) || knownMime(contentType) || mimeOfName(media.fileName ?? place) || mimeOfName(url);
  // A caller that did not know the MIME type could only guess the type of message.
  const type = media.mime === '' && media.type !== 'sticker' ? typeOfMime(said) : media.type;
  const mime = type === 'audio' ? await audioMime(said, from.path) : said;
  const fileName = type === 'document' ? { fileName: name } : {};
  const { voice, from: _, ...rest } = media;
  const isVoice = type === 'audio' && voice === true ? { voice } : {};
  return { ...rest, type, mime: mime || 'application/octet-stream', from, ...fileName, ...isVoice };
}

function namesOf(media: Media, url: string): { place: string; name: string } {
  const { from } = media;
  const first = from.kind === 'first of' ? from.places[0] : from;
  const place = first ? addressOf(first) : '';
  return { place, name: media.fileName || lastSegment(place) || lastSegment(url) || 'file' };
}

/** Where a medium lies or lay; `''` for bytes from the request. */
export function addressOf(place: MediaPlace): string {
  switch (place.kind) {
    case 'base64':
      return '';
    case 'url':
      return place.url;
    case 'path':
      return place.path;
    case 'held':
      return place.was;
    default:
      return place satisfies never;
  }
}

const CONTAINERS: readonly (readonly [mime: string, at: number, bytes: string])[] = [
  ['audio/mp4', 4, 'ftyp'],
  ['audio/mpeg', 0, 'ID3'],
  ['audio/mpeg', 0, '\xff\xfb'],
  ['audio/mpeg', 0, '\xff\xf3'],
  ['audio/aac', 0, '\xff\xf1'],
  ['audio/aac', 0, '\xff\xf9'],
  ['audio/webm', 0, '\x1a\x45\xdf\xa3'],
  ['audio/wav', 0, 'RIFF'],
  ['audio/amr', 0, '#!AMR'],
];

/** Players trust the label more than the bytes: a label that says Ogg on something else makes the note mute. */
async function audioMime(said: string, path: string): Promise<string> {
  const head = await headOf(path);
  if (isOggOpus(head)) return OGG_OPUS;
  if (!said.startsWith('audio/ogg') || head.startsWith('OggS')) return said;
  return CONTAINERS.find(([, at, bytes]) => head.startsWith(bytes, at))?.[0] ?? said;
}

/** Ogg pages with an Opus stream: what phones record and play as voice notes. */
export const isOggOpus = (head: string): boolean => head.startsWith('OggS') && head.includes('OpusHead');

/** The first bytes as Latin-1 text. */
async function headOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(128), 0, 128, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
