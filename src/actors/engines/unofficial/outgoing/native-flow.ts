/**
 * Buttons, lists, carousels and location requests as WhatsApp's native-flow messages, which the library does not build
 * (facts/baileys §3.1): names and parameters of each button are those of contract messages §2.
 *
 *  NF1  Every label, URL, number, code and id that the content has is in the message.
 *
 * Deliberately not here: the `biz` node that goes with it (stanza.ts), and what happens when WhatsApp refuses such a
 * message (../refused.ts).
 */
import { randomBytes } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import type { Button, Card, Content, MediaFile } from '../../../../content/content.ts';

type Interactive = proto.Message.IInteractiveMessage;
type NativeButton = proto.Message.InteractiveMessage.NativeFlowMessage.INativeFlowButton;
type Header = proto.Message.InteractiveMessage.IHeader;
export type NativeFlow = Extract<Content<MediaFile>, { kind: 'buttons' | 'list' | 'carousel' | 'location request' }>;

/** Uploaded media of a header, as image, video or document. */
export type HeaderMedia = Pick<Header, 'imageMessage' | 'videoMessage' | 'documentMessage'>;

/** `media`: of the header, or of each card (same order), uploaded already. */
export function nativeFlowMessage(content: NativeFlow, media: readonly (HeaderMedia | undefined)[]): proto.IMessage {
  return {
    interactiveMessage: interactive(content, media),
    // As in every message of a current client: reports to WhatsApp are tied to it.
    messageContextInfo: { messageSecret: randomBytes(32) },
  };
}

function interactive(content: NativeFlow, media: readonly (HeaderMedia | undefined)[]): Interactive {
  switch (content.kind) {
    case 'buttons': {
      const { body, title, subtitle, footer, buttons } = content;
      return { ...texts(title, body, footer, media[0], subtitle), nativeFlowMessage: flow(buttons.map(nativeButton)) };
    }
    case 'list': {
      const { body, title, footer, button, sections } = content;
      return { ...texts(title, body, footer), nativeFlowMessage: flow([listButton(button, sections)]) };
    }
    case 'carousel': {
      const { body, title, footer, cards } = content;
      const messages = cards.map((card, index) => cardMessage(card, media[index]));
      return { ...texts(title, body, footer), carouselMessage: { cards: messages, messageVersion: 1 } };
    }
    case 'location request':
      return {
        body: { text: content.body },
        nativeFlowMessage: flow([{ name: 'send_location', buttonParamsJson: '{}' }]),
      };
    default:
      return content satisfies never;
  }
}

function cardMessage({ title, body, footer, buttons }: Card<MediaFile>, media: HeaderMedia | undefined): Interactive {
  return { ...texts(title, body, footer, media), nativeFlowMessage: flow(buttons.map(nativeButton)) };
}

/** Body is compulsory on WhatsApp; header and footer are left out when they say nothing. */
function texts(title: string, body: string, footer: string, media?: HeaderMedia, subtitle = ''): Interactive {
  const hasHeader = title !== '' || subtitle !== '' || media !== undefined;
  return {
    ...(hasHeader && { header: { title, subtitle, hasMediaAttachment: media !== undefined, ...media } }),
    body: { text: body },
    ...(footer !== '' && { footer: { text: footer } }),
  };
}

const flow = (buttons: NativeButton[]): proto.Message.InteractiveMessage.INativeFlowMessage => ({
  buttons,
  messageParamsJson: '{}',
  messageVersion: 1,
});

function nativeButton(button: Button): NativeButton {
  const { label: display_text } = button;
  switch (button.kind) {
    case 'reply':
      return named('quick_reply', { display_text, id: button.id });
    case 'url':
      return named('cta_url', { display_text, url: button.url, merchant_url: button.url });
    case 'call':
      return named('cta_call', { display_text, phone_number: button.phone });
    case 'copy':
      return named('cta_copy', { display_text, copy_code: button.code });
    default:
      return button satisfies never;
  }
}

const listButton = (title: string, sections: Extract<NativeFlow, { kind: 'list' }>['sections']): NativeButton =>
  named('single_select', { title, sections });

const named = (name: string, params: object): NativeButton => ({ name, buttonParamsJson: JSON.stringify(params) });
