/**
 * Media fields of a request → where the bytes lie and what they are (contract messages §3, §11).
 *
 *  MD1  `file_base64` goes before `file`; a place with a scheme is a URL, one without is a path.
 *  MD2  The type comes from what the caller says, then from the download, then from the name.
 *
 * Deliberately not here: whether a place may be read, and whether base64 is valid; that shows when the bytes are made.
 */
import type { Media, MediaPlace } from './content.ts';
import { type Fields, firstText, flagOf, textOf } from './loose.ts';
import { knownMime, lastSegment, mimeOfName, typeOfMime } from './mime.ts';

/** `data:image/png;base64,` */
const DATA_URI = /^data:([^;,]*)[^,]*,/i;

/** `defaultMime` when the caller names none. Undefined when the request has no media. */
export function mediaOf(fields: Fields, defaultMime: string): Media | undefined {
  const given = textOf(fields['file_base64']).trim();
  const head = DATA_URI.exec(given.slice(0, 200));
  const file = firstText(fields, 'file');
  const from = placeOf(head ? given.slice(head[0].length) : given, file);
  if (!from) return undefined;

  const fileName = firstText(fields, 'fileName') || lastSegment(file);
  const said = knownMime(firstText(fields, 'filetype') || head?.[1] || defaultMime);
  const byName = mimeOfName(fileName) || mimeOfName(file);
  const mime = said || (from.kind === 'url' ? '' : byName);
  const type = typeOfMime(mime || byName);
  const mayBeAudio = type === 'audio' || mime === '';
  const isVoice = mayBeAudio && (flagOf(fields['ptt'], false) || flagOf(fields['voice'], false));
  const link = from.kind === 'base64' && /^https?:\/\//i.test(file) ? { link: file } : {};
  return { type, from, mime, fileName: fileName || 'file', ...link, ...(isVoice && { voice: true }) };
}

/** Addresses where the same bytes lie on the web, for engines that hand links on; the first is the caller's own choice. */
export function linksOf({ link, from }: Media): string[] {
  const places = from.kind === 'first of' ? from.places : [from];
  const links = places.flatMap((place) => {
    if (place.kind === 'url') return [place.url];
    return place.kind === 'held' && /^https?:\/\//i.test(place.was) ? [place.was] : [];
  });
  return link === undefined ? links : [link, ...links];
}

/** MD1 */
function placeOf(base64: string, file: string): MediaPlace | undefined {
  if (base64 !== '') return { kind: 'base64', base64 };
  if (file === '') return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(file) ? { kind: 'url', url: file } : { kind: 'path', path: file };
}
