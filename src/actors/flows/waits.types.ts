/**
 * What a session waits for: the very JSON that the app keeps as `waiting` (contract flows §6.2), so that a snapshot of the
 * older bridge reads as one of ours. Deadlines are not in here: they are the session's (absolute times in the store).
 */

import type { Attachment, Tap, Vote } from '../../app-client/inbound-content.ts';

/** `text` as shown, `id` as it comes back in a tap. */
export type AnswerItem = { readonly text: string; readonly answerText?: string; readonly id: string };
export type ListItem = {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly section: string;
};
export type Slot = { readonly start: string; readonly end: string; readonly label: string };
export type ShopItem = {
  readonly retailer_id: string;
  readonly name: string;
  readonly image: string;
  readonly price_minor: number;
  readonly currency: string;
  readonly url: string;
};

type Of<Type extends string> = { readonly nextNodeType: Type; readonly nodeId: string; readonly variable: string };

export type Wait =
  /** Also buttons and templates; no `answerItems`: free text. `persistent`: the menu stays open after an answer. */
  | (Of<'Question'> & {
      readonly answerItems?: readonly AnswerItem[];
      readonly acceptMedia?: boolean;
      readonly persistent?: boolean;
    })
  | (Of<'List'> & { readonly listItems: readonly ListItem[]; readonly persistent?: boolean })
  | (Of<'Poll'> & {
      readonly answerItems: readonly AnswerItem[];
      readonly allowMultiple: boolean;
      /** Native votes so far, indices in poll order; they count when they stay unchanged for 5 s. */
      readonly chosen?: readonly number[];
    })
  /** `slots` without booking types; else `bookingStage`, `choices` and the booking so far. */
  | (Of<'BookAppointment'> & {
      readonly slots?: readonly Slot[];
      readonly workspaceId?: string;
      readonly confirmation?: string;
      readonly bookingStage?: 'CHOOSE_TYPE' | 'CHOOSE_DAY' | 'CHOOSE_SLOT' | 'ASK_QUESTIONS' | 'PAY';
      readonly choices?: readonly unknown[];
      readonly bookingCtx?: Readonly<Record<string, unknown>>;
      /** Of the list, where it is known: a tap quotes it. Ours alone. */
      readonly messageId?: string;
    })
  | (Of<'CommerceShop'> & {
      readonly provider: string;
      readonly storeId: string;
      readonly items: readonly ShopItem[];
      readonly abandonedWaitMinutes: number;
      readonly isWaba?: boolean;
      readonly startedAt: number;
      readonly linkSent?: boolean;
    })
  | Of<'TimeDelayReply'>
  | (Of<'AiChat'> & { readonly exitKeyword: string })
  | (Of<'WaForm'> & {
      readonly formId: string;
      readonly metaFlowId: string;
      readonly flowToken: string;
      readonly startedAt: number;
    })
  | (Of<'GoogleForm'> & { readonly formId: string; readonly startedAt: number });

export type WaitType = Wait['nextNodeType'];

/** A menu that was sent in this session; an old message stays tappable (contract flows §7.3). Newest last. */
export type Menu = {
  readonly nodeId: string;
  readonly wait: Wait;
  /** WhatsApp's or the provider's id of the message, which a tap quotes; absent when it is not known. */
  readonly messageId?: string;
};

/** Media of a reply; bytes are fetched only when a question wants them. */
export type ReplyMedia =
  /** Where they can be had by anybody (provider-inbound). */
  | { readonly kind: 'url'; readonly url: string }
  /** On the linked device. */
  | { readonly kind: 'attachment'; readonly attachment: Attachment; readonly mime: string };

/** What a customer said, whatever the engine (contract flows §7.3). Plain JSON: it is kept while its branch runs. */
export type Reply = {
  /** The message's id; made up for a provider's message without one. */
  readonly id: string;
  /** Typed text or caption, the label of a tap, a maps link for a location; may be empty. */
  readonly text: string;
  /** A button, list row, template button or native-flow reply. */
  readonly tap?: Tap;
  readonly vote?: Vote;
  readonly media?: ReplyMedia;
  /** Epoch ms. */
  readonly at: number;
};
