/**
 * Neutral content → messages of Twilio (contract messages §10, facts/twilio.md §1).
 *
 *  TC1  Nothing is dropped silently: buttons and lists become numbered text, a carousel one message for each card, a text
 *       that cannot stand beside its medium a message of its own.
 *  TC2  Twilio's limits are enforced before the call: an error, never a cut text.
 */
import { asText } from '../../../content/as-text.ts';
import type { Capabilities, Card, Content, Media } from '../../../content/content.ts';

export const CAPABILITIES = {
  text: 'yes',
  buttons: { fallback: 'numbered text' },
  list: { fallback: 'numbered text' },
  carousel: { fallback: 'one message for each card, buttons as numbered text' },
  media: 'yes',
  location: 'yes',
  'location request': { fallback: 'its text' },
  poll: { fallback: 'numbered text' },
  contact: { fallback: 'name and phones as text' },
  reaction: 'no',
  pin: 'no',
  edit: 'no',
  delete: 'no',
  template: 'no',
  'content template': 'yes',
  form: 'no',
  product: 'no',
  'product list': 'no',
  catalogue: 'no',
} as const satisfies Capabilities;

/** One message; `''`: no text. */
export type Draft = {
  readonly body: string;
  readonly media?: Media;
  /** The text goes alone where the medium has no public link. */
  readonly optional?: true;
  readonly geo?: string;
  /** Stands alone: neither text nor media beside it (facts/twilio.md §1). `variables`: their JSON, `''` without any. */
  readonly template?: { readonly sid: string; readonly variables: string };
};

export type Drafted =
  | { readonly kind: 'drafts'; readonly drafts: readonly Draft[] }
  /** `why` is for the app. */
  | { readonly kind: 'unsupported' | 'request wrong'; readonly why: string };

const MAX_BODY = 1_600;

export function draftsOf(content: Content): Drafted {
  const made = messagesOf(content);
  if (made === undefined) return { kind: 'unsupported', why: `Twilio has no message for: ${content.kind}` };
  if (made.some(({ body }) => body.length > MAX_BODY))
    return { kind: 'request wrong', why: `Twilio takes at most ${MAX_BODY} characters in a text` };
  if (made.some(({ body, media, template }) => body.trim() === '' && !media && !template))
    return { kind: 'request wrong', why: 'Twilio takes no empty text' };
  return { kind: 'drafts', drafts: made };
}

function messagesOf(content: Content): readonly Draft[] | undefined {
  switch (content.kind) {
    case 'text':
      return [{ body: content.text }];
    case 'media':
      return withMedia(content.media, content.caption);
    case 'buttons': {
      const text = asText(content, 'numbers');
      return content.header ? withMedia(content.header, text) : [{ body: text }];
    }
    case 'list':
    case 'location request':
    case 'poll':
      return [{ body: asText(content, 'numbers') }];
    case 'carousel': {
      const above = asText({ ...content, cards: [] });
      return [...(above === '' ? [] : [{ body: above }]), ...content.cards.flatMap(cardOf)];
    }
    case 'location': {
      const { latitude, longitude, name, address } = content;
      const label = name || address || 'Location';
      return [{ body: label, geo: `geo:${degrees(latitude)},${degrees(longitude)}|${label.replaceAll('|', ' ')}` }];
    }
    case 'contact':
      return [{ body: contactLines(content) }];
    case 'content template': {
      const { contentSid: sid, variables } = content;
      const isEmpty = Object.keys(variables).length === 0;
      return [{ body: '', template: { sid, variables: isEmpty ? '' : JSON.stringify(variables) } }];
    }
    case 'reaction':
    case 'pin':
    case 'edit':
    case 'delete':
    case 'template':
    case 'form':
    case 'product':
    case 'product list':
    case 'catalogue':
      return undefined;
    default:
      return content satisfies never;
  }
}

/** Never as `1e-7`, which is no place to Twilio; the app's own coordinates have seven decimals. */
const degrees = (value: number): string => value.toFixed(7).replace(/\.?0+$/, '');

/** A picture that the contract lets go (§8, products) has a text beside it. */
function cardOf({ image, imageOptional, ...card }: Card): readonly Draft[] {
  const text = asText({ kind: 'buttons', subtitle: '', ...card }, 'numbers');
  const made = image ? withMedia(image, text) : [{ body: text }];
  return imageOptional && text !== '' ? made.map((draft) => ({ ...draft, optional: true })) : made;
}

/** Only images and videos carry their text; documents, audio and stickers show none (facts/twilio.md §1). */
function withMedia(media: Media, text: string): readonly Draft[] {
  const carries = media.type === 'image' || media.type === 'video';
  if (carries || text.trim() === '') return [{ body: text, media }];
  return [{ body: '', media }, { body: text }];
}

/** The name and every phone number of the vCard. */
function contactLines({ displayName, vcard }: Extract<Content, { kind: 'contact' }>): string {
  const phones = [...vcard.matchAll(/^(?:[\w-]+\.)?TEL[^:\n]*:(.+)$/gim)].map(([, phone = '']) => phone.trim());
  return [displayName, ...phones].filter((line) => line !== '').join('\n');
}
