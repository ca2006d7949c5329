/**
 * `templateData` → the parts of a message, for one recipient (contract bulk §2.3).
 *
 *  TD1  Placeholders are filled before anything is read: a button's URL may consist of one.
 *  TD2  Images and attachments are no texts: nothing in them is filled.
 */
import type { Made } from '../../content/body.ts';
import { buttonsOf } from '../../content/buttons.ts';
import { cardsOf } from '../../content/carousel.ts';
import type { Button, Media } from '../../content/content.ts';
import { type LocationContent, locationOf } from '../../content/location.ts';
import { type Fields, firstText, isObject, listOf, mapOf, textOf } from '../../content/loose.ts';
import type { Fill } from '../../content/placeholders.ts';
import { attachmentOf } from './attachments.ts';
import { attachmentMissing } from './failures.ts';
import type { Parts } from './layout.ts';
import { type Track, trackedLinks } from './tracking.ts';

export type Wording = {
  readonly fill: Fill;
  /** Campaigns that count clicks. */
  readonly track?: Track;
};

export type Read = { readonly kind: 'parts'; readonly parts: Parts } | Extract<Made, { kind: 'invalid' }>;

type Given = {
  /** What is said instead of the template's own body; not filled yet. */
  readonly body: string;
  /** Where the template has none. */
  readonly media?: Media | undefined;
  readonly location?: LocationContent | undefined;
};

export function partsOf(template: Fields, { body, media, location }: Given, wording: Wording, appUrl: string): Read {
  const attached = attachmentOf(template);
  if (attached.kind === 'missing') return { kind: 'invalid', why: attachmentMissing(attached.why) };
  const cards = cardsIn(template, wording, appUrl);
  if (cards?.length === 0) return { kind: 'invalid', why: 'No cards provided for carousel' };
  const shown = attached.kind === 'media' ? attached.media : media;
  const parts: Parts = {
    header: said(headerIn(template), wording),
    body: said(body, wording),
    footer: said(textOf(template['footer']), wording),
    buttons: buttonsIn(template['buttons'], wording),
    ...(cards ? { cards } : shown && { media: shown }),
    ...(location && { location }),
  };
  return { kind: 'parts', parts };
}

/** The first text that says something, as it is. */
export const firstOf = (...texts: readonly string[]): string => texts.find((text) => text.trim() !== '') ?? '';

export const headerIn = (template: Fields): string => firstText(template, 'header', 'title_text');

/** A text with its values and counted links. */
export function said(text: string, { fill, track }: Wording): string {
  const filled = fill(text);
  return track ? trackedLinks(filled, track) : filled;
}

/** Bad lists have no buttons, as in every job: a recipient is not to lose the message over them. */
export function buttonsIn(value: unknown, { fill, track }: Wording): Button[] {
  const list = (listOf(value) ?? []).map((button) => (isObject(button) ? filled(button, fill) : button));
  return buttonsOf(list).map((button) =>
    button.kind === 'url' && track ? { ...button, url: track(button.url) } : button,
  );
}

/** Undefined: no template of cards. */
function cardsIn(template: Fields, wording: Wording, appUrl: string) {
  if (firstText(template, 'template_type').toLowerCase() !== 'carousel') return undefined;
  const list = (listOf(template['carousel_data']) ?? []).filter(isObject);
  return (cardsOf(list, appUrl) ?? []).map((card, index) => ({
    ...card,
    title: said(card.title, wording),
    body: said(card.body, wording),
    footer: said(card.footer, wording),
    buttons: buttonsIn(list[index]?.['buttons'], wording),
  }));
}

/** `location`, else coordinates of the template itself (the app's queue), else those of the request (S-27). */
export function locationIn(template: Fields, fill: Fill, request: Fields): LocationContent | undefined {
  const own = mapOf(template['location']);
  const point = ({ latitude, longitude }: Fields) => ({ latitude, longitude });
  return (own && locationOf(filled(own, fill))) ?? locationOf(point(template)) ?? locationOf(point(request));
}

const filled = (fields: Fields, fill: Fill): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? fill(value) : value]),
  );
