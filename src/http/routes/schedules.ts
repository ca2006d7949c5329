/**
 * The schedule routes (contract schedules §1-§4, §7, §13): kinds of jobs, and the literals of their answers.
 *
 * Deliberately not here: what registrations and orders have in common (scheduling.ts), and records (job-records.ts).
 */
import type { Jobs } from '../../scheduler/protocol.ts';
import { type Declare, reply } from '../declare.ts';
import { recordOf } from '../job-records.ts';
import { idOf, obeyed, registrar, withoutToken } from '../scheduling.ts';
import * as routes from '../schemas/schedules.ts';

export function scheduleRoutes(declare: Declare, jobs: Jobs): void {
  const register = registrar(jobs);

  declare(routes.scheduleBulk, registering(BULK), (c) =>
    register(c, {
      kind: 'bulk',
      sender: c.req.valid('param').phone,
      body: c.req.valid('json'),
      success: ({ id, now, scheduledFor, zone }) => ({
        ...{ success: true as const, message: now ? ('Sending now' as const) : ('Bulk message scheduled' as const) },
        ...{ scheduleId: id, scheduledFor, timezone: zone },
      }),
      ...refusals(BULK),
    }),
  );

  declare(routes.scheduleRecurring, registering(RECURRING), (c) =>
    register(c, {
      kind: 'recurring',
      sender: c.req.valid('param').phone,
      body: c.req.valid('json'),
      success: ({ id, cron = '', scheduledFor, zone }) => ({
        ...{ success: true as const, message: 'Recurring message scheduled' as const },
        ...{ scheduleId: id, cronExpression: cron, scheduledFor, timezone: zone },
      }),
      ...refusals(RECURRING),
    }),
  );

  declare(routes.sendBulkImmediate, registering(IMMEDIATE), (c) =>
    register(c, {
      ...{ kind: 'bulk', immediate: true },
      sender: c.req.valid('param').phone,
      body: c.req.valid('json'),
      success: ({ id }) => ({ success: true, message: 'Messages are being sent', scheduleId: id }),
      ...refusals(IMMEDIATE),
    }),
  );

  const singleFailed = (details: string) => ({ error: SINGLE, details });
  declare(routes.scheduleSingle, { refusedWhenFull: true, failure: singleFailed }, (c) =>
    register(c, {
      kind: 'single',
      sender: c.req.valid('param').phone,
      body: c.req.valid('json'),
      success: ({ id, messageId = id, scheduledForIso }) => ({
        ...{ success: true as const, message: 'Message scheduled' as const, scheduleId: id },
        ...{ scheduledFor: scheduledForIso, id: messageId, messageId },
      }),
      ...refusals(SINGLE),
    }),
  );

  const missing = { error: 'Schedule not found' } as const;

  declare(routes.pauseSchedule, failing('Failed to pause schedule'), async (c) =>
    (await obeyed(jobs, c, 'pause'))
      ? reply(c, 200, { success: true, message: 'Schedule paused' })
      : reply(c, 404, missing),
  );

  declare(routes.resumeSchedule, failing('Failed to resume schedule'), async (c) =>
    (await obeyed(jobs, c, 'resume'))
      ? reply(c, 200, { success: true, message: 'Schedule resumed' })
      : reply(c, 404, missing),
  );

  declare(routes.cancelSchedule, failing('Failed to cancel schedule'), async (c) =>
    (await obeyed(jobs, c, 'cancel'))
      ? reply(c, 200, { success: true, message: 'Schedule cancelled' })
      : reply(c, 404, missing),
  );

  declare(routes.updateSchedule, failing(UPDATE), async (c) => {
    const id = idOf(c, 'scheduleId');
    if (id === undefined) return reply(c, 404, missing);
    const answer = await jobs.update(id, withoutToken(c.req.valid('json')));
    switch (answer.kind) {
      case 'updated':
        return reply(c, 200, { success: true, message: 'Schedule updated', scheduleId: answer.id });
      case 'not found':
        return reply(c, 404, missing);
      case 'unreadable':
        return reply(c, 422, { error: UPDATE, details: answer.why });
      default:
        return answer satisfies never;
    }
  });

  declare(routes.scheduledMessages, failing('Failed to get scheduled messages'), (c) => {
    const messages = jobs.list(c.req.valid('param').phone).map(recordOf);
    return reply(c, 200, { success: true, count: messages.length, messages });
  });
}

const BULK = 'Failed to schedule bulk message';
const RECURRING = 'Failed to schedule recurring message';
const IMMEDIATE = 'Failed to send messages';
const SINGLE = 'Failed to schedule message';
const UPDATE = 'Failed to update schedule';

const failing = (error: string) => ({ failure: () => ({ error }) });
const registering = (error: string) => ({ ...failing(error), refusedWhenFull: true }) as const;

const refusals = (error: string) => ({
  unreadable: (details: string) => ({ error, details }),
  nobody: { error, details: 'No recipient' },
});
