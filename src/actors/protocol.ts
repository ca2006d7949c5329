/**
 * Every message between the house's rooms, as plain JSON unions: what numbers, providers and operators' questions say is
 * here, what a room has of its own comes from there. The only file of `actors` that outsiders (http, scheduler) may
 * import, types only.
 */
import type { OutboxStats } from '../app-client/outbox.types.ts';
import type { Content, Target } from '../content/content.ts';
import type { Account, NumberState } from '../machines/number.types.ts';
import type { Contact } from './contact-book.ts';
import type { Origin, SendResult, StarResult } from './engines/engine.ts';
import type { ProviderResult } from './engines/provider.ts';
import type { GroupAnswer, GroupCommand } from './groups.types.ts';
import type { Limit } from './limits.ts';

export type { Account, NumberState, ProviderResult, SendResult };

export type { OutboxAdmin } from '../app-client/outbox-admin.types.ts';
export type {
  BulkEngine,
  BulkOutcome,
  BulkRequest,
  BulkSends,
  CustomerMessage,
  JobNews,
  JobReceipt,
} from './bulk.types.ts';
export type { Contact } from './contact-book.ts';
export type {
  FlowCheck,
  FlowCounts,
  FlowDesk,
  FlowStarts,
  OrderMeta,
  Provider as FlowProvider,
  ResumeAnswer,
  SessionView,
  StartOrder,
} from './flows/protocol.ts';
export type { FlowProblem } from './flows/definition.types.ts';
export type { CallDesk, CallStats, InboundCall, OutboundCall } from './voice/desk.types.ts';
export type { GroupAnswer, GroupCommand, GroupMeta } from './groups.types.ts';

/** One number as seen from outside: one record, whether restored, imported or paired a minute ago (C-18). */
export type NumberView = {
  readonly digits: string;
  /** False for a number nobody ever started here. */
  readonly known: boolean;
  readonly state: NumberState;
  /** Socket open, user known, settled: the only thing that may be called "connected". */
  readonly ready: boolean;
  readonly paired: boolean;
  readonly stopped: boolean;
  readonly user?: Account;
  /** The raw pairing string that is valid now. Secret: never logged. */
  readonly qr?: string;
  /** The pairing code that is valid now, and when it was made (epoch ms). Secret: never logged. */
  readonly code?: string;
  readonly codeAt?: number;
  /** A pairing, or an explicit start, is alive but hidden by a terminate (30 s, clients §4.1). */
  readonly lingering: boolean;
  /** Why it is down, in words for the operator. */
  readonly why?: string;
  readonly quarantined: boolean;
};

export type SendRequest = {
  readonly from: string;
  readonly to: string;
  readonly content: Content;
  /**
   * Sent after `content` was, one after the other, under ids that follow from its id; a failure is logged and changes no
   * answer (contract messages §2 `location`, §4 caption of an audio).
   */
  readonly followUps?: readonly Content[];
  readonly idempotencyKey?: string;
  /** The WhatsApp message id, durable at the caller's; a new one when absent. */
  readonly id?: string;
  /** Decides where its receipts go (contract inbound §10); a single send when absent. */
  readonly origin?: Origin;
  /** Epoch ms by which the caller must have an answer. */
  readonly deadline: number;
};

export type SendAnswer =
  | SendResult
  | { readonly kind: 'not ready'; readonly why: string }
  /** Cancelled in the queue before anything was handed over: it will never go out. */
  | { readonly kind: 'timed out'; readonly why: string };

export type GroupRequest = {
  readonly digits: string;
  readonly command: GroupCommand;
  /** Who asks; a group that this workspace left a moment ago is not listed for it (contract clients §11). */
  readonly workspace?: string;
  /** Epoch ms by which the caller must have an answer. */
  readonly deadline: number;
};

export type StarAnswer = StarResult | { readonly kind: 'not ready'; readonly why: string };

export type StartAnswer =
  | { readonly kind: 'started' }
  | { readonly kind: 'other workspace' }
  | { readonly kind: 'draining' };
export type UnlinkAnswer = { readonly kind: 'unlinked'; readonly remote: boolean } | { readonly kind: 'not found' };

