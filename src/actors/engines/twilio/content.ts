/**
 * Neutral content → messages of Twilio (contract messages §10, facts/twilio.md §1).
 *
 *  TC1  Nothing is dropped silently: buttons and lists become numbered text, a carousel one message for each card, a text
 *       that cannot stand beside its medium a message of its own.
 *  TC2  Twilio's limits are enforced before the call: an error, never a cut text.
 */
import type { Button, Card, Content, ListSection, Media } from '../../../content/content.ts';
import type { Capability } from '../provider.ts';

export const CAPABILITIES: Readonly<Record<Content['kind'], Capability>> = {
  text: 'yes',
  buttons: 'fallback',
  list: 'fallback',
  carousel: 'fallback',
  media: 'yes',
  location: 'yes',
  'location request': 'fallback',
  contact: 'fallback',
  reaction: 'no',
  pin: 'no',
  edit: 'no',
  delete: 'no',
};

/** One message; `''`: no text. */
export type Draft = { readonly body: string; readonly media?: Media; readonly geo?: string };

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
  if (made.some(({ body, media }) => body.trim() === '' && !media))
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
      const { title, subtitle, body, buttons, footer, header } = content;
      const text = paragraphs(title, subtitle, body, buttonLines(buttons), footer);
      return header ? withMedia(header, text) : [{ body: text }];
    }
    case 'list': {
      const { title, body, sections, footer } = content;
      return [{ body: paragraphs(title, body, ...sectionLines(sections), footer) }];
    }
    case 'carousel': {
      const above = paragraphs(content.title, content.body, content.footer);
      return [...(above === '' ? [] : [{ body: above }]), ...content.cards.flatMap(cardOf)];
    }
    case 'location': {
      const { latitude, longitude, name, address } = content;
      const label = name || address || 'Location';
      return [{ body: label, geo: `geo:${latitude},${longitude}|${label.replaceAll('|', ' ')}` }];
    }
    case 'location request':
      return [{ body: content.body }];
    case 'contact':
      return [{ body: contactLines(content) }];
    case 'reaction':
    case 'pin':
    case 'edit':
    case 'delete':
      return undefined;
    default:
      return content satisfies never;
  }
}

function cardOf({ title, body, footer, image, buttons }: Card): readonly Draft[] {
  const text = paragraphs(title, body, buttonLines(buttons), footer);
  return image ? withMedia(image, text) : [{ body: text }];
}

/** Only images and videos carry their text; documents, audio and stickers show none (facts/twilio.md §1). */
function withMedia(media: Media, text: string): readonly Draft[] {
  const carries = media.type === 'image' || media.type === 'video';
  if (carries || text.trim() === '') return [{ body: text, media }];
  return [{ body: '', media }, { body: text }];
}

const paragraphs = (...parts: readonly string[]): string => parts.filter((part) => part.trim() !== '').join('\n\n');

/** What can be answered is numbered: an answer may be the number alone. */
function buttonLines(buttons: readonly Button[]): string {
  let number = 0;
  const line = (button: Button): string => {
    switch (button.kind) {
      case 'reply':
        number += 1;
        return `${number}. ${button.label}`;
      case 'url':
        return `${button.label}: ${button.url}`;
      case 'call':
        return `${button.label}: ${button.phone}`;
      case 'copy':
        return `${button.label}: ${button.code}`;
      default:
        return button satisfies never;
    }
  };
  return buttons.map(line).join('\n');
}

/** Numbered through all sections. */
function sectionLines(sections: readonly ListSection[]): readonly string[] {
  let number = 0;
  return sections.map(({ title, rows }) => {
    const lines = rows.map((row) => {
      number += 1;
      return `${number}. ${row.title}${row.description === '' ? '' : ` - ${row.description}`}`;
    });
    return [...(title === '' ? [] : [title]), ...lines].join('\n');
  });
}

/** The name and every phone number of the vCard. */
function contactLines({ displayName, vcard }: Extract<Content, { kind: 'contact' }>): string {
  const phones = [...vcard.matchAll(/^(?:[\w-]+\.)?TEL[^:\n]*:(.+)$/gim)].map(([, phone = '']) => phone.trim());
  return [displayName, ...phones].filter((line) => line !== '').join('\n');
}
