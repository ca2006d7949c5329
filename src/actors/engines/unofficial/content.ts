/** Neutral content -> Baileys' message. Interactive kinds and media join here later. */
import { generateWAMessageContent, type proto } from '@whiskeysockets/baileys';
import type { Content } from '../engine.ts';

type ContentOptions = Parameters<typeof generateWAMessageContent>[1];

export function toMessage(content: Content): Promise<proto.Message> {
  switch (content.kind) {
    case 'text':
      // `linkPreview: null`: no request to a stranger's page, whatever is installed (facts/baileys §3).
      return generateWAMessageContent({ text: content.text, linkPreview: null }, {} as ContentOptions);
    default:
      return content.kind satisfies never;
  }
}
