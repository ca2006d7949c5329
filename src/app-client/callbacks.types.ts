/**
 * What the bridge tells the app, before it is a payload: facts with full-length values. `callbacks.ts` turns a fact into
 * the wire's body with the app's field limits applied (contract README §3.1: truncate, store, then send).
 */
import type { Identity } from '../phone.ts';
import type { FlowFact } from './flow-facts.types.ts';
import type { InboundContent } from './inbound-content.ts';

export type Group = { readonly jid: string; readonly subject: string };

/** A message that arrived (or that the operator's own phone wrote: `direction: 'out'`). Contract inbound §3. */
export type InboundFact = {
  readonly kind: 'inbound';
  readonly device: string;
  readonly direction: 'in' | 'out';
  /** The customer: phone, LID, or both. At least one is present. */
  readonly contact: Identity;
  readonly name: string;
  readonly id: string;
  readonly content: InboundContent;
  /** How often it was forwarded; absent when it was not. */
  readonly forwarded?: number;
  /** Only with `FORWARD_GROUPS` (inbound §9); `contact` is then the participant. */
  readonly group?: Group;
  /** WhatsApp's message time, epoch seconds. */
  readonly at: number;
  /** Arrived too late for automations (inbound §1). */
  readonly stored: boolean;
};

/** One receipt of a message that this number sent. Contract inbound §10. */
export type ReceiptFact = {
  readonly kind: 'receipt';
  readonly device: string;
  readonly id: string;
  readonly status: 'delivered' | 'read';
  /** What the message was sent for: a single send when absent. Decides who is told. */
  readonly origin?: 'single' | 'auto';
  /** Epoch milliseconds. */
  readonly at: number;
};

/** update-status. Contract clients §7. */
export type StatusFact = {
  readonly kind: 'status';
  readonly device: string;
  readonly status: string;
  readonly progress: number;
  readonly qr?: string;
  /** Epoch milliseconds. */
  readonly at: number;
};

/** A group as the app is told of it; `size` 0 without participants: this number is no member any more. */
export type ReportedGroup = {
  readonly jid: string;
  readonly subject: string;
  readonly size: number;
  readonly participants: readonly { readonly phone: string; readonly admin: boolean }[];
};

/** groups/sync. Contract clients §11.1. */
export type GroupsFact = {
  readonly kind: 'groups';
  readonly device: string;
  readonly workspace?: string;
  /** At least one. `whole`: all groups of the number; otherwise exactly one, which has changed. */
  readonly groups: readonly ReportedGroup[];
  readonly whole: boolean;
};

/** devices/proxy-result. Contract clients §9. */
export type ProxyFact = {
  readonly kind: 'proxy';
  readonly device: string;
  readonly status: 'ok' | 'unreachable';
  readonly egressIp?: string;
  readonly error?: string;
};

/** Whom a job's callbacks are about. Callbacks of one `ledger` are posted in order. */
type OfJob = {
  /** The sending number. */
  readonly device: string;
  readonly ledger: string;
  /** Epoch milliseconds. */
  readonly at: number;
};

/** update-schedule-status. Contract schedules §8, §9. */
export type ScheduleStatusFact = OfJob & {
  readonly kind: 'schedule status';
  readonly scheduleId: number;
  readonly status: 'running' | 'completed' | 'failed';
  readonly totals?: { readonly sent: number; readonly delivered: number; readonly failed: number };
  readonly reason?: string;
  /** Of recurring runs; epoch milliseconds. */
  readonly lastRunAt?: number;
};

/** update-scheduled-contact-status. Contract schedules §9. */
export type ScheduleRecipientFact = OfJob & {
  readonly kind: 'schedule recipient';
  /** Positive: the app has no rows for others. */
  readonly scheduleId: number;
  /** As the app listed it. */
  readonly phone: string;
  readonly status: 'sent' | 'delivered' | 'read' | 'failed';
  readonly messageId?: string;
  readonly error?: string;
};

/** update-broadcast-status. Contract bulk §3. */
export type BroadcastStatusFact = OfJob & {
  readonly kind: 'broadcast status';
  readonly broadcastId: number;
  readonly status: 'processing' | 'completed' | 'completed_with_errors' | 'failed';
  readonly success: number;
  readonly failed: number;
  readonly reason?: string;
};

/** update-message-status. Contract bulk §3, inbound §10. */
export type BroadcastRecipientFact = OfJob & {
  readonly kind: 'broadcast recipient';
  readonly broadcastId: number;
  readonly contactId: number;
  readonly status: 'sent' | 'delivered' | 'read' | 'failed';
  readonly messageId?: string;
  readonly error?: string;
};

/** campaigns/update-status. Contract bulk §4.4. */
export type CampaignStatusFact = OfJob & {
  readonly kind: 'campaign status';
  readonly campaignId: number;
  readonly status: 'scheduled' | 'running' | 'paused' | 'cancelled' | 'completed' | 'failed';
  readonly totals: {
    readonly total: number;
    readonly sent: number;
    readonly failed: number;
    readonly delivered: number;
    readonly read: number;
  };
  readonly reason?: string;
};

/** campaigns/update-contact-status. Contract bulk §4.4. */
export type CampaignRecipientFact = OfJob & {
  readonly kind: 'campaign recipient';
  readonly campaignId: number;
  readonly contactId: number;
  readonly status: 'sent' | 'delivered' | 'read' | 'failed';
  readonly messageId?: string;
  readonly error?: string;
  readonly variant?: 'A' | 'B';
};

/** campaigns/track-response and campaigns/unsubscribe. Contract bulk §4.5. */
export type CampaignReplyFact = OfJob & {
  readonly kind: 'campaign reply';
  readonly campaignId: number;
  readonly reply:
    | { readonly kind: 'response'; readonly contactId: number; readonly text: string }
    | { readonly kind: 'unsubscribe'; readonly phone: string };
};

export type JobFact =
  | ScheduleStatusFact
  | ScheduleRecipientFact
  | BroadcastStatusFact
  | BroadcastRecipientFact
  | CampaignStatusFact
  | CampaignRecipientFact
  | CampaignReplyFact;

/** bridge-error: a call that failed. Contract voice §3. */
export type CallErrorFact = {
  readonly kind: 'call error';
  /** The business number. */
  readonly device: string;
  /** The app's id. */
  readonly call: string;
  readonly metaCallId?: string;
  readonly reason: string;
};

/** transcript-turn: one spoken turn. Contract voice §3, §11. */
export type CallTurnFact = {
  readonly kind: 'call turn';
  readonly device: string;
  readonly call: string;
  readonly role: 'agent' | 'user';
  readonly text: string;
  readonly sinceAcceptMs: number;
};

export type CallFact = CallErrorFact | CallTurnFact;

export type Fact = InboundFact | ReceiptFact | StatusFact | GroupsFact | ProxyFact | JobFact | FlowFact | CallFact;
