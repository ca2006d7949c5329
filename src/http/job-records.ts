/**
 * A job on the wire: the record of the list and status routes (contract schedules §13), and its status word. Pure.
 *
 *  JR1  A record holds only the keys of its kind; what else a registration said stays inside (S-30: base64 is already
 *       replaced in what the scheduler shows).
 *  JR2  A provider's unknown outcomes count as failed, as the callbacks report them (contract schedules §12).
 */
import type { z } from '@hono/zod-openapi';
import { firstText, flagOf, listOf, mapOf, numberOf, textOf } from '../content/loose.ts';
import type { JobView, Totals } from '../scheduler/protocol.ts';
import { iso, isoOrNull } from './iso.ts';
import type { jobRecord, statusWords } from './schemas/job-records.ts';

type JobRecord = z.infer<typeof jobRecord>;
export type StatusWord = z.infer<typeof statusWords>;

export function recordOf(job: JobView): JobRecord {
  const { body } = job;
  const record = {
    ...{ id: job.id, type: job.kind, status: statusWord(job), senderPhoneNumber: job.sender },
    ...{ provider: firstText(body, 'provider').toLowerCase() || null, message: messageOf(job) },
    ...{ createdAt: iso(job.createdAt), scheduledFor: job.scheduledFor, timezone: job.zone },
    scheduleDateTime: firstText(body, 'scheduleDateTime') || null,
    ...{ mediaUrl: firstText(body, 'mediaUrl') || null, messageType: firstText(body, 'messageType') || null },
    ...{ latitude: body['latitude'] ?? null, longitude: body['longitude'] ?? null },
    ...afterRun(job),
  };
  switch (job.kind) {
    case 'single':
      return { ...record, ...single(job) };
    case 'bulk':
      return { ...record, ...toMany(job), scheduleId: job.appId ?? null };
    case 'recurring':
      return { ...record, ...toMany(job), ...recurring(job), scheduleId: job.appId ?? null };
    case 'broadcast':
      return { ...record, ...template(job), broadcastId: job.appId ?? null, recipientCount: job.totals.total };
    case 'campaign':
      return {
        ...record,
        ...{ campaignId: job.appId ?? null, campaignName: textOf(body['campaignName']) },
        recipientCount: job.totals.total,
      };
    default:
      return job.kind satisfies never;
  }
}

/** Contract schedules §2: a series is running from its registration on, everything else from its first recipient on. */
export function statusWord(job: JobView): StatusWord {
  switch (job.state) {
    case 'active':
      return job.running || job.kind === 'recurring' ? 'running' : 'scheduled';
    case 'paused':
      return 'paused';
    case 'held':
      return 'stopped';
    case 'ended':
      return endWord(job);
    default:
      return job.state satisfies never;
  }
}

function endWord({ kind, outcome, totals }: JobView): StatusWord {
  if (outcome === 'cancelled' || outcome === 'failed') return outcome;
  if (kind === 'single') return 'sent';
  return failures(totals) > 0 ? 'completed_with_errors' : 'completed';
}

const failures = ({ failed, unknown }: Totals): number => failed + unknown;

const templateOf = ({ body }: JobView) => mapOf(body['templateData']) ?? {};

/** Custom campaigns have their text one level deeper. */
function messageOf(job: JobView): string {
  const custom = mapOf(job.body['customMessage']) ?? {};
  return (
    textOf(job.body['message']) ||
    textOf(templateOf(job)['template_body']) ||
    firstText(custom, 'message', 'custom_message')
  );
}

function afterRun({ runs, endedAt, totals, failedNumbers, reason }: JobView) {
  if (runs === 0 && endedAt === undefined) return {};
  return {
    ...{ sentCount: totals.sent, failedCount: failures(totals), failedNumbers: [...failedNumbers] },
    ...{ completedAt: isoOrNull(endedAt), error: reason ?? null },
  };
}

function single({ body, outcome, endedAt, messageId, totals }: JobView) {
  return {
    targetPhoneNumber: firstText(body, 'targetJid', 'targetPhoneNumber'),
    ...(messageId !== undefined && { messageId, whatsappMessageId: messageId }),
    ...(endedAt !== undefined && totals.sent > 0 && { sentAt: iso(endedAt) }),
    ...(endedAt !== undefined && outcome === 'failed' && { failedAt: iso(endedAt) }),
  };
}

function template(job: JobView) {
  const templateData = templateOf(job);
  const isEmpty = Object.keys(templateData).length === 0;
  return { isTemplate: flagOf(job.body['isTemplate'], false), templateData: isEmpty ? null : { ...templateData } };
}

function toMany(job: JobView) {
  return {
    ...template(job),
    targetPhoneNumbers: [...(listOf(job.body['targetPhoneNumbers']) ?? [])],
    recipientAttributes: { ...mapOf(job.body['recipientAttributes']) },
  };
}

function recurring({ body, runs, lastRunAt, nextAt }: JobView) {
  const every = numberOf(body['repeatEvery']);
  return {
    targetQueues: [...(listOf(body['targetQueues']) ?? [])],
    repeatInterval: firstText(body, 'repeatInterval'),
    repeatEvery: Number.isFinite(every) ? every : 1,
    daysOfWeek: [...(listOf(body['daysOfWeek']) ?? [])],
    endDate: firstText(body, 'endDate') || null,
    ...{ totalRuns: runs, lastRunAt: isoOrNull(lastRunAt), nextRunAt: isoOrNull(nextAt) },
  };
}
