/**
 * What is stored of a job (contract schedules §12): its row, and a ledger with one row per recipient and occurrence.
 * Plain JSON; instants are epoch ms.
 */
import type { JobFact } from '../app-client/callbacks.types.ts';
import type { EngineName } from '../content/engine-choice.ts';
import type { JobState } from '../machines/job.ts';
import type { RecipientState } from '../machines/recipient.ts';
import type { JobKind } from './protocol.ts';
import type { QuietHours } from './quiet-hours.ts';
import type { Rule } from './recurrence.ts';
import { type Wall, wallOf } from './wall-clock.ts';

export type JobRow = {
  /** The bridge's id: URL-safe, at most 100 characters. */
  readonly id: string;
  readonly kind: JobKind;
  /** scheduleId, broadcastId or campaignId. */
  readonly appId?: number;
  readonly sender: string;
  readonly workspace?: string;
  /** As it came, `''` for none; `engine` is what it meant when the job first ran, and never changes (S-22). */
  readonly provider: string;
  readonly engine?: EngineName;
  readonly state: JobState;
  readonly outcome?: 'completed' | 'failed' | 'cancelled';
  /** Why it is paused, held or has failed. */
  readonly reason?: string;
  readonly ledger: string;
  /** By which a later registration finds it; several ledgers may have had the same (reminders, §12). */
  readonly key: string;
  readonly zone: string;
  /** The first occurrence, and the only one without a rule. */
  readonly at: number;
  /** The wall clock of a series as it was written, where that hour does not exist on the first day (§5). */
  readonly anchor?: Wall;
  readonly rule?: Rule;
  /** Zones of the recipients, when each is sent at the wall-clock time of its own (§11). */
  readonly zones?: readonly string[];
  readonly quiet?: QuietHours;
  /** Seconds; in place of the platform's gap (contract settings §5). */
  readonly gap?: { readonly min: number; readonly max: number };
  /** When the next occurrence opens; the occurrence itself is `occurrence`. Undefined: none is left. */
  readonly next?: number;
  readonly occurrence: number;
  /** The occurrence whose run has begun and is not closed, and since when. */
  readonly open?: number;
  readonly openedAt?: number;
  /** Its first recipient has been tried, and the app was told that it runs. */
  readonly begun?: true;
  /** Grows with every registration under the same ledger. */
  readonly dispatch: number;
  /** Every listed recipient gets a new attempt when it opens, also who was sent before (contract bulk §1.3). */
  readonly anew?: true;
  /** Fingerprint of the content, without recipients and times. */
  readonly digest: string;
  /** Each recipient gets this flow of the app started, in place of a message (contract bulk §4.1). */
  readonly flow?: string;
  readonly recipients: number;
  readonly messageId?: string;
  /** What the app's list said of it last, as fingerprints (listed.ts); none while a run kept it from being compared. */
  readonly listed?: {
    readonly digest?: string;
    readonly who?: string;
    readonly at: number;
    readonly advances: boolean;
  };
  readonly createdAt: number;
  /** The last change made here, not by a run. */
  readonly changedAt: number;
  readonly endedAt?: number;
  readonly runs: number;
  readonly lastRunAt?: number;
};

/** A further entry with the same phone: it gets this one's result (contract settings §6). */
export type Alias = { readonly key: string; readonly contactId?: number; readonly listed: string };

export type LedgerRow = {
  /** Place in the list. */
  readonly n: number;
  readonly key: string;
  readonly contactId?: number;
  readonly listed: string;
  /** Digits or JID; undefined: nothing to send to. */
  readonly to?: string;
  readonly also?: readonly Alias[];
  readonly variant?: 'A' | 'B';
  readonly state: RecipientState;
  /** The message's id: ours from `sending` on, the provider's from `sent` on. */
  readonly id?: string;
  readonly error?: string;
  /** Sends that nothing came of and that may be tried again. */
  readonly tries: number;
  /** The registration it was last tried for. */
  readonly dispatch: number;
  readonly notBefore?: number;
  /** When its provider first said that this recipient gets too much. */
  readonly slowSince?: number;
  /** Its second part is still to be sent. */
  readonly tail?: true;
  /** Fingerprint of what was sent. */
  readonly digest?: string;
  readonly sentAt?: number;
  readonly deliveredAt?: number;
  readonly readAt?: number;
  readonly respondedAt?: number;
  readonly response?: string;
};

/** Where a ledger row lies; `occurrence` is 0 for jobs that run once. */
export type Place = { readonly ledger: string; readonly occurrence: number; readonly n: number };

/** One transaction of the scheduler's books. */
export type Entries = {
  readonly jobs?: readonly JobRow[];
  readonly rows?: readonly (readonly [Place, LedgerRow])[];
  readonly facts?: readonly JobFact[];
};

/** Where a series begins, by the wall clock of its zone. */
export const anchorOf = ({ anchor, at, zone }: Pick<JobRow, 'anchor' | 'at' | 'zone'>): Wall =>
  anchor ?? wallOf(at, zone);

/** The occurrence by which the ledger knows it. */
export const occurrenceOf = (job: JobRow, at: number): number => (job.rule ? at : 0);
