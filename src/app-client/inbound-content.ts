/**
 * What an inbound message says, without any engine's dialect: engines decode into it, `inbound-body.ts` tells it to the
 * app, automations match its text. Plain JSON with full-length values.
 *
 * Deliberately not here: who wrote it (callbacks.types.ts), field limits, and the bytes of media.
 */

/** What a message says, decoded. Contract inbound §4. A kind without a decoder is a short readable text. */
export type InboundContent =
  | { readonly kind: 'text'; readonly text: string; readonly tap?: Tap }
  | {
      readonly kind: 'media';
      readonly type: 'image' | 'video' | 'audio' | 'document' | 'sticker';
      readonly mime: string;
      /** Documents only (inbound §4). */
      readonly fileName?: string;
      readonly caption: string;
      /** Absent: the bytes cannot be had; type, MIME and file name are told all the same (C-60). */
      readonly attachment?: Attachment;
    }
  | {
      readonly kind: 'location';
      readonly latitude: number;
      readonly longitude: number;
      readonly name: string;
      readonly address: string;
      /** Of a live location. */
      readonly caption: string;
    }
  | { readonly kind: 'contact'; readonly name: string; readonly phone: string; readonly vcard: string }
  /** `target`: id of the message it belongs to; an empty `emoji` takes the reaction back (inbound §5). */
  | { readonly kind: 'reaction'; readonly emoji: string; readonly target: string };

/** What was tapped in an earlier message. For flows: the app is told the text alone (inbound §4). */
export type Tap = {
  /** Of the button or row; may be empty. */
  readonly id: string;
  /** Its label; may be empty. */
  readonly title: string;
  /** Id of the message that it is part of. */
  readonly quoted?: string;
};

/** A poll as one customer has voted by now. The app is told of none (inbound §4). */
export type Vote = {
  /** Id of the poll's message. */
  readonly poll: string;
  /** What is chosen, in the poll's order; empty when the vote was taken back. */
  readonly labels: readonly string[];
};

/** A message that is one medium. */
export type Medium = Extract<InboundContent, { readonly kind: 'media' }>;

/** Where the bytes of a medium are to be had. Lies in the outbox row in their stead. */
export type Attachment = {
  /** Names the file that the bytes are kept in; one medium, one name. */
  readonly file: string;
  /** As the sender claims. */
  readonly bytes?: number;
  readonly source: {
    readonly kind: 'whatsapp';
    /** Phone digits of the account that received it, and the message: whom to ask for the bytes again. */
    readonly account: string;
    readonly message: {
      readonly chat: string;
      readonly id: string;
      readonly fromMe: boolean;
      readonly participant?: string;
    };
    /** On WhatsApp's media hosts. */
    readonly directPath: string;
    readonly media: 'image' | 'video' | 'audio' | 'document' | 'sticker';
    /** Base64. Secret: never logged. */
    readonly mediaKey: string;
    /** Base64 of the encrypted bytes' SHA-256. */
    readonly encryptedSha256?: string;
  };
};

/** What automations match: the text, caption, or the text that stands for a card. */
export function textOf(content: InboundContent): string {
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'media':
    case 'location':
      return content.caption;
    case 'contact':
      return content.name;
    case 'reaction':
      return '';
    default:
      return content satisfies never;
  }
}
