/**
 * What the app is told of a job (contract schedules §8, bulk §3, §4.4), as facts; pure.
 *
 *  FA1  Only words that the app takes (S-57): paused, cancelled and waiting jobs say nothing but where it knows the word.
 *  FA2  Counters are cumulative over all runs and attempts; what is unknown counts as failed, the app has no other word.
 *  FA3  Every recipient that failed has its own error; a failed whole has a reason (S-17).
 */
import type { JobFact } from '../app-client/callbacks.types.ts';
import type { JobRow, LedgerRow } from './jobs.types.ts';
import type { Totals } from './protocol.ts';

type Status = 'sent' | 'delivered' | 'read' | 'failed';

/** Of one recipient and of everybody who shares its phone; nothing while it is not settled, or when nobody asks. */
export function recipientFacts(job: JobRow, row: LedgerRow, at: number): JobFact[] {
  const status = statusOf(row);
  const { appId } = job;
  if (status === undefined || appId === undefined) return [];
  const common = {
    device: job.sender,
    ledger: job.ledger,
    at,
    status,
    ...(status === 'failed' ? { error: row.error || 'Failed to send' } : messageIdOf(job, row)),
  };
  const contacts = [row.contactId, ...(row.also ?? []).map(({ contactId }) => contactId)].filter(
    (id) => id !== undefined,
  );
  switch (job.kind) {
    case 'bulk':
    case 'recurring':
      return appId > 0
        ? spellingsOf(row).map((phone) => ({ kind: 'schedule recipient', scheduleId: appId, phone, ...common }))
        : [];
    case 'broadcast':
      return contacts.map((contactId) => ({ kind: 'broadcast recipient', broadcastId: appId, contactId, ...common }));
    case 'campaign': {
      const variant = row.variant && { variant: row.variant };
      return contacts.map((contactId) => ({
        kind: 'campaign recipient',
        campaignId: appId,
        contactId,
        ...variant,
        ...common,
      }));
    }
    case 'single':
      return [];
    default:
      return job.kind satisfies never;
  }
}

/** The provider says that this person wants no more messages; only campaigns have a word for it (contract bulk §4.4). */
export function optOutFacts({ kind, appId, sender: device, ledger }: JobRow, row: LedgerRow, at: number): JobFact[] {
  if (kind !== 'campaign' || appId === undefined) return [];
  const reply = { kind: 'unsubscribe', phone: row.to ?? row.listed } as const;
  return [{ kind: 'campaign reply', campaignId: appId, reply, device, ledger, at }];
}

/** A flow's start has none: each message of the flow is told, and charged, by itself. */
const messageIdOf = ({ flow }: JobRow, { id }: LedgerRow) =>
  flow === undefined && id !== undefined ? { messageId: id } : {};

/** The app knows numbers by their digits. */
function spellingsOf({ listed, also = [] }: LedgerRow): string[] {
  const phones = [...also.map((entry) => entry.listed), listed];
  return [...new Map(phones.map((phone) => [phone.replace(/\D/g, '') || phone, phone])).values()].reverse();
}

function statusOf({ state }: LedgerRow): Status | undefined {
  switch (state) {
    case 'sent':
    case 'delivered':
    case 'read':
    case 'failed':
      return state;
    case 'unknown':
      return 'failed';
    case 'pending':
    case 'sending':
    case 'skipped':
      return undefined;
    default:
      return state satisfies never;
  }
}

/** A run has begun. A recurring row is `running` in the app by itself. */
export function startedFacts(job: JobRow, totals: Totals, at: number): JobFact[] {
  const { appId, sender: device, ledger } = job;
  if (appId === undefined) return [];
  switch (job.kind) {
    case 'bulk':
      return [{ kind: 'schedule status', scheduleId: appId, status: 'running', device, ledger, at }];
    case 'broadcast':
      return [broadcast(job, appId, 'processing', totals, at)];
    case 'campaign':
      return [campaign(job, appId, 'running', totals, at)];
    case 'single':
    case 'recurring':
      return [];
    default:
      return job.kind satisfies never;
  }
}

