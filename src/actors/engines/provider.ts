/**
 * The port to engines that are called once per send and hold no connection: WhatsApp Cloud API and Twilio.
 *
 * Invariants every adapter must keep (test/conformance/providers):
 *  PV1  `send` resolves by the command's deadline, with a value for every expected outcome; it rejects only for bugs.
 *  PV2  Nothing is repeated: a command makes at most one request for each message that it stands for. Who may try again,
 *       and when, follows from `class`.
 *  PV3  `failed` means certainly not accepted, so that a repeat is safe. As soon as a request may have left and no answer
 *       came, or a part of a content was accepted and another was not, the result is `unknown`.
 *  PV4  A kind of content that the provider cannot show is sent as its documented fallback, or fails with a clear text and
 *       without a request; nothing is dropped silently. `capabilities` says which, for every kind.
 *  PV5  Errors are texts for the app, never empty, the provider's code in front; no credential is ever in one.
 *  PV6  `leaving` is asked once its turn has come, before each request for a message; nothing can have been sent before it,
 *       uploads included.
 *
 * Deliberately not here: where credentials come from and their one renewal, idempotency (actors/provider-sends.ts).
 */
import { z } from 'zod';
import type { Capabilities, Content } from '../../content/content.ts';

/** Secret as a whole. */
export type CloudCredentials = {
  readonly engine: 'waba';
  /** Meta's phone-number id. */
  readonly phoneId: string;
  readonly token: string;
  /** Graph version of the number's app, such as `v23.0`; `''`: the bridge's own. */
  readonly version: string;
};

/** Secret as a whole. */
export type TwilioCredentials = {
  readonly engine: 'twilio';
  readonly accountSid: string;
  readonly token: string;
  /** Digits of the sending number. */
  readonly from: string;
  /** Contract messages §10; undefined when neither the environment nor the settings name the app. */
  readonly statusCallback?: string;
};

export type ProviderCredentials = CloudCredentials | TwilioCredentials;

export type ProviderCommand<C extends ProviderCredentials> = {
  /** Digits of the sending number. */
  readonly from: string;
  /** Digits of the recipient. */
  readonly to: string;
  /** Media is where the caller left it: providers take links, or the engine fetches and uploads it. */
  readonly content: Content;
  readonly credentials: C;
  /** The bridge's own id of this send; comes back in status webhooks where the provider offers that. */
  readonly id: string;
  /** Epoch ms. */
  readonly deadline: number;
  /** PV6. False: the message must not leave. */
  readonly leaving?: () => Promise<boolean>;
};

/** What a failure means for whoever sends more (facts/cloud-api.md §6.1, facts/twilio.md §6). */
export type FailureClass =
  /** The number sends too fast: it waits, recipients stay pending. */
  | 'slow number'
  /** As before, for every number of the account. */
  | 'slow account'
  /** Too many to this recipient; others go on. */
  | 'slow recipient'
  /** May be repeated a few times. */
  | 'transient'
  /** Not within a day; a quick repeat makes it worse. */
  | 'not now'
  /** Never to this recipient. */
  | 'never'
  /** Never to this recipient, who wants no more messages: an opt-out. */
  | 'opted out'
  /** Outside the service window only a template is taken. */
  | 'needs template'
  | 'request wrong'
  /** The template or its parameters are wrong, for every recipient. */
  | 'template wrong'
  | 'pause campaign'
  /** The account's messages of this UTC day are used up: campaigns go on with the next. */
  | 'day used up'
  | 'pause number'
  /** Renewed once, and repeated once if they differ. */
  | 'credentials'
  /** Code that no table knows. */
  | 'unknown code'
  /** No request was made: the provider has nothing for this content. */
  | 'unsupported'
  /** No request was made: the media is not to be had or not allowed (contract messages §11). */
  | 'media refused'
  /** No request was made: the deadline came first. */
  | 'no time';

/** A code as vendors write it, also as text; null, `''` and other words are none, and not code 0. */
export const errorCode = z.union([
  z.int(),
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
]);

/** For a command whose `leaving` said no. */
export const NOT_LEFT = {
  kind: 'failed',
  error: 'The send could not be written to disk; nothing was sent',
  class: 'transient',
} as const satisfies ProviderResult;

export type ProviderResult =
  | {
      readonly kind: 'sent';
      /** The provider's id of the message; of the first, when the content became several. */
      readonly id: string;
      /** Digits as the provider writes them, where it says so. */
      readonly to: string;
    }
  | {
      readonly kind: 'failed';
      readonly error: string;
      readonly class: FailureClass;
      /** The provider's. */
      readonly code?: number;
      /** The least to wait before a repeat, where the class has one. */
      readonly retryAfterMs?: number;
      /** `no time` because this recipient has to wait; others need not. */
      readonly whom?: 'recipient';
    }
  | { readonly kind: 'unknown'; readonly error: string };

export interface ProviderEngine<C extends ProviderCredentials> {
  readonly name: C['engine'];
  readonly capabilities: Capabilities;
  send(command: ProviderCommand<C>): Promise<ProviderResult>;
}
