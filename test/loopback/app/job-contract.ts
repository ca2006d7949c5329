/**
 * What the app accepts of schedules, broadcasts and campaigns (contract schedules §9, §10, bulk §3, §4.3-§4.5, inbound §10):
 * fields, limits, words.
 */

import { z } from 'zod';
import { digits, moment, optional, required, text, whole, word } from './fields.ts';

const id = z.int('must be a whole number').positive('must be an id of the app');
const count = whole.min(0);

const schedule = z.strictObject({
  // A reminder's is negative (schedules §1).
  scheduleId: z.union([z.int(), required(64)]),
  status: word('sent', 'failed', 'running', 'completed', 'scheduled'),
  totalSent: count.nullish(),
  totalDelivered: count.nullish(),
  totalFailed: count.nullish(),
  phoneNumber: optional(text(64)),
  timestamp: optional(text(64)),
  lastRunAt: optional(text(64)),
  reason: optional(text(1000)),
});

const scheduleRecipient = z.strictObject({
  scheduleId: id,
  phone: required(32).regex(/\d/, 'without digits'),
  status: word('sent', 'delivered', 'read', 'failed'),
  error: optional(text(512)),
  messageId: optional(text(128)),
  timestamp: optional(text(64)),
});

const broadcast = z.strictObject({
  broadcast_id: id,
  status: word('scheduled', 'processing', 'completed', 'completed_with_errors', 'failed'),
  success_count: count.nullish(),
  fail_count: count.nullish(),
  // The app ignores what it does not know; the bridge says why a run stopped.
  reason: optional(text(1000)),
});

const moments = { sent_at: optional(moment), delivered_at: optional(moment), read_at: optional(moment) };

const broadcastRecipient = z.strictObject({
  broadcast_id: id,
  contact_id: id,
  status: word('pending', 'sent', 'delivered', 'read', 'failed'),
  error_message: optional(text(1024)),
  whatsapp_message_id: optional(text(191)),
  ...moments,
});

const stats = z.record(z.string(), count).nullish();

const campaign = z.strictObject({
  campaign_id: id,
  // The app stores any word verbatim, so a wrong one would stay for ever.
  status: word('scheduled', 'running', 'paused', 'cancelled', 'completed', 'failed'),
  total_recipients: count.nullish(),
  sent_count: count.nullish(),
  failed_count: count.nullish(),
  delivered_count: count.nullish(),
  read_count: count.nullish(),
  responded_count: count.nullish(),
  clicked_count: count.nullish(),
  variant_a_stats: stats,
  variant_b_stats: stats,
  reason: optional(text(1000)),
});

const campaignRecipient = z.strictObject({
  campaign_id: id,
  contact_id: id,
  status: word('queued', 'pending', 'sent', 'delivered', 'read', 'failed', 'unsubscribed'),
  error_message: optional(text(1024)),
  whatsapp_message_id: optional(text(191)),
  variant: optional(text(8)),
  ...moments,
});

const response = z.strictObject({
  campaign_id: id,
  contact_id: id,
  response: optional(text(4096)),
  responded_at: optional(moment),
});

const unsubscribe = z.strictObject({ campaign_id: id, phone: required(32) });

export const JOB_BODIES: readonly (readonly [path: string, body: z.ZodType])[] = [
  ['/api/update-schedule-status', schedule],
  ['/api/update-scheduled-contact-status', scheduleRecipient],
  ['/api/update-broadcast-status', broadcast],
  ['/api/update-message-status', broadcastRecipient],
  ['/api/campaigns/update-status', campaign],
  ['/api/campaigns/update-contact-status', campaignRecipient],
  ['/api/campaigns/track-response', response],
  ['/api/campaigns/unsubscribe', unsubscribe],
];

export const JOB_QUERIES: readonly (readonly [path: string, query: z.ZodType])[] = [
  ['/api/scheduled/active', z.strictObject({ phone_number: digits(32).optional() })],
  ['/api/campaigns/sync', z.strictObject({})],
];
