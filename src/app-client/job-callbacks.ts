/**
 * What schedules, broadcasts and campaigns tell the app, as paths and bodies within its limits. Contract schedules §9, bulk
 * §3, §4.4, §4.5, inbound §10.
 *
 *  JC1  No field is longer than the app accepts (S-21): a 422 would leave its recipient pending for ever.
 *  JC2  Callbacks of one ledger share an order key: `sent` before `delivered` before `read`, and recipients before their
 *       summary, for an app that overwrites whatever it had (S-46, S-58).
 *  JC3  Only an unsent `delivered` gives way to the `read` of the same message to the same recipient (README §3.1). Nothing
 *       else is replaced: `sent` bills, `failed` explains, and a summary counts what stands before it. Orders may make a
 *       status of the whole moot (scheduler/moot.ts).
 *
 * Deliberately not here: which fact is told when (scheduler), storing and sending.
 */
import type {
  BroadcastRecipientFact,
  BroadcastStatusFact,
  CampaignRecipientFact,
  CampaignReplyFact,
  CampaignStatusFact,
  JobFact,
  ScheduleRecipientFact,
  ScheduleStatusFact,
} from './callbacks.types.ts';
import { mapOf } from '../content/loose.ts';
import { cut, LIMITS } from './limits.ts';

export const JOB_PATHS = {
  schedule: '/api/update-schedule-status',
  scheduleRecipient: '/api/update-scheduled-contact-status',
  broadcast: '/api/update-broadcast-status',
  broadcastRecipient: '/api/update-message-status',
  campaign: '/api/campaigns/update-status',
  campaignRecipient: '/api/campaigns/update-contact-status',
  campaignResponse: '/api/campaigns/track-response',
  unsubscribe: '/api/campaigns/unsubscribe',
} as const;

const LINE = 'job:';

type Body = Readonly<Record<string, unknown>>;
type Wire = { readonly path: string; readonly body: Body };

export type JobBody = Wire & {
  readonly orderKeys: readonly string[];
  readonly timeoutMs: number;
  readonly supersede?: { readonly key: string; readonly rank: number };
};

/** Pure. */
export function jobBody(fact: JobFact): JobBody {
  const wire = wireOf(fact);
  return {
    ...wire,
    orderKeys: [`${LINE}${fact.ledger}`],
    timeoutMs: wire.path === JOB_PATHS.scheduleRecipient ? 5_000 : 10_000,
    ...supersedeOf(fact),
  };
}

function wireOf(fact: JobFact): Wire {
  switch (fact.kind) {
    case 'schedule status':
      return { path: JOB_PATHS.schedule, body: scheduleStatus(fact) };
    case 'schedule recipient':
      return { path: JOB_PATHS.scheduleRecipient, body: scheduleRecipient(fact) };
    case 'broadcast status':
      return { path: JOB_PATHS.broadcast, body: broadcastStatus(fact) };
    case 'broadcast recipient':
      return { path: JOB_PATHS.broadcastRecipient, body: broadcastRecipient(fact) };
    case 'campaign status':
      return { path: JOB_PATHS.campaign, body: campaignStatus(fact) };
    case 'campaign recipient':
      return { path: JOB_PATHS.campaignRecipient, body: campaignRecipient(fact) };
    case 'campaign reply':
      return campaignReply(fact);
    default:
      throw new TypeError(`unknown fact ${String(fact satisfies never)}`);
  }
}

/**
 * What a stored row says of a whole schedule or broadcast; `interim`: only that it runs. Undefined for all other rows:
 * campaigns have words of their own for what somebody ordered.
 */
export function statusIn(row: { path: string; orderKeys: readonly string[]; body: string }) {
  if (row.path !== JOB_PATHS.schedule && row.path !== JOB_PATHS.broadcast) return undefined;
  const { status, reason, totalSent } = mapOf(JSON.parse(row.body)) ?? {};
  const isRunning = (status === 'running' && totalSent === undefined) || status === 'processing';
  return { ledger: row.orderKeys[0]?.slice(LINE.length) ?? '', interim: isRunning && reason === undefined };
}

type RecipientFact = ScheduleRecipientFact | BroadcastRecipientFact | CampaignRecipientFact;

const RANK = { delivered: 1, read: 2 } as const;