/** What routes may ask of the numbers. Implemented by the supervisor's directory. */
export interface Numbers {
  /** Never has a side effect; answers for unknown numbers too. */
  view(digits: string): NumberView;
  /** Every known number. */
  all(): Iterable<NumberView>;
  /** Starts or joins; returns at once. A `workspace` that differs from the bound one changes nothing. */
  start(digits: string, want: 'qr' | 'code', workspace?: string): StartAnswer;
  /** The workspace this number is bound to, when one is. */
  workspace(digits: string): string | undefined;
  /** Soft disconnect; the login stays. */
  stop(digits: string): { readonly kind: 'terminated' } | { readonly kind: 'not found' };
  unlink(digits: string): Promise<UnlinkAnswer>;
  /** Resolves true as soon as `until` holds for the number's view, false at the deadline (epoch ms). */
  until(digits: string, until: (view: NumberView) => boolean, deadline: number): Promise<boolean>;
  send(request: SendRequest): Promise<SendAnswer>;
  /** Never waits for the connection. */
  groups(request: GroupRequest): Promise<GroupAnswer>;
  /** Waits for the connection as sends do. `to` as in a send, `deadline` in epoch ms. */
  star(digits: string, to: string, target: Target, star: boolean, deadline: number): Promise<StarAnswer>;
  /** Everybody the number knows; undefined while it is not connected. */
  contacts(digits: string): readonly Contact[] | undefined;
  /** Digits of the person behind a LID, when this number has learned them (contract messages §1.1). */
  phoneOf(digits: string, lid: string): string | undefined;
  /** Id of the newest message that this number sent to a chat through the bridge (contract messages §6, reactions). */
  newestOwn(digits: string, to: string): string | undefined;
}

export type ProviderRequest = {
  readonly engine: 'waba' | 'twilio';
  readonly from: string;
  /** Digits. */
  readonly to: string;
  readonly content: Content;
  /** As in `SendRequest`. */
  readonly followUps?: readonly Content[];
  /** Whose credentials of the number are used. */
  readonly workspace?: string;
  readonly idempotencyKey?: string;
  /** The bridge's id of the message, told to the provider where it takes one; a new one when absent. */
  readonly id?: string;
  /** Epoch ms by which the caller must have an answer. */
  readonly deadline: number;
};

/** What routes may ask of engines that hold no connection. */
export interface Providers {
  send(request: ProviderRequest): Promise<ProviderResult>;
}

/** One step of a number's life, for operators. Times are epoch ms. */
export type HistoryEntry = {
  readonly at: number;
  /** Where it led. */
  readonly state: NumberState;
  readonly cause: string;
  /** WhatsApp's or the library's code of a close. */
  readonly code?: number;
  /** What happens by itself (`reconnect`, `restart`), or what somebody has to do (`start`, `pair`). */
  readonly next?: 'reconnect' | 'restart' | 'start' | 'pair';
  readonly nextAt?: number;
};

/** A WhatsApp Web version, such as 2, 3000, 1015901307. */
export type WhatsAppVersion = readonly [number, number, number];

/** Where a number's WhatsApp Web version comes from; what is set for it wins, then `all`, `latest`, `fallback`. */
export type VersionSettings = {
  /** `WHATSAPP_VERSION`, else the library's own. */
  readonly fallback: WhatsAppVersion;
  /** The last good answer of `WHATSAPP_VERSION_URL`, and when it came (epoch ms). */
  readonly latest?: { readonly version: WhatsAppVersion; readonly at: number };
  readonly all?: WhatsAppVersion;
  readonly numbers: Readonly<Record<string, WhatsAppVersion>>;
};

/** What operators may ask about connections, and set. */
export interface Operator {
  /** Oldest first, at most 200; empty for an unknown number. */
  history(digits: string): readonly HistoryEntry[];
  /** What WhatsApp does not let the number do now, as far as known; empty for an unknown number. */
  limits(digits: string): readonly Limit[];
  versions(): VersionSettings;
  /** For one number, or for all without `digits`; undefined takes the setting back. Durable when it resolves, used at the next connect. */
  setVersion(version: WhatsAppVersion | undefined, digits?: string): Promise<void>;
}

/** What `/` and `/health` count. */
export interface Vitals {
  phase(): 'starting' | 'running' | 'draining';
  counts(): { readonly known: number; readonly ready: number; readonly starting: number };
  restore(): { readonly done: number; readonly total: number; readonly finished: boolean };
  outbox(): OutboxStats;
  /** Customers who get no automatic reply for a while. */
  cooldowns(): number;
}

/** What the app set for the whole platform (contract settings §1, §2), each with when it was last read (epoch ms). */
export type PlatformSettings = {
  readonly useCloud: boolean;
  readonly hasCloudCredentials: boolean;
  readonly engineReadAt: number | null;
  /** `gap` between messages in s, `pause` between batches of `batch` messages in min. */
  readonly pacing: {
    readonly gap: number;
    readonly inBatches: boolean;
    readonly batch: number;
    readonly pause: number;
  };
  readonly pacingReadAt: number | null;
};

/** What the app sets, and when it is read again. */
export interface AppSettings {
  /** The last good values, else the defaults. */
  platform(): PlatformSettings;
  /** Asks for the platform's settings; resolves after `limitMs` at the latest, with what is known then. */
  refresh(limitMs: number): Promise<PlatformSettings>;
  /** Forgets the settings of one number under all workspaces, or everything; resolves with how many entries went. */
  bust(digits: string | undefined): Promise<number>;
}
