/**
 * The campaign routes as data (contract bulk §4.1, §4.2).
 *
 * Deliberately not here: what the fields mean (scheduler) and what the routes do (routes/campaigns.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, loose } from './common.ts';
import { done, idParam, order, provider, recipientTimezones, registration, security, timing } from './registrations.ts';

const tag = 'campaigns';
const success = z.literal(true);
const failed = z.object({ success: z.literal(false), message: z.string() }).openapi('CampaignFailure');

const fields = {
  campaignId: loose('The app’s id, number or text of one'),
  campaignName: loose('For people'),
  targetContacts: loose('Contacts: `id`, `phone` and what placeholders name'),
  campaignType: loose('`custom`, `template` or `flow`'),
  customMessage: loose('Text, header, footer, media and buttons of a `custom` campaign'),
  templateId: loose('Of a `template` campaign; fetched when it runs'),
  templateIdA: loose('Variant A'),
  templateIdB: loose('Variant B'),
  isABTest: loose('False by default'),
  abSplit: loose('Percent for A, 50 by default'),
  flowId: loose('Of a `flow` campaign'),
  useAttributes: loose('True: placeholders of custom content are filled'),
  trackingEnabled: loose('True: links lead over the app, which counts clicks'),
  provider,
  timezone: timing.timezone,
};

const accepted = {
  success,
  message: z.string(),
  scheduleId: z.string(),
  recipientCount: z.int(),
  abTestEnabled: z.boolean(),
};

export const sendCampaign = registration('/api/wa/{phone}/campaign/send', {
  name: 'SendCampaign',
  tag,
  summary: 'Send a campaign now, or daily from now on',
  fields: {
    ...fields,
    isRecurring: loose('True: every day at `recurringTime`'),
    recurringTime: loose('`HH:mm` in `timezone`'),
  },
  success: {
    ...accepted,
    message: z.enum(['Campaign is being sent', 'Recurring campaign started']),
    isRecurring: z.boolean(),
    recurringTime: z.string().nullable(),
    timezone: z.string(),
    splitCounts: z.object({ variantA: z.int(), variantB: z.int() }).nullable(),
  },
  refusal: failed,
  failure: failed,
});

export const scheduleCampaign = registration('/api/wa/{phone}/campaign/schedule', {
  name: 'ScheduleCampaign',
  tag,
  summary: 'Send a campaign later',
  fields: { ...fields, scheduleDateTime: timing.scheduleDateTime, recipientTimezones },
  success: { ...accepted, message: z.literal('Campaign scheduled successfully'), scheduledFor: z.string() },
  refusal: failed,
  failure: failed,
});

const common = { tag, missing: failed, failure: failed };

export const pauseCampaign = order('post', '/api/wa/campaign/{scheduleId}/pause', {
  ...common,
  summary: 'Pause a campaign, between two recipients',
  success: done('Campaign paused'),
});
export const resumeCampaign = order('post', '/api/wa/campaign/{scheduleId}/resume', {
  ...common,
  summary: 'Go on with a paused campaign',
  success: done('Campaign resumed'),
});
export const cancelCampaign = order('post', '/api/wa/campaign/{scheduleId}/cancel', {
  ...common,
  summary: 'Cancel a campaign',
  success: done('Campaign cancelled'),
});

const count = z.int();
const time = z.string().openapi({ format: 'date-time' }).nullable();
const rate = z
  .union([z.string(), z.literal(0)])
  .openapi({ type: 'string', description: 'Percent, two decimals; or 0' });
const variant = z.object({ sent: count, delivered: count, read: count, responded: count, clicked: count });
const segment = z.array(z.object({ id: z.number().nullable(), name: z.string(), phone: z.string() }));

const campaign = z
  .object({
    id: z.number(),
    name: z.string(),
    type: z.string(),
    status: z.enum(['scheduled', 'running', 'paused', 'cancelled', 'completed', 'failed']),
    createdAt: z.string().openapi({ format: 'date-time' }),
    scheduledFor: z.string(),
    completedAt: time,
    isABTest: z.boolean(),
    abSplit: z.number(),
    stats: z.object({
      total: count,
      sent: count,
      failed: count,
      delivered: count,
      read: count,
      responded: count,
      clicked: count,
      variantA: variant,
      variantB: variant,
    }),
    metrics: z.object({
      deliveryRate: rate,
      readRate: rate,
      clickRate: rate,
      responseRate: rate,
      abWinner: z
        .object({ winner: z.enum(['A', 'B', 'tie']), score: z.number(), improvement: z.number().optional() })
        .nullable(),
    }),
    contactDetails: z.array(
      z.object({
        id: z.number().nullable(),
        name: z.string(),
        phone: z.string(),
        email: z.string(),
        variant: z.enum(['A', 'B']).nullable(),
        sent: z.boolean(),
        sentAt: time,
        delivered: z.boolean(),
        deliveredAt: time,
        read: z.boolean(),
        readAt: time,
        clicked: z.boolean(),
        clickedAt: time,
        clickCount: count,
        responded: z.boolean(),
        respondedAt: time,
        response: z.string().nullable(),
        failed: z.boolean(),
        errorMessage: z.string().nullable(),
        whatsappMessageId: z.string().nullable(),
      }),
    ),
    segments: z.object({
      sent: segment,
      failed: segment,
      delivered: segment,
      read: segment,
      clicked: segment,
      responded: segment,
      notDelivered: segment,
      notRead: segment,
      notResponded: segment,
    }),
  })
  .openapi('CampaignDetails');

export const campaignDetails = createRoute({
  method: 'get',
  path: '/api/wa/campaign/{campaignId}/details',
  summary: 'The newest job of a campaign: counts, rates, and every contact',
  tags: [tag],
  security,
  request: { params: idParam('campaignId', 'The app’s id of the campaign') },
  responses: apiAnswers({
    200: answer('Of its newest run', z.object({ success, campaign })),
    404: answer('No such campaign', failed),
    500: answer('The route failed', failed),
  }),
});
