/**
 * What a send wants to say, without any engine's dialect: one union for routes, automations, schedules and flows.
 * Plain JSON, so that it can be stored with a promise and looked at.
 *
 *  CO1  What is here is complete: engines add no text, footer or label of their own.
 *  CO2  An engine that cannot show a kind says so (`failed`) or uses the documented fallback that keeps the meaning;
 *       nothing is dropped silently (contract messages §9.1).
 *
 * Deliberately not here: who receives it, and how a request body becomes it (body.ts).
 */

/** One place where media lies. Contract messages §11. */
export type MediaPlace =
  /** Bare base64, without the head of a data URI. */
  | { readonly kind: 'base64'; readonly base64: string }
  | { readonly kind: 'url'; readonly url: string }
  /** A path without scheme: only below `MEDIA_READ_BASES`. */
  | { readonly kind: 'path'; readonly path: string }
  | HeldPlace;

/** Fetched for all recipients of a job, and kept on this machine until the job ends. Only the bridge itself makes one. */
export type HeldPlace = {
  readonly kind: 'held';
  readonly path: string;
  readonly bytes: number;
  /** As the server said it; `''` for base64 and files. */
  readonly contentType: string;
  /** The URL or path that it came from; `''` for base64. */
  readonly was: string;
};

/** `first of`: the first that can be had; the media is missing only when none can (carousel images, contract §2). */
export type MediaSource = MediaPlace | { readonly kind: 'first of'; readonly places: readonly MediaPlace[] };

/** Media on this machine's disk. Whoever was given it removes it when it is of no more use. */
export type MediaFile = { readonly kind: 'file'; readonly path: string; readonly bytes: number };

export type MediaType = 'image' | 'video' | 'audio' | 'document' | 'sticker';

/** `From` is `MediaSource` until the bytes are here, then `MediaFile`. */
export type Media<From = MediaSource> = {
  readonly type: MediaType;
  readonly from: From;
  /** Without parameters where there are none. `''`: not known before the bytes are, and `type` is a guess until then (mime.ts). */
  readonly mime: string;
  readonly fileName?: string;
  /** Where the same bytes lie on the web, for engines that hand links on instead of bytes. */
  readonly link?: string;
  /** Audio shown as a voice note. */
  readonly voice?: true;
};

/** Contract messages §2. Labels are never empty. */
export type Button =
  | { readonly kind: 'reply'; readonly label: string; readonly id: string }
  | { readonly kind: 'url'; readonly label: string; readonly url: string }
  | { readonly kind: 'call'; readonly label: string; readonly phone: string }
  | { readonly kind: 'copy'; readonly label: string; readonly code: string };

export type Card<From = MediaSource> = {
  readonly title: string;
  readonly body: string;
  readonly footer: string;
  /** A card whose image cannot be had is sent without it only where the contract says so (products, §8). */
  readonly image?: Media<From>;
  readonly imageOptional?: true;
  readonly buttons: readonly Button[];
};

export type ListSection = {
  readonly title: string;
  readonly rows: readonly { readonly id: string; readonly title: string; readonly description: string }[];
};

/** A template message of Meta's, checked where it comes in (templates.ts); whatever else it says goes along. */
export type MetaTemplate = {
  readonly name: string;
  readonly language: { readonly code: string };
  readonly components?: readonly object[] | undefined;
};

/** A message that another one speaks of. `participant`: its author in a group, when it is not ours. */
export type Target = { readonly id: string; readonly fromMe: boolean; readonly participant?: string };

export type Content<From = MediaSource> =
  | { readonly kind: 'text'; readonly text: string; readonly mentions?: readonly string[] }
  | {
      readonly kind: 'buttons';
      readonly body: string;
      readonly title: string;
      readonly subtitle: string;
      readonly footer: string;
      readonly buttons: readonly Button[];
      /** Shown above the body. */
      readonly header?: Media<From>;
    }
  | {
      readonly kind: 'list';
      readonly body: string;
      readonly title: string;
      readonly footer: string;
      /** The label that opens the list. */
      readonly button: string;
      readonly sections: readonly ListSection[];
    }
  | {
      readonly kind: 'carousel';
      readonly body: string;
      readonly title: string;
      readonly footer: string;
      readonly cards: readonly Card<From>[];
    }
  | { readonly kind: 'media'; readonly media: Media<From>; readonly caption: string }
  | {
      readonly kind: 'location';
      readonly latitude: number;
      readonly longitude: number;
      readonly name: string;
      readonly address: string;
    }
  | { readonly kind: 'location request'; readonly body: string }
  /** Answered with one option, or with several where `multiple`. */
  | {
      readonly kind: 'poll';
      readonly question: string;
      readonly options: readonly string[];
      readonly multiple: boolean;
    }
  | { readonly kind: 'contact'; readonly displayName: string; readonly vcard: string }
  | { readonly kind: 'reaction'; readonly target: Target; readonly emoji: string }
  | { readonly kind: 'pin'; readonly target: Target; readonly pin: boolean; readonly seconds: number }
  | { readonly kind: 'edit'; readonly target: Target; readonly text: string }
  | { readonly kind: 'delete'; readonly target: Target }
  | {
      readonly kind: 'template';
      /** Sent as it is (contract bulk §2.4). */
      readonly template: MetaTemplate;
      /** A header component that still needs its link or the id of its upload; such a template has none of its own. */
      readonly header?: Media<From>;
    }
  /** What Twilio approved, by its id and the values of its variables (contract messages §10, facts/twilio.md §3). */
  | {
      readonly kind: 'content template';
      readonly contentSid: string;
      readonly variables: Readonly<Record<string, string | number | boolean>>;
    }
  /** A form (Meta's "flow") that a button opens (contract flows §10.2). */
  | {
      readonly kind: 'form';
      readonly title: string;
      readonly body: string;
      readonly footer: string;
      /** The label that opens it. */
      readonly button: string;
      /** Meta's id of the form. */
      readonly formId: string;
      /** Comes back with the answers. */
      readonly token: string;
    }
  /** One product of a catalogue that the account has at Meta (contract messages §8). */
  | {
      readonly kind: 'product';
      readonly catalogueId: string;
      readonly productId: string;
      readonly body: string;
      readonly footer: string;
    }
  | {
      readonly kind: 'product list';
      readonly catalogueId: string;
      readonly title: string;
      readonly body: string;
      readonly footer: string;
      readonly section: string;
      readonly productIds: readonly string[];
    }
  /** The whole catalogue of the account; `thumbnailId`: the product whose picture stands above it. */
  | {
      readonly kind: 'catalogue';
      readonly body: string;
      readonly footer: string;
      readonly thumbnailId?: string;
    };

/** What an engine does with a kind of content (CO2). `fallback`: in which other form it goes out, at least in part. */
export type Capability = 'yes' | 'no' | { readonly fallback: string };

/** Every engine declares its own; docs/engines.md is made of them. */
export type Capabilities = Readonly<Record<Content['kind'], Capability>>;
