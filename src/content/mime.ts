/**
 * MIME types of media, and what kind of message each becomes (contract messages §3).
 *
 * The order of trust is the contract's: what the caller says, what the download says, the name's extension. Only the
 * second is not known here; whoever downloads settles it with the same functions.
 */
import { lookup } from 'mime-types';
import type { MediaType } from './content.ts';

/** What a server or a caller says when it does not know. */
const UNKNOWN = ['', 'application/octet-stream', 'binary/octet-stream'];

/** Lower case, trimmed, also of a bare `mp4` (§3); `''` for the words that mean "some bytes". Parameters such as `codecs` stay. */
export function knownMime(said: string): string {
  const mime = said.trim().toLowerCase();
  if (UNKNOWN.includes(mime.split(';')[0]?.trim() ?? '')) return '';
  return mime.includes('/') ? mime : lookup(mime) || mime;
}

/** By the extension of a file name, path or URL; `''` when it tells nothing. */
export function mimeOfName(name: string): string {
  const extension = /\.[^.]+$/.exec(lastSegment(name))?.[0];
  return extension === undefined ? '' : knownMime(lookup(extension) || '');
}

/** Anything that is neither image, video nor audio is a document, also what is not known. */
export function typeOfMime(mime: string): MediaType {
  const family = mime.split('/')[0]?.trim().toLowerCase();
  return family === 'image' || family === 'video' || family === 'audio' ? family : 'document';
}

/** The file name at the end of a URL or path, without query and fragment; `''` when there is none. */
export function lastSegment(place: string): string {
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(place)?.[1] ?? place;
  const name = path.split(/[/\\]/).at(-1) ?? '';
  try {
    return decodeURIComponent(name);
  } catch (thrown) {
    // A stray `%` in a name is no escape.
    if (thrown instanceof URIError) return name;
    throw thrown;
  }
}
