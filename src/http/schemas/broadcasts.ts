/**
 * The broadcast routes as data (contract bulk §1).
 *
 * Deliberately not here: what the fields mean (scheduler) and what the routes do (routes/broadcasts.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, loose, numberAnswers, phoneParam, workspaceQuery } from './common.ts';
import { jobRecord } from './job-records.ts';
import {
  bridgeId,
  done,
  errorOnly,
  idParam,
  order,
  orMissing,
  provider,
  recipientTimezones,
  registration,
  security,
  timing,
  withDetails,
} from './registrations.ts';

const tag = 'broadcasts';
const success = z.literal(true);

const fields = {
  broadcastId: loose('The app’s id: echoed in callbacks'),
  targetContacts: loose('Contacts: `id`, `phone` and what placeholders name'),
  targetPhoneNumbers: loose('Instead of contacts; without ids nobody is reported one by one'),
  templateData: loose('The template: object or JSON string'),
  isTemplate: loose('False by default'),
  message: loose('Text; without it `templateData.template_body`'),
  provider,
  warmerGap: loose('`{min, max}` in seconds: replaces the pacing settings’ gap for this job'),
  tracked_bodies: loose('By contact id: the text for this contact'),
};

const accepted = { success, message: z.string(), scheduleId: z.string(), recipientCount: z.int() };

export const sendBroadcast = registration('/api/broadcast/send-immediate/{phone}', {
  name: 'SendBroadcast',
  tag,
  summary: 'Send a broadcast now',
  fields,
  success: { ...accepted, message: z.literal('Broadcast is being sent') },
  refusal: withDetails,
  failure: withDetails,
});

export const scheduleBroadcast = registration('/api/broadcast/schedule/{phone}', {
  name: 'ScheduleBroadcast',
  tag,
  summary: 'Send a broadcast later',
  fields: { ...fields, ...timing, recipientTimezones },
  success: { ...accepted, message: z.literal('Broadcast scheduled successfully'), scheduledFor: z.string() },
  refusal: withDetails,
  failure: withDetails,
});

const common = { tag, missing: errorOnly, failure: errorOnly };

export const pauseBroadcast = order('post', '/api/broadcast/pause/{scheduleId}', {
  ...common,
  summary: 'Pause a broadcast, between two recipients',
  success: done('Broadcast paused'),
});
export const resumeBroadcast = order('post', '/api/broadcast/resume/{scheduleId}', {
  ...common,
  summary: 'Go on with a paused broadcast',
  success: done('Broadcast resumed'),
});
export const cancelBroadcast = order('delete', '/api/broadcast/cancel/{scheduleId}', {
  ...common,
  summary: 'Cancel a broadcast',
  success: done('Broadcast cancelled'),
});

export const cancelByBroadcast = createRoute({
  method: 'delete',
  path: '/api/broadcast/cancel-by-broadcast/{broadcastId}',
  summary: 'Cancel every job of a broadcast',
  tags: [tag],
  security,
  request: { params: idParam('broadcastId', 'The app’s id of the broadcast') },
  responses: apiAnswers({
    200: answer('How many there were', z.object({ success, broadcastId: z.string(), cancelled: z.int() })),
    422: answer('No id', errorOnly),
    500: answer('The route failed', withDetails),
  }),
});

/** The path that callers without an id end up with. */
export const cancelNoBroadcast = createRoute({
  method: 'delete',
  path: '/api/broadcast/cancel-by-broadcast/',
  summary: 'Refused: the id is missing',
  tags: [tag],
  security,
  responses: apiAnswers({ 422: answer('No id', errorOnly), 500: answer('The route failed', withDetails) }),
});

export const listBroadcasts = createRoute({
  method: 'get',
  path: '/api/broadcast/list/{phone}',
  summary: 'Broadcasts of this number, newest first; ended ones for 7 days',
  tags: [tag],
  security,
  request: { params: phoneParam, query: workspaceQuery },
  responses: numberAnswers({
    200: answer('Never with base64', z.object({ success, count: z.int(), broadcasts: z.array(jobRecord) })),
    500: answer('The route failed', errorOnly),
  }),
});

export const broadcastStatus = createRoute({
  method: 'get',
  path: '/api/broadcast/status/{scheduleId}',
  summary: 'One broadcast',
  tags: [tag],
  security,
  request: { params: idParam('scheduleId', bridgeId) },
  responses: apiAnswers(
    orMissing({
      200: answer('Never with base64', z.object({ success, broadcast: jobRecord })),
      500: answer('The route failed', errorOnly),
    }),
  ),
});
