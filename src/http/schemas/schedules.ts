/**
 * The schedule routes as data (contract schedules §1-§4, §7, §13).
 *
 * Deliberately not here: what the fields mean (scheduler) and what the routes do (routes/schedules.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, loose, numberAnswers, phoneParam, tooLarge, workspaceQuery } from './common.ts';
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

const tag = 'schedules';
const success = z.literal(true);
const scheduleId = z.string();

const content = {
  scheduleId: loose('The app’s id: echoed in callbacks, and the same job when it comes again'),
  provider,
  message: loose('Text; without it `templateData.template_body`'),
  messageType: loose('`text`, `template`, `media`, `location` or `standard`; unknown ones are text'),
  mediaUrl: loose('Absolute URL'),
  latitude: loose('Number or numeric string'),
  longitude: loose('Number or numeric string'),
};

const toMany = {
  ...content,
  targetPhoneNumbers: loose('Digits, `+` allowed'),
  isTemplate: loose('False by default'),
  templateData: loose('The template: object or JSON string'),
  recipientAttributes: loose('By the exact string of `targetPhoneNumbers`: values of placeholders'),
  appointmentId: loose('Of reminders'),
};

const answered = { success, message: z.string(), scheduleId };
const scheduled = { ...answered, scheduledFor: z.string(), timezone: z.string() };

export const scheduleBulk = registration('/api/schedule-message-bulk/{phone}', {
  name: 'ScheduleBulk',
  tag,
  summary: 'Send one message to many, once',
  fields: { ...toMany, ...timing, recipientTimezones },
  success: { ...scheduled, message: z.enum(['Bulk message scheduled', 'Sending now']) },
  refusal: withDetails,
  failure: errorOnly,
});

export const scheduleRecurring = registration('/api/schedule-recurring/{phone}', {
  name: 'ScheduleRecurring',
  tag,
  summary: 'Send one message to many, again and again',
  fields: {
    ...toMany,
    ...timing,
    recipientTimezones,
    repeatInterval: loose('`daily`, `weekly` or `monthly`'),
    repeatEvery: loose('1-365, 1 by default'),
    daysOfWeek: loose('Weekly only: 0-6, 0 is Sunday; none: the weekday of the first run'),
    endDate: loose('`YYYY-MM-DD`, the last day included'),
    targetQueues: loose('Resolved by the app: ignored'),
    targetGroups: loose('Resolved by the app: ignored'),
    targetNumbers: loose('Resolved by the app: ignored'),
  },
  success: {
    ...scheduled,
    message: z.literal('Recurring message scheduled'),
    cronExpression: z.string().openapi({ description: 'For people; nothing runs by it' }),
  },
  refusal: withDetails,
  failure: errorOnly,
});

export const sendBulkImmediate = registration('/api/send-bulk-immediate/{phone}', {
  name: 'SendBulkImmediate',
  tag,
  summary: 'Send one message to many, now',
  fields: toMany,
  success: { ...answered, message: z.literal('Messages are being sent') },
  refusal: withDetails,
  failure: errorOnly,
});

export const scheduleSingle = registration('/api/schedule-message/{phone}', {
  name: 'ScheduleSingle',
  tag,
  summary: 'Send one message to one chat later',
  fields: {
    ...content,
    ...timing,
    messageType: loose('`text`, `media_with_caption`, `media`, `media_only` or `location`'),
    targetPhoneNumber: loose('Digits, or a JID'),
    targetJid: loose('JID of a person or group; goes before `targetPhoneNumber`'),
  },
  success: {
    ...answered,
    message: z.literal('Message scheduled'),
    scheduledFor: z.string(),
    id: z.string().openapi({ description: 'The WhatsApp id that it will have on `baileys`, else the job’s' }),
    messageId: z.string(),
  },
  refusal: withDetails,
  failure: withDetails,
});

const common = { tag, missing: errorOnly, failure: errorOnly };

export const pauseSchedule = order('post', '/api/pause-schedule/{scheduleId}', {
  ...common,
  summary: 'Pause a job of any kind, between two recipients',
  success: done('Schedule paused'),
});
export const resumeSchedule = order('post', '/api/resume-schedule/{scheduleId}', {
  ...common,
  summary: 'Go on with a paused job; what is overdue is sent now',
  success: done('Schedule resumed'),
});
export const cancelSchedule = order('delete', '/api/cancel-scheduled-message/{scheduleId}', {
  ...common,
  summary: 'Cancel a job of any kind',
  success: done('Schedule cancelled'),
});

export const updateSchedule = createRoute({
  method: 'put',
  path: '/api/update-schedule/{scheduleId}',
  summary: 'Change time, zone or text of a job; empty fields change nothing',
  tags: [tag],
  security,
  request: {
    params: idParam('scheduleId', bridgeId),
    body: {
      content: {
        'application/json': {
          schema: z.looseObject({ ...timing, message: content.message }).openapi('UpdateSchedule'),
        },
      },
    },
  },
  responses: apiAnswers(
    orMissing({
      200: answer('Changed', z.object({ success, message: z.literal('Schedule updated'), scheduleId })),
      413: tooLarge,
      422: answer('A time or zone that cannot be read; nothing was changed', withDetails),
      500: answer('The route failed', errorOnly),
    }),
  ),
});

export const scheduledMessages = createRoute({
  method: 'get',
  path: '/api/scheduled-messages/{phone}',
  summary: 'Jobs of this number, newest first; ended ones for 7 days',
  tags: [tag],
  security,
  request: { params: phoneParam, query: workspaceQuery },
  responses: numberAnswers({
    200: answer('Never with base64', z.object({ success, count: z.int(), messages: z.array(jobRecord) })),
    500: answer('The route failed', errorOnly),
  }),
});
