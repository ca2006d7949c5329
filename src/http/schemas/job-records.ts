/**
 * A job as the list and status routes show it (contract schedules §13).
 *
 * Deliberately not here: how it is made (job-records.ts).
 */
import { z } from '@hono/zod-openapi';

/** The words of §13 that this bridge uses; the rest of that list are older bridges'. */
export const statusWords = z.enum([
  'scheduled',
  'running',
  'paused',
  'stopped',
  'sent',
  'completed',
  'completed_with_errors',
  'failed',
  'cancelled',
]);

const time = z.string().openapi({ format: 'date-time' });
const fields = z.record(z.string(), z.unknown());
const list = z.array(z.unknown());

export const jobRecord = z
  .object({
    id: z.string(),
    type: z.enum(['single', 'bulk', 'recurring', 'broadcast', 'campaign']),
    provider: z.string().nullable().openapi({ description: 'As it was asked for' }),
    senderPhoneNumber: z.string(),
    message: z.string(),
    status: statusWords.openapi({ description: '`stopped`: held, because the app no longer lists it' }),
    createdAt: time,
    scheduledFor: z.string(),
    scheduleDateTime: z.string().nullable(),
    timezone: z.string(),
    mediaUrl: z.string().nullable(),
    messageType: z.string().nullable(),
    latitude: z.unknown(),
    longitude: z.unknown(),
    targetPhoneNumber: z.string().optional().openapi({ description: 'Singles' }),
    scheduleId: z.number().nullable().optional().openapi({ description: 'The app’s: bulk, recurring' }),
    broadcastId: z.number().nullable().optional().openapi({ description: 'Broadcasts' }),
    campaignId: z.number().nullable().optional().openapi({ description: 'Campaigns' }),
    campaignName: z.string().optional().openapi({ description: 'Campaigns' }),
    targetPhoneNumbers: list.optional(),
    recipientCount: z.int().optional().openapi({ description: 'Broadcasts and campaigns' }),
    isTemplate: z.boolean().optional(),
    templateData: fields.nullable().optional().openapi({ description: '`attachment_base64`: its length' }),
    recipientAttributes: fields.optional(),
    targetQueues: list.optional().openapi({ description: 'This and the next seven: recurring' }),
    repeatInterval: z.string().optional(),
    repeatEvery: z.number().optional(),
    daysOfWeek: list.optional(),
    endDate: z.string().nullable().optional(),
    totalRuns: z.int().optional(),
    lastRunAt: time.nullable().optional(),
    nextRunAt: time.nullable().optional(),
    sentCount: z.int().optional().openapi({ description: 'This and the next four: after a run' }),
    failedCount: z.int().optional(),
    failedNumbers: z.array(z.string()).optional(),
    completedAt: time.nullable().optional(),
    error: z.string().nullable().optional(),
    messageId: z.string().optional().openapi({ description: 'This and the next three: singles' }),
    whatsappMessageId: z.string().optional(),
    sentAt: time.optional(),
    failedAt: time.optional(),
  })
  .openapi('JobRecord');
