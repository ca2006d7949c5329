/**
 * Fields of a send request → what it wants to say (contract messages §2-§5, §7, §8). Used by every way in: routes, schedules,
 * broadcasts, flows.
 *
 *  BO1  What a request asks for is sent whole or refused: never the text alone in place of cards, buttons or media.
 *  BO2  What the contract ignores stays ignored: title and subtitle without buttons, cards without `template_type`, a
 *       location that is no point, the request's own footer on plain text of the socket (§1.5).
 *
 * Deliberately not here: recipients, engines, and getting the bytes of media.
 */
import { lidJid, lidOfJid, extractDigits, phoneJid, phoneOfJid } from '../phone.ts';
import { buttonsOf } from './buttons.ts';
import { cardsOf } from './carousel.ts';
import type { Content } from './content.ts';
import type { EngineName } from './engine-choice.ts';
import { footerField, withBranding } from './footer.ts';
import { locationOf, namedLocationOf } from './location.ts';
import { type Fields, listOf, textOf } from './loose.ts';
import { mediaOf } from './media.ts';
import { catalogueOf } from './products.ts';
import { contactOf } from './vcard.ts';

/** WhatsApp's own limit of a text message. */
export const MAX_TEXT = 65_536;

export type Made =
  /** `followUps` are sent one after the other once `content` has been sent; they may fail without consequence. */
  | { readonly kind: 'made'; readonly content: Content; readonly followUps: readonly Content[] }
  /** `why` is for the caller. */
  | { readonly kind: 'invalid'; readonly why: string };

export type Surroundings = {
  /** The number's branding footer, `''` when it has none (contract settings §1). */
  readonly branding: string;
  /** The app's base URL without a trailing slash. */
  readonly appUrl: string;
  readonly engine: EngineName;
};

const invalid = (why: string): Made => ({ kind: 'invalid', why });
const made = (content: Content, ...followUps: Content[]): Made => ({ kind: 'made', content, followUps });

/** send-message: carousel, buttons or text, and a location after it (§2). */
export function messageOf(fields: Fields, { branding, appUrl, engine }: Surroundings): Made {
  const body = textOf(fields['message']);
  const title = textOf(fields['title']);
  const footer = textOf(fields['footer']);
  const location = locationOf(fields['location']);
  const after = location ? [location] : [];
  if (textOf(fields['template_type']).trim().toLowerCase() === 'carousel') {
    const cards = cardsOf(fields['carousel_data'], appUrl);
    if (!cards) return invalid('Invalid carousel_data');
    if (cards.length === 0) return invalid('No cards provided for carousel');
    return made({ kind: 'carousel', body, title, footer, cards }, ...after);
  }
  const list = listOf(fields['buttons']);
  if (!list) return invalid('Invalid buttons');
  const buttons = buttonsOf(list);
  if (buttons.length > 0) {
    const subtitle = textOf(fields['subtitle']);
    return made({ kind: 'buttons', body, title, subtitle, footer: footerField(footer, branding), buttons }, ...after);
  }
  if (body.trim() === '') return location ? made(location) : invalid('Message missing');
  const hasOwn = engine !== 'baileys' && footer.trim() !== '';
  const text = hasOwn ? `${body}\n\n${footer}` : withBranding(body, branding);
  return text.length > MAX_TEXT ? invalid(TOO_LONG) : made({ kind: 'text', text }, ...after);
}

/** send-media-only: media and nothing else (§3). */
export function mediaOnlyOf(fields: Fields): Made {
  const media = mediaOf(fields, '');
  return media ? made({ kind: 'media', media, caption: '' }) : invalid('Media missing');
}

/** send-media-message: media with a caption or under buttons (§4). WhatsApp's audio has no caption: it follows as text. */
export function mediaMessageOf(fields: Fields): Made {
  const media = mediaOf(fields, 'image/png');
  if (!media) return invalid('Media missing');
  const caption = textOf(fields['caption']);
  const location = locationOf(fields['location']);
  const after = location ? [location] : [];
  const list = listOf(fields['buttons']);
  if (!list) return invalid('Invalid buttons');
  const buttons = buttonsOf(list);
  if (buttons.length > 0) {
    const header = media.type === 'audio' ? { ...media, type: 'document' as const } : media;
    const footer = textOf(fields['footer']);
    return made({ kind: 'buttons', body: caption, title: '', subtitle: '', footer, buttons, header }, ...after);
  }
  if (media.type !== 'audio') return made({ kind: 'media', media, caption }, ...after);
  const spoken: Content[] = caption.trim() === '' ? [] : [{ kind: 'text', text: caption }];
  return made({ kind: 'media', media, caption: '' }, ...spoken, ...after);
}

/** send-group-message: `text`, and `mentions` whose `@digits` the text already contains (§7). */
export function groupTextOf(fields: Fields): Made {
  const text = textOf(fields['text']);
  const list = listOf(fields['mentions']);
  if (text.trim() === '') return invalid('text required');
  if (text.length > MAX_TEXT) return invalid(TOO_LONG);
  if (!list) return invalid('Invalid mentions');
  const mentions = list.map((entry) => personOf(textOf(entry).trim())).filter((jid) => jid !== undefined);
  return made({ kind: 'text', text, ...(mentions.length > 0 && { mentions }) });
}

/** send-location: what is no point on earth is refused (§5, C-47). */
export function locationMessageOf(fields: Fields): Made {
  const location = namedLocationOf(fields);
  return location ? made(location) : invalid('Invalid coordinates');
}

/** send-contact (§7). */
export function contactMessageOf(fields: Fields): Made {
  const contact = contactOf(fields);
  return contact ? made(contact) : invalid('vcard or phone required');
}

/** send-product-catalog (§8). */
export function catalogueMessageOf(fields: Fields, { engine }: Pick<Surroundings, 'engine'>): Made {
  const catalogue = catalogueOf(fields, engine);
  return catalogue ? made(catalogue) : invalid('No products provided for carousel');
}

const TOO_LONG = `Message longer than ${MAX_TEXT} characters`;

function personOf(mention: string): string | undefined {
  const lid = lidOfJid(mention);
  if (lid !== undefined) return lidJid(lid);
  const phone = phoneOfJid(mention) ?? extractDigits(mention);
  return phone === undefined ? undefined : phoneJid(phone);
}
