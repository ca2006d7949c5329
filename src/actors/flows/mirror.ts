/**
 * What a flow sent, as the app's thread shows it (contract flows §8 inbound-message, §10.6). Pure.
 *
 *  MI1  Every kind of content has a mirror that an operator can read: buttons and rows as such, else as text.
 */
import type { FlowFact } from '../../app-client/flow-facts.types.ts';
import type { InboundContent } from '../../app-client/inbound-content.ts';
import type { Button, Content } from '../../content/content.ts';
import type { SendOptions } from './node.ts';

type Mirror = Extract<FlowFact, { kind: 'flow message' }>;
type Shown = Pick<Mirror, 'content' | 'buttons' | 'header' | 'footer' | 'templateName'>;

/** Undefined for what is no message of its own, such as a reaction. */
export function mirrorOf(content: Content, said: SendOptions['mirror'] = {}): Shown | undefined {
  const shown = shownOf(content);
  if (!shown) return undefined;
  const { body, header = shown.header, footer = shown.footer, templateName } = said;
  const buttons = said.buttons?.map(shownButton) ?? shown.buttons;
  return {
    content: body === undefined ? shown.content : withBody(shown.content, body),
    ...(buttons && buttons.length > 0 && { buttons }),
    ...(header && { header }),
    ...(footer && { footer }),
    ...(templateName && { templateName }),
  };
}

function shownOf(content: Content): Shown | undefined {
  switch (content.kind) {
    case 'text':
      return text(content.text);
    case 'media': {
      const { type, mime, fileName } = content.media;
      const named = type === 'document' && fileName !== undefined ? { fileName } : {};
      return { content: { kind: 'media', type, mime, ...named, caption: content.caption } };
    }
    case 'location': {
      const { latitude, longitude, name, address } = content;
      return { content: { kind: 'location', latitude, longitude, name, address, caption: '' } };
    }
    case 'contact':
      return { content: { kind: 'contact', name: content.displayName, phone: '', vcard: content.vcard } };
    case 'buttons':
      return {
        ...text(content.body),
        header: content.title,
        footer: content.footer,
        buttons: content.buttons.map(shownButton),
      };
    case 'list': {
      const rows = content.sections.flatMap((section) => section.rows);
      const buttons = rows.map(({ title, id }) => ({ text: title, type: 'quick_reply', value: id }) as const);
      return { ...text(content.body), header: content.title, footer: content.footer, buttons };
    }
    case 'carousel':
      return text(
        [
          content.title,
          content.body,
          ...content.cards.map(({ title, body }) => [title, body].filter(Boolean).join('\n')),
          content.footer,
        ]
          .filter(Boolean)
          .join('\n\n'),
      );
    case 'poll':
      return {
        ...text(content.question),
        buttons: content.options.map((option) => ({ text: option, type: 'quick_reply' }) as const),
      };
    case 'form':
      return {
        ...text(content.body),
        header: content.title,
        footer: content.footer,
        buttons: [{ text: content.button, type: 'quick_reply' }],
      };
    case 'location request':
    case 'product':
    case 'catalogue':
      return text(content.body);
    case 'product list':
      return { ...text(content.body), header: content.title, footer: content.footer };
    case 'template':
      return text(content.template.name);
    case 'content template':
      return text(content.contentSid);
    case 'reaction':
    case 'pin':
    case 'edit':
    case 'delete':
      return undefined;
    default:
      return content satisfies never;
  }
}

const text = (said: string): Shown => ({ content: { kind: 'text', text: said } });

function withBody(content: InboundContent, body: string): InboundContent {
  if (content.kind === 'media') return { ...content, caption: body };
  return content.kind === 'text' ? { kind: 'text', text: body } : content;
}

function shownButton(button: Button): NonNullable<Mirror['buttons']>[number] {
  switch (button.kind) {
    case 'reply':
      return { text: button.label, type: 'quick_reply', value: button.id };
    case 'url':
      return { text: button.label, type: 'url', value: button.url };
    case 'call':
      return { text: button.label, type: 'phone', value: button.phone };
    case 'copy':
      return { text: button.label, type: 'copy', value: button.code };
    default:
      return button satisfies never;
  }
}
