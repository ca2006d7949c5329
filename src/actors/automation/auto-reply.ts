/**
 * An automatic reply as content for the customer and as the mirror that the app's thread shows. Pure. Contract inbound §8.
 */
import type { AutomaticReply, ReplyMedia } from '../../app-client/inbound-answers.ts';
import type { InboundContent } from '../../app-client/inbound-content.ts';
import type { Content } from '../../content/content.ts';
import { contactOf } from '../../content/vcard.ts';
import type { CustomerMessage } from './flows.ts';

/** `mirror`: what the operator sees of it (C-58). */
export type Said = { readonly content: Content; readonly mirror: InboundContent };

const LOCATION_REQUEST = 'Please share your location';

/** Undefined when it says nothing: an empty text, a contact without a phone. `appUrl`: base of relative media. */
export function saying(reply: AutomaticReply, to: CustomerMessage, appUrl: string): Said | undefined {
  switch (reply.kind) {
    case 'text':
      return saidAsText(filled(reply.text, to));
    case 'media':
      return saidAsMedia(reply.media, filled(reply.media.caption, to), appUrl);
    case 'contact': {
      const card = contactOf({ name: reply.name, phone: reply.phone });
      if (!card) return undefined;
      const vcard = withEmail(card.vcard, reply.email);
      return {
        content: { ...card, vcard },
        mirror: { kind: 'contact', name: card.displayName, phone: reply.phone, vcard },
      };
    }
    case 'catalog': {
      const url = reply.storefrontUrl || `https://wa.me/c/${reply.catalogId}`;
      return saidAsText(`Here's our catalog: ${url}`);
    }
    case 'location request':
      return {
        content: { kind: 'location request', body: LOCATION_REQUEST },
        mirror: { kind: 'text', text: LOCATION_REQUEST },
      };
    default:
      return reply satisfies never;
  }
}

/** What is said when the media of a reply cannot be had: its caption. Undefined when it has none. */
export function captionOf(reply: AutomaticReply): AutomaticReply | undefined {
  if (reply.kind !== 'media' || reply.media.caption.trim() === '') return undefined;
  const { delayS, timeoutS, cooldownS } = reply;
  return { kind: 'text', text: reply.media.caption, delayS, timeoutS, cooldownS };
}

function saidAsText(text: string): Said | undefined {
  return text.trim() === '' ? undefined : { content: { kind: 'text', text }, mirror: { kind: 'text', text } };
}

function saidAsMedia({ type, url, fileName, mime }: ReplyMedia, caption: string, appUrl: string): Said {
  const named = fileName === '' ? {} : { fileName };
  const from = { kind: 'url', url: URL.canParse(url) ? url : `${appUrl}/${url.replace(/^\/+/, '')}` } as const;
  return {
    content: { kind: 'media', media: { type, from, mime, ...named }, caption },
    mirror: { kind: 'media', type, mime, ...(type === 'document' && named), caption },
  };
}

const withEmail = (vcard: string, email: string): string =>
  /^[^\s;,]+@[^\s;,]+$/.test(email) ? vcard.replace('END:VCARD', `EMAIL;type=INTERNET:${email}\nEND:VCARD`) : vcard;

/** `{{name}}`, `{{first_name}}`, `{{firstname}}`, `{{phone}}`, whatever their case and spaces; others stay as they are. */
function filled(text: string, { name, contact }: CustomerMessage): string {
  const values: Readonly<Record<string, string>> = {
    name: name.trim(),
    first_name: name.trim().split(/\s+/)[0] ?? '',
    phone: contact.pn ?? '',
  };
  return text.replace(/\{\{\s*(name|first_?name|phone)\s*\}\}/gi, (_, word: string) => {
    const key = word.toLowerCase();
    return values[key === 'firstname' ? 'first_name' : key] ?? '';
  });
}
