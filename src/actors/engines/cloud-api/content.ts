/**
 * Neutral content → messages of the Cloud API, media still to be filled in (contract messages §9, facts/cloud-api.md §2).
 *
 *  CC1  Nothing is dropped silently (§9.1): what has no exact counterpart becomes several messages or lines of text.
 *  CC2  Meta's limits are enforced before the call: labels, titles and footers are cut, everything else is an error.
 *
 * Deliberately not here: buttons and lists (interactive.ts), forms and products (business.ts), links and uploads (media.ts).
 */
import { asText } from '../../../content/as-text.ts';
import type { Capabilities, Card, Content } from '../../../content/content.ts';
import { catalogueMessage, formMessage, productListMessage, productMessage } from './business.ts';
import { contactOf } from './contact.ts';
import { type Draft, type Drafted, drafts, joined, MAX_CAPTION, mediaOf, textOf, tooLong, wrong } from './draft.ts';
import { buttonMessages, listMessages } from './interactive.ts';

export const CAPABILITIES = {
  text: 'yes',
  buttons: { fallback: 'reply buttons, or one URL button; every other button as a line of text' },
  list: { fallback: 'as text where Meta takes no such list: more than 10 rows, sections without title' },
  carousel: { fallback: 'one message for each card' },
  media: 'yes',
  location: 'yes',
  'location request': 'yes',
  poll: { fallback: 'numbered text' },
  contact: { fallback: 'name, phones, mail addresses, pages and organisation of the vCard' },
  reaction: 'yes',
  pin: 'no',
  edit: 'no',
  delete: 'no',
  template: 'yes',
  'content template': 'no',
  form: 'yes',
  product: 'yes',
  'product list': 'yes',
  catalogue: 'yes',
} as const satisfies Capabilities;

export function draftsOf(content: Content): Drafted {
  switch (content.kind) {
    case 'text':
      return textOf(content.text);
    case 'media':
      return mediaOf(content.media, content.caption);
    case 'buttons':
      return buttonMessages(content);
    case 'list':
      return listMessages(content);
    case 'carousel':
      return carouselOf(content);
    case 'location': {
      const { latitude, longitude, name, address } = content;
      const label = name || address || 'Location';
      return drafts({ type: 'location', part: { latitude, longitude, name: label, address: address || label } });
    }
    case 'location request': {
      if (content.body.length > MAX_CAPTION) return wrong(tooLong('a location request', MAX_CAPTION));
      const action = { name: 'send_location' };
      const part = { type: 'location_request_message', body: { text: content.body || ' ' }, action };
      return drafts({ type: 'interactive', part });
    }
    case 'poll':
      return textOf(asText(content, 'numbers'));
    case 'contact':
      return drafts({ type: 'contacts', part: contactOf(content) });
    case 'reaction':
      return drafts({ type: 'reaction', part: { message_id: content.target.id, emoji: content.emoji } });
    case 'template':
      return templateMessage(content);
    case 'form':
      return formMessage(content);
    case 'product':
      return productMessage(content);
    case 'product list':
      return productListMessage(content);
    case 'catalogue':
      return catalogueMessage(content);
    case 'pin':
    case 'edit':
    case 'delete':
    case 'content template':
      return { kind: 'unsupported', why: `WhatsApp Cloud API has no message for: ${content.kind}` };
    default:
      return content satisfies never;
  }
}

/** Bulk §2.4: as it came. A header that is still to be filled in goes before the other components. */
function templateMessage({ template, header }: Extract<Content, { kind: 'template' }>): Drafted {
  return drafts({ type: 'template', part: template, ...(header && { media: { at: 'component', media: header } }) });
}

/** §9.1: what stands above the cards as a text, then one message for each card. */
function carouselOf({ title, body, footer, cards }: Extract<Content, { kind: 'carousel' }>): Drafted {
  const above = [title, body, footer].filter((part) => part.trim() !== '').join('\n\n');
  return joined([...(above === '' ? [] : [textOf(above)]), ...cards.map(cardOf)]);
}

/** A picture that the contract lets go (§8, products) stands above a button. */
function cardOf({ title, body, footer, image, imageOptional, buttons }: Card): Drafted {
  if (buttons.length > 0) {
    const text = [title, body].filter((part) => part !== '').join('\n');
    const header = image ? { header: image } : {};
    const made = buttonMessages({ kind: 'buttons', body: text, title: '', subtitle: '', footer, buttons, ...header });
    if (!imageOptional || made.kind !== 'drafts') return made;
    return drafts(...made.drafts.map(withoutNeed));
  }
  const text = [title, body, footer].filter((part) => part !== '').join('\n');
  return image ? mediaOf(image, text) : textOf(text);
}

const withoutNeed = (draft: Draft): Draft =>
  draft.media?.at === 'header' ? { ...draft, media: { ...draft.media, optional: true } } : draft;
