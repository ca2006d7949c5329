/**
 * What an interactive message says, as ordinary messages: for WhatsApp that refuses the interactive form.
 *
 *  PP1  Nothing is dropped (contract messages §9.1): a picture goes with its text as caption, in the chat's order; what has
 *       no picture is text. A carousel with pictures becomes one message for each card, below what stands above them.
 *  PP2  What was uploaded for the refused message is pointed to again, never uploaded twice.
 *
 * Deliberately not here: the words (content/as-text.ts), and when this is needed (../refused.ts).
 */
import type { proto } from '@whiskeysockets/baileys';
import { asText } from '../../../../content/as-text.ts';
import type { HeaderMedia, NativeFlow } from './native-flow.ts';

/** A text, or a message that is complete. */
export type PlainPart =
  | { readonly content: { readonly kind: 'text'; readonly text: string } }
  | { readonly message: proto.IMessage };

/** `refused`: the message as it was sent. At least one part. */
export function plainParts(content: NativeFlow, refused: proto.IMessage | null | undefined): readonly PlainPart[] {
  const sent = refused?.interactiveMessage;
  if (content.kind === 'buttons') return [part(asText(content), sent?.header)];
  if (content.kind !== 'carousel') return [part(asText(content))];
  const headers = content.cards.map((_, index) => sent?.carouselMessage?.cards?.[index]?.header);
  if (!headers.some(mediaOf)) return [part(asText(content))];
  const above = asText({ ...content, cards: [] });
  const cards = content.cards.map((card, index) =>
    part(asText({ kind: 'buttons', subtitle: '', ...card }), headers[index]),
  );
  return [...(above === '' ? [] : [part(above)]), ...cards];
}

function part(text: string, header?: HeaderMedia | null): PlainPart {
  const media = mediaOf(header);
  return media ? { message: media(text) } : { content: { kind: 'text', text } };
}

/** The header's medium with a caption. */
function mediaOf(header: HeaderMedia | null | undefined): ((caption: string) => proto.IMessage) | undefined {
  const { imageMessage, videoMessage, documentMessage } = header ?? {};
  if (imageMessage) return (caption) => ({ imageMessage: { ...imageMessage, caption } });
  if (videoMessage) return (caption) => ({ videoMessage: { ...videoMessage, caption } });
  if (documentMessage) return (caption) => ({ documentMessage: { ...documentMessage, caption } });
  return undefined;
}
