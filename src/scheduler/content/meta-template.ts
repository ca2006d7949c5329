/**
 * Meta's template messages of a job (contract bulk §2.4): ready-made ones of the app, else made of `variable_map`.
 *
 *  MT1  A ready-made one is forwarded unchanged.
 *  MT2  One is made only for a name that Meta can have given, of a template that nobody says Meta does not have; where the
 *       data does not allow it (cards without links), free content goes instead.
 *
 * Deliberately not here: links and uploads of a media header (the engine fills them in).
 */
import { cardsOf } from '../../content/carousel.ts';
import type { Content, Media } from '../../content/content.ts';
import type { LocationContent } from '../../content/location.ts';
import { type Fields, firstText, isObject, listOf, textOf } from '../../content/loose.ts';
import { keysIn, type Lookup } from '../../content/placeholders.ts';
import { buttonComponents, textComponent } from '../../content/meta-components.ts';
import { metaTemplateOf } from '../../content/templates.ts';
import { numbered, type Numbers, variableMapOf } from '../../content/variable-map.ts';
import type { Recipient } from './recipients.ts';
import { headerIn } from './template-data.ts';

export type TemplateMessage = Extract<Content, { kind: 'template' }>;

const DEFAULT_LANGUAGE = 'en_US';
const NONE: Numbers = new Map();

/** MT1. `not ready made`: the app made none for this recipient. */
export function readyMadeOf(template: Fields, recipient: Recipient): TemplateMessage | 'not ready made' | undefined {
  const { contactId, listed, to = '' } = recipient;
  const given =
    (contactId !== undefined && entryIn(template['meta_payloads'], String(contactId))) ||
    entryIn(template['meta_payloads_by_phone'], listed, to, `+${to}`);
  return given ? metaTemplateOf(given) : 'not ready made';
}

/** A map, not its JSON text: it has an entry for every recipient and would be read for every recipient. */
function entryIn(map: unknown, ...keys: readonly string[]): unknown {
  const key = isObject(map) ? keys.find((candidate) => Object.hasOwn(map, candidate)) : undefined;
  return key === undefined || !isObject(map) ? undefined : map[key];
}

/** Whether Meta shows the location above the body itself. */
export function showsLocation({ template }: TemplateMessage): boolean {
  return (template.components ?? []).some((component) => /"type":\s*"location"/i.test(JSON.stringify(component)));
}

/** MT2 */
export function isAtMeta(template: Fields): boolean {
  if (!/^[a-z0-9_]{1,512}$/.test(textOf(template['template_name']))) return false;
  const status = firstText(template, 'meta_status').toLowerCase();
  const isDenied = 'meta_template_id' in template && firstText(template, 'meta_template_id') === '';
  return !isDenied && (status === '' || status === 'approved');
}

export type Filling = {
  /** Keys without the numbers of `variable_map`. */
  readonly lookup: Lookup;
  readonly media?: Media | undefined;
  /** For a header of its type. */
  readonly location?: LocationContent | undefined;
  readonly appUrl: string;
};

/** MT2. Undefined: free content. */
export function madeTemplateOf(template: Fields, { lookup, media, location, appUrl }: Filling) {
  if (!isAtMeta(template)) return undefined;
  const map = variableMapOf(template['variable_map']);
  const value = (numbers: Numbers) => numbered(lookup, numbers);
  const headerText = headerIn(template);
  const asLocation = firstText(template, 'attachment_type').toLowerCase() === 'location' ? location : undefined;
  const header = asLocation
    ? [locationHeader(asLocation)]
    : textComponent('header', headerText, map.header, value(new Map([...map.flat, ...map.header])));
  const own = map.body.size > 0 || keysIn(headerText).length > 0 ? map.body : map.flat;
  const body = textComponent('body', textOf(template['template_body']), own, value(map.all));
  const carousel = carouselOf(template, map.cards, lookup, appUrl);
  if (!carousel) return undefined;
  const components = [
    ...(media ? [] : header),
    ...body,
    ...buttonComponents(template['buttons'], value(map.all)),
    ...carousel,
  ];
  const message: TemplateMessage = {
    kind: 'template',
    template: {
      name: textOf(template['template_name']),
      language: { code: firstText(template, 'language') || DEFAULT_LANGUAGE },
      ...(components.length > 0 && { components }),
    },
    ...(media && { header: media }),
  };
  return message;
}

const locationHeader = ({ latitude, longitude, name, address }: LocationContent) => ({
  type: 'header',
  parameters: [{ type: 'location', location: { latitude, longitude, name: name || 'Location', address } }],
});

/** Empty: no cards. Undefined: a card's image has no link. */
function carouselOf(
  template: Fields,
  numbers: readonly Numbers[],
  lookup: Lookup,
  appUrl: string,
): object[] | undefined {
  if (firstText(template, 'template_type').toLowerCase() !== 'carousel') return [];
  const list = (listOf(template['carousel_data']) ?? []).filter(isObject);
  const cards = (cardsOf(list, appUrl) ?? []).map((card, index) => {
    const own = numbers[index] ?? NONE;
    const link = linkOf(card.image);
    if (link === undefined) return undefined;
    const header = { type: 'header', parameters: [{ type: 'image', image: { link } }] };
    const body = textComponent('body', card.body, own, numbered(lookup, own));
    const buttons = buttonComponents(list[index]?.['buttons'], numbered(lookup, own));
    return { card_index: index, components: [header, ...body, ...buttons] };
  });
  return cards.length === 0 || cards.includes(undefined) ? undefined : [{ type: 'carousel', cards }];
}

function linkOf(image: Media | undefined): string | undefined {
  if (image === undefined) return undefined;
  const places = image.from.kind === 'first of' ? image.from.places : [image.from];
  const place = places.find(({ kind }) => kind === 'url');
  return place?.kind === 'url' ? place.url : undefined;
}
