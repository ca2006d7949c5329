/**
 * A medium that a node names by its address.
 *
 *  MM1  It goes by its address, so that the guard of media sources applies on every engine (F-32); a relative one lies below
 *       the app.
 *  MM2  The author's word for what it is stands, whatever the server says; only the MIME type is left to the download.
 *  MM3  A caption reaches the customer: under the medium, or after a medium that shows none.
 */
import type { Content, Media } from '../../content/content.ts';
import { knownMime, lastSegment, mimeOfName, typeOfMime } from '../../content/mime.ts';
import type { NodeContext } from './node.ts';

type Kind = 'image' | 'video' | 'audio' | 'document';

/** MM2 */
const UNNAMED: Readonly<Record<Kind, string>> = {
  image: 'application/octet-stream',
  video: 'application/octet-stream',
  audio: 'audio/mpeg',
  document: 'application/octet-stream',
};

/** `kind`: the author's word, a document when it is none of the four. Undefined without an address. */
export function mediumOf(
  { vars, appUrl }: Pick<NodeContext, 'vars' | 'appUrl'>,
  kind: string,
  given: { readonly url: string; readonly name?: string; readonly mime?: string },
): Media | undefined {
  const address = vars.fill(given.url).trim();
  if (address === '') return undefined;
  const url = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `${appUrl}/${address.replace(/^\/+/, '')}`;
  const type: Kind = kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'document';
  const fileName = vars.fill(given.name ?? '').trim() || lastSegment(url) || 'file';
  const named = mimeOfName(fileName) || mimeOfName(url);
  const said = type === 'document' ? knownMime(given.mime ?? '') : '';
  const mime = said || (typeOfMime(named) === type && named) || UNNAMED[type];
  return { type, from: { kind: 'url', url }, mime, ...(type === 'document' && { fileName }) };
}

/** MM3: the medium and what is still to be said behind it. `caption`: as the customer reads it. */
export function mediumWith(media: Media, caption: string): readonly [Content, ...Content[]] {
  if (media.type !== 'audio') return [{ kind: 'media', media, caption }];
  return [{ kind: 'media', media, caption: '' }, ...textContents(caption)];
}

/** Nothing for a text without words. */
export const textContents = (text: string): Content[] => (text.trim() === '' ? [] : [{ kind: 'text', text }]);
