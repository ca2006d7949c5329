/**
 * What jobs ask of the engines, and what numbers tell jobs of their messages: plain JSON, like all of `protocol.ts`, through
 * which others reach it.
 *
 * Deliberately not here: what follows from an outcome (scheduler), and how the engines do it (bulk-sends.ts).
 */
import type { Content, MediaPlace, MediaSource } from '../content/content.ts';
import type { EngineName } from '../content/engine-choice.ts';
import type { Identity } from '../phone.ts';

/** Which engine a job of a number goes through, settled when it first runs (S-22). */
export type BulkEngine =
  | { readonly kind: 'engine'; readonly engine: EngineName; readonly branding: string }
  /** `final`: not by waiting either. */
  | { readonly kind: 'none'; readonly why: string; readonly final: boolean };

export type BulkRequest = {
  readonly engine: EngineName;
  /** Digits. */
  readonly from: string;
  /** Digits, or a full JID on the linked device. */
  readonly to: string;
  readonly content: Content;
  readonly workspace?: string;
  /** The message's id, durable before the call; the linked device sends under it, and sends a repeat as the same message. */
  readonly id: string;
  /** At providers, which know no ids: a repeat under the same key is never a second message. */
  readonly idempotencyKey?: string;
  /** `job`: receipts go to the job's ledger; `single`: to the chat and the app's campaigns; `auto`: to the chat alone. */
  readonly origin: 'job' | 'single' | 'auto';
};

/** What a job does next follows from the kind (contract settings §6, bulk "Error classes that stop a run"). */
export type BulkOutcome =
  /** `id`: WhatsApp's or the provider's. */
  | { readonly kind: 'sent'; readonly id: string }
  /** For good. `attempted`: it reached WhatsApp or a provider, so that the gap follows. `because`: where more follows. */
  | {
      readonly kind: 'failed';
      readonly error: string;
      readonly attempted: boolean;
      readonly because?: 'opted out' | 'unknown code';
    }
  | { readonly kind: 'unknown'; readonly error: string }
  /** The linked device lost its connection in between: given again under its id it is the same message. */
  | { readonly kind: 'interrupted'; readonly error: string }
  /** Nothing was accepted; may be tried again at the end of the run, not before `until`. */
  | { readonly kind: 'transient'; readonly error: string; readonly until?: number }
  /** Nothing was handed over: the number is not connected. */
  | { readonly kind: 'not ready'; readonly why: string }
  /** Nothing was accepted: the number, or this recipient, waits. */
  | { readonly kind: 'wait'; readonly whom: 'number' | 'recipient'; readonly until: number; readonly why: string }
  /** The run, or every run of the number, stops; recipients stay pending. Goes on at `until`, else by request. */
  | { readonly kind: 'stop'; readonly whom: 'run' | 'number'; readonly until?: number; readonly error: string }
  /** Wrong for every recipient: the run ends. */
  | { readonly kind: 'wrong'; readonly error: string };

/** What jobs may ask of the engines. Nothing here waits for a pace; all deadlines are epoch ms. */
export interface BulkSends {
  /** Fresh where it can be had by the deadline (contract messages §1.2). */
  engineOf(from: string, provider: string, workspace: string | undefined, deadline: number): Promise<BulkEngine>;
  /** Socket open, user known, settled. */
  isReady(from: string): boolean;
  /** Runs `wake` whenever a number may have become ready. */
  onReady(wake: (from: string) => void): void;
  /** Sends that the linked device may still make in this UTC day, or that of `at` (`DAILY_CAP`, else the app's). */
  room(from: string, workspace: string | undefined, at?: number): number;
  /** Resolves with a value for every expected outcome; it has its own deadlines, long enough for an upload. */
  send(request: BulkRequest): Promise<BulkOutcome>;
  /** Fetches a medium once for all recipients of a job, and keeps it until `release`. */
  hold(
    job: string,
    from: MediaSource,
    deadline: number,
  ): Promise<
    { readonly kind: 'held'; readonly place: MediaPlace } | { readonly kind: 'refused'; readonly why: string }
  >;
  release(job: string): Promise<void>;
}

/** A customer's message, for jobs that wait for a reply (contract bulk §4.5). */
export type CustomerMessage = {
  /** Digits of the own number. */
  readonly device: string;
  /** With the phone where it is known. */
  readonly contact: Identity;
  /** `''` when it has none. */
  readonly text: string;
  /** What it is: `image`, `audio`, …; told in place of a text. */
  readonly kind: string;
  /** Epoch ms. */
  readonly at: number;
};

/** What numbers tell of the messages that jobs sent. */
export interface JobNews {
  /** Durable when it resolves. */
  receipt(receipt: JobReceipt): Promise<void>;
  /** Returns at once: a lost reply costs a figure, no message. */
  customerWrote(message: CustomerMessage): void;
}

/** A receipt of a message that a job sent. */
export type JobReceipt = {
  readonly device: string;
  readonly id: string;
  readonly status: 'delivered' | 'read';
  /** Epoch ms. */
  readonly at: number;
};
