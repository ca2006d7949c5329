/**
 * The port to the flow runtime: what automations ask of it. Contract inbound §6, flows §7.1.
 *
 *  FL1  `start` is idempotent by `messageId`: one message starts at most one flow, also when a crash makes it ask twice.
 *  FL2  Nothing here rejects for an expected outcome.
 */
import type { KeywordAnswer } from '../../app-client/endpoints.ts';
import type { Attachment, Tap, Vote } from '../../app-client/inbound-content.ts';
import type { Identity } from '../../phone.ts';

/** A fresh message of a customer, as automations see it. */
export type CustomerMessage = {
  readonly id: string;
  /** Phone, LID or both: both belong to the same customer (inbound §2). */
  readonly contact: Identity;
  /** The push name; may be empty. */
  readonly name: string;
  /** Text or caption, or the label of a tap; may be empty. */
  readonly text: string;
  readonly tap?: Tap;
  /** A message with a vote is nothing else: only a waiting session has a use for it. */
  readonly vote?: Vote;
  readonly media?: 'image' | 'video' | 'audio' | 'document' | 'sticker';
  /** Where the medium's bytes are to be had; absent when they are not. */
  readonly bytes?: { readonly mime: string; readonly attachment: Attachment };
  readonly place?: { readonly latitude: number; readonly longitude: number };
  /** WhatsApp's time, epoch seconds. */
  readonly at: number;
};

export type FlowStart = {
  readonly device: string;
  readonly contact: Identity;
  readonly flowId: string;
  readonly workspace: string | undefined;
  /** Inactivity after which the flow ends, seconds. */
  readonly timeoutS: number;
  readonly cooldownS: number;
  readonly messageId: string;
};

export interface Flows {
  /** Whether a session of this customer waits for a message, here or parked in the app. */
  waiting(device: string, contact: Identity): boolean;
  /**
   * Offers the message to the waiting session. `lookUp` makes the keyword look-up of this message, once however often it
   * is called (C-33): a session uses it for text that may start another flow (flows §7.1 step 3c).
   */
  offer(
    device: string,
    message: CustomerMessage,
    lookUp: () => Promise<KeywordAnswer>,
  ): Promise<'consumed' | 'not consumed'>;
  start(order: FlowStart): Promise<'started' | 'refused'>;
  /** The customer opted out: an active session ends. Harmless when there is none. */
  end(device: string, contact: Identity): Promise<void>;
}
