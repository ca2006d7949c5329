/**
 * The port to the flow runtime: what automations ask of it. Contract inbound §6, flows §7.1.
 *
 *  FL1  `start` is idempotent by the message's id: one message starts at most one flow, also when a crash makes it ask twice.
 *  FL2  Nothing here rejects for an expected outcome.
 */
import type { Attachment, Tap, Vote } from '../../app-client/inbound-content.ts';
import type { Identity } from '../../phone.ts';
import type { LookUp } from './look-up.ts';

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
  readonly message: CustomerMessage;
  readonly flowId: string;
  readonly workspace: string | undefined;
  /** Inactivity after which the flow ends, seconds; undefined: the rule says none. */
  readonly timeoutS: number | undefined;
  readonly cooldownS: number;
  /** By what the message says; else by the app's routing. */
  readonly keyword: boolean;
};

/** What the app's answer to a message means for automations: none at all, nothing special, or this flow. */
export type Verdict =
  | { readonly kind: 'stop' }
  | { readonly kind: 'go on' }
  | { readonly kind: 'flow'; flowId: string };

export interface Flows {
  /** Whether a session of this customer runs or waits, or may be parked in the app for such a message. */
  waiting(device: string, message: CustomerMessage): boolean;
  /**
   * Offers the message to that session, behind the step that runs; resolves when the decision is durable, not when what
   * follows from it is through. `lookUp` makes the keyword look-up of this message, once however often it
   * is called (C-33): a session uses it for text that may start another flow (flows §7.1 step 3c), over this workspace.
   */
  offer(
    device: string,
    message: CustomerMessage,
    lookUp: LookUp,
    workspace: string | undefined,
  ): Promise<'consumed' | 'not consumed'>;
  start(order: FlowStart): Promise<void>;
  /** The customer opted out: an active session ends. Harmless when there is none. */
  end(device: string, contact: Identity): Promise<void>;
  /**
   * What the app says of a message that a session took, when it says so later (AU3, AU5 of automation.ts): it counts while
   * that is only kept. Resolves with whether it is.
   */
  heard(device: string, about: Pick<CustomerMessage, 'id' | 'contact'>, verdict: Verdict): Promise<boolean>;
  /** The app told its id of their conversation. */
  conversation(device: string, contact: Identity, id: string): Promise<void>;
}
