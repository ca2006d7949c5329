/**
 * Cards of a carousel (contract messages §2): texts, buttons and where each card's image may lie.
 *
 *  CA1  Only the file name of a relative image is used, below the app's two template folders, in the contract's order.
 */
import { buttonsOf } from './buttons.ts';
import type { Card, Media, MediaPlace } from './content.ts';
import { type Fields, firstText, isObject, listOf } from './loose.ts';
import { lastSegment, mimeOfName } from './mime.ts';

const FOLDERS = ['/uploads/templates/carousel/', '/storage/wa-templates/'];

/** `appUrl` without a trailing slash. Entries that are no maps are left out. Undefined: not a list of cards. */
export function cardsOf(value: unknown, appUrl: string): Card[] | undefined {
  return listOf(value)
    ?.filter(isObject)
    .map((fields) => cardOf(fields, appUrl));
}

function cardOf(fields: Fields, appUrl: string): Card {
  const image = imageOf(fields, appUrl);
  return {
    title: firstText(fields, 'title'),
    body: firstText(fields, 'body'),
    footer: firstText(fields, 'footer'),
    buttons: buttonsOf(listOf(fields['buttons']) ?? []),
    ...(image && { image }),
  };
}

function imageOf(fields: Fields, appUrl: string): Media | undefined {
  const places: MediaPlace[] = [];
  const path = firstText(fields, 'image_path');
  if (path !== '') places.push(isUrl(path) ? { kind: 'url', url: path } : { kind: 'path', path });
  const given = firstText(fields, 'image');
  if (isUrl(given)) places.push({ kind: 'url', url: given });
  const name = lastSegment(firstText(fields, 'image_filename') || (isUrl(given) ? '' : given));
  if (name !== '') {
    places.push(
      ...FOLDERS.map((folder) => ({ kind: 'url' as const, url: appUrl + folder + encodeURIComponent(name) })),
    );
  }
  const [first, ...others] = places;
  if (!first) return undefined;
  const from = others.length === 0 ? first : { kind: 'first of' as const, places };
  return { type: 'image', from, mime: mimeOfName(name || (isUrl(given) ? given : path)) };
}

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);
