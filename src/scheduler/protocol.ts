/**
 * What others may ask of the scheduler, as plain data. The only file of `scheduler` that routes may import, types only.
 * Instants are epoch ms.
 */
import type { Fields } from '../content/loose.ts';
import type { EngineName } from '../content/engine-choice.ts';
import type { JobState } from '../machines/job.ts';
import type { RecipientState } from '../machines/recipient.ts';

export type { Fields, JobState, RecipientState };

export type JobKind = 'single' | 'bulk' | 'recurring' | 'broadcast' | 'campaign';

/** The ways in: contract schedules §1-§4, bulk §1.1, §4.1. `immediate`: without a time of its own. */
export type Entry = {
  readonly kind: JobKind;
  readonly immediate?: true;
  /** Digits. */
  readonly sender: string;
  readonly workspace?: string;
  /** As it came. */
  readonly body: Fields;
};

export type Registered =
  | {
      readonly kind: 'registered';
      /** The bridge's id of the job. */
      readonly id: string;
      /** First due instant, and whether that is now. */
      readonly at: number;
      readonly now: boolean;
      /** `YYYY-MM-DD hh:mm:ss AM/PM <abbr>`, and ISO with offset, both in the job's zone. */
      readonly scheduledFor: string;
      readonly scheduledForIso: string;
      /** As it came; `UTC` when it did not. */
      readonly zone: string;
      /** Of recurring jobs, descriptive. */
      readonly cron?: string;
      readonly recipients: number;
      /** Of singles on the linked device: the message's WhatsApp id. */
      readonly messageId?: string;
      /** Of A/B campaigns. */
      readonly split?: { readonly A: number; readonly B: number };
    }
  /** A time, zone, interval or type that cannot be read; nothing was stored. */
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'no contacts' };

export type Order = 'pause' | 'resume' | 'cancel';

/** Counted from the ledger's rows; `sent` includes what was delivered, `delivered` what was read. */
export type Totals = {
  readonly total: number;
  readonly pending: number;
  readonly sent: number;
  readonly delivered: number;
  readonly read: number;
  readonly failed: number;
  readonly unknown: number;
  readonly skipped: number;
};

export type JobView = {
  readonly id: string;
  readonly kind: JobKind;
  readonly appId?: number;
  readonly sender: string;
  readonly state: JobState;
  /** A run has begun and is not closed. */
  readonly running: boolean;
  /** When it ended. */
  readonly outcome?: 'completed' | 'failed' | 'cancelled';
  readonly reason?: string;
  /** Why it waits (cap, connection, the provider's pause), and until when where that is known. */
  readonly waits?: { readonly why: string; readonly until?: number };
  readonly zone: string;
  readonly nextAt?: number;
  readonly createdAt: number;
  readonly endedAt?: number;
  readonly lastRunAt?: number;
  readonly runs: number;
  /** Over all runs. */
  readonly totals: Totals;
  readonly failedNumbers: readonly string[];
  /** Messages per minute of the open run, and when it is expected to be through. */
  readonly rate?: number;
  readonly finishAt?: number;
  readonly messageId?: string;
  readonly scheduledFor: string;
  /** The registration's fields, base64 replaced by its length (S-30). */
  readonly body: Fields;
};

export type RecipientView = {
  /** The string or contact that the app listed. */
  readonly listed: string;
  readonly contactId?: number;
  readonly state: RecipientState;
  readonly variant?: 'A' | 'B';
  readonly messageId?: string;
  readonly error?: string;
  /** When it may be sent at the earliest. */
  readonly notBefore?: number;
  readonly sentAt?: number;
  readonly deliveredAt?: number;
  readonly readAt?: number;
  readonly respondedAt?: number;
  readonly response?: string;
  readonly name: string;
  readonly email: string;
};

export type DryRun =
  | {
      readonly kind: 'dry run';
      readonly recipients: readonly {
        readonly listed: string;
        readonly contactId?: number;
        /** ISO with offset in the recipient's zone. */
        readonly at: string;
        readonly zone: string;
        readonly problems: readonly string[];
      }[];
      readonly engine: EngineName | null;
      readonly problems: readonly string[];
      /** Instant by which the last recipient is expected to be sent. */
      readonly finishAt: number;
    }
  | Exclude<Registered, { kind: 'registered' }>;

/** Implemented by scheduler/schedules.ts. */
export interface Jobs {
  /** Durable when it resolves; sends nothing before. */
  register(entry: Entry): Promise<Registered>;
  dryRun(entry: Entry): Promise<DryRun>;
  /** `id`: the bridge's, else the scheduleId of a schedule. Resolves when nothing of it can leave any more. */
  order(order: Order, id: string): Promise<'done' | 'not found'>;
  /** Contract bulk §1.2: how many jobs of this broadcast were cancelled. */
  cancelBroadcast(broadcastId: string): Promise<number>;
  /** Contract schedules §7 update; empty fields change nothing. */
  update(
    id: string,
    fields: Fields,
  ): Promise<{ kind: 'updated'; id: string } | { kind: 'not found' } | { kind: 'unreadable'; why: string }>;
  /** Newest first; ended ones for 7 days. */
  list(sender: string): readonly JobView[];
  /** The newest of them, of all numbers without `sender`; `count` is how many there are. */
  page(asked: { readonly sender?: string; readonly state?: JobState | undefined; readonly limit: number }): {
    readonly count: number;
    readonly jobs: readonly JobView[];
  };
  /** `id`: the bridge's, else the scheduleId of a schedule. */
  job(id: string): JobView | undefined;
  /** The newest job of this campaign. */
  campaign(campaignId: number): JobView | undefined;
  /** Rows of the newest run in list order. `offset` and `limit` count recipients. */
  recipients(id: string, offset: number, limit: number): readonly RecipientView[];
  /** Jobs that have not ended. */
  count(): number;
}