/** The run stopped and waits for somebody (contract bulk, "Error classes that stop a run"). */
export function stoppedFacts(job: JobRow, totals: Totals, reason: string, at: number): JobFact[] {
  const { appId, sender: device, ledger } = job;
  if (appId === undefined) return [];
  switch (job.kind) {
    case 'bulk':
    case 'recurring':
      return [{ kind: 'schedule status', scheduleId: appId, status: 'running', reason, device, ledger, at }];
    case 'broadcast':
      return [broadcast(job, appId, 'processing', totals, at, reason)];
    case 'campaign':
      return [campaign(job, appId, 'paused', totals, at, reason)];
    case 'single':
      return [];
    default:
      return job.kind satisfies never;
  }
}

/** Somebody paused, resumed or cancelled a campaign; other kinds have no word for it. */
export function orderedFacts(
  job: JobRow,
  status: 'paused' | 'scheduled' | 'running' | 'cancelled',
  totals: Totals,
  at: number,
): JobFact[] {
  return job.kind === 'campaign' && job.appId !== undefined ? [campaign(job, job.appId, status, totals, at)] : [];
}

/**
 * A run was closed; `isLast`: so is the job. A recurring run is reported as completed, which moves the app's row to its next
 * date, unless the app has none for it (schedules §8).
 */
export function closedFacts(
  job: JobRow,
  totals: Totals,
  reason: string | undefined,
  isLast: boolean,
  at: number,
): JobFact[] {
  const { appId, sender: device, ledger } = job;
  if (appId === undefined) return [];
  const failed = totals.failed + totals.unknown;
  switch (job.kind) {
    case 'single':
      return [];
    case 'bulk': {
      const status = totals.sent > 0 ? 'completed' : 'failed';
      return [
        {
          kind: 'schedule status',
          scheduleId: appId,
          status,
          totals: { sent: totals.sent, delivered: totals.delivered, failed },
          ...(status === 'failed' && { reason: reason ?? 'Failed to send' }),
          device,
          ledger,
          at,
        },
      ];
    }
    case 'recurring': {
      const status = isLast || job.listed?.advances !== false ? 'completed' : 'running';
      const counts = { sent: totals.sent, delivered: totals.delivered, failed };
      const told = { kind: 'schedule status', scheduleId: appId, status, totals: counts, lastRunAt: at } as const;
      return [{ ...told, ...(reason !== undefined && { reason }), device, ledger, at }];
    }
    case 'broadcast': {
      const status =
        failed === 0 && totals.sent > 0 ? 'completed' : totals.sent > 0 ? 'completed_with_errors' : 'failed';
      return [broadcast(job, appId, status, totals, at, status === 'failed' ? reason : undefined)];
    }
    case 'campaign': {
      // The app stores the word as it is: a campaign that goes on tomorrow is not completed.
      const last = totals.sent > 0 ? 'completed' : 'failed';
      return [campaign(job, appId, isLast ? last : 'running', totals, at, reason)];
    }
    default:
      return job.kind satisfies never;
  }
}

function broadcast(
  { sender: device, ledger }: JobRow,
  broadcastId: number,
  status: 'processing' | 'completed' | 'completed_with_errors' | 'failed',
  totals: Totals,
  at: number,
  reason?: string,
): JobFact {
  const counts = { success: totals.sent, failed: totals.failed + totals.unknown };
  return { kind: 'broadcast status', broadcastId, status, ...counts, ...(reason && { reason }), device, ledger, at };
}

function campaign(
  { sender: device, ledger }: JobRow,
  campaignId: number,
  status: 'scheduled' | 'running' | 'paused' | 'cancelled' | 'completed' | 'failed',
  { total, sent, failed, unknown, delivered, read }: Totals,
  at: number,
  reason?: string,
): JobFact {
  const totals = { total, sent, failed: failed + unknown, delivered, read };
  return { kind: 'campaign status', campaignId, status, totals, ...(reason && { reason }), device, ledger, at };
}