/** JC3. Two contacts with one phone share a message id, so the recipient belongs into the key. */
function supersedeOf(fact: JobFact): Pick<JobBody, 'supersede'> {
  if (!isRecipient(fact) || fact.messageId === undefined) return {};
  if (fact.status !== 'delivered' && fact.status !== 'read') return {};
  const who = fact.kind === 'schedule recipient' ? fact.phone : fact.contactId;
  return { supersede: { key: `job:${fact.ledger}:${who}:${fact.messageId}`, rank: RANK[fact.status] } };
}

const isRecipient = (fact: JobFact): fact is RecipientFact =>
  fact.kind === 'schedule recipient' || fact.kind === 'broadcast recipient' || fact.kind === 'campaign recipient';

const iso = (ms: number): string => new Date(ms).toISOString();

/** The field of the app in which the time of a status goes. */
function momentOf({ status, at }: { status: RecipientFact['status']; at: number }): Body {
  return status === 'failed' ? {} : { [`${status}_at`]: iso(at) };
}

function scheduleStatus({ scheduleId, status, totals, reason, lastRunAt, device, at }: ScheduleStatusFact): Body {
  return {
    scheduleId,
    status,
    ...(totals && { totalSent: totals.sent, totalDelivered: totals.delivered, totalFailed: totals.failed }),
    ...(reason !== undefined && { reason: cut(reason, LIMITS.schedule.reason) }),
    ...(lastRunAt !== undefined && { lastRunAt: iso(lastRunAt) }),
    phoneNumber: cut(device, LIMITS.schedule.phoneNumber),
    timestamp: iso(at),
  };
}

function scheduleRecipient({ scheduleId, phone, status, messageId, error, at }: ScheduleRecipientFact): Body {
  const limits = LIMITS.schedule;
  return {
    scheduleId,
    phone: cut(phone, limits.phone),
    status,
    ...(messageId !== undefined && { messageId: cut(messageId, limits.messageId) }),
    ...(error !== undefined && { error: cut(error, limits.error) }),
    timestamp: iso(at),
  };
}

function broadcastStatus({ broadcastId, status, success, failed, reason }: BroadcastStatusFact): Body {
  return {
    broadcast_id: broadcastId,
    status,
    success_count: success,
    fail_count: failed,
    ...(reason !== undefined && { reason: cut(reason, LIMITS.bulk.reason) }),
  };
}

/** The row is overwritten as a whole, so a missing id is said to be missing. */
function idAndError({ messageId, error }: { messageId?: string; error?: string }): Body {
  const limits = LIMITS.bulk;
  return {
    whatsapp_message_id: messageId === undefined ? null : cut(messageId, limits.messageId),
    ...(error !== undefined && { error_message: cut(error, limits.error) }),
  };
}

function broadcastRecipient(fact: BroadcastRecipientFact): Body {
  const { broadcastId, contactId, status } = fact;
  return { broadcast_id: broadcastId, contact_id: contactId, status, ...idAndError(fact), ...momentOf(fact) };
}

function campaignStatus({ campaignId, status, totals, reason }: CampaignStatusFact): Body {
  return {
    campaign_id: campaignId,
    status,
    total_recipients: totals.total,
    sent_count: totals.sent,
    failed_count: totals.failed,
    delivered_count: totals.delivered,
    read_count: totals.read,
    ...(reason !== undefined && { reason: cut(reason, LIMITS.bulk.reason) }),
  };
}

function campaignRecipient(fact: CampaignRecipientFact): Body {
  const { campaignId, contactId, status, variant } = fact;
  return {
    campaign_id: campaignId,
    contact_id: contactId,
    status,
    ...idAndError(fact),
    ...(variant !== undefined && { variant }),
    ...momentOf(fact),
  };
}

function campaignReply({ campaignId, reply, at }: CampaignReplyFact): Wire {
  switch (reply.kind) {
    case 'response': {
      const response = cut(reply.text, LIMITS.bulk.response);
      const body = { campaign_id: campaignId, contact_id: reply.contactId, response, responded_at: iso(at) };
      return { path: JOB_PATHS.campaignResponse, body };
    }
    case 'unsubscribe': {
      const phone = cut(reply.phone, LIMITS.bulk.phone);
      return { path: JOB_PATHS.unsubscribe, body: { campaign_id: campaignId, phone } };
    }
    default:
      throw new TypeError(`unknown reply ${String(reply satisfies never)}`);
  }
}
