/**
 * The broadcast routes (contract bulk §1): kinds of jobs, and the literals of their answers.
 *
 * Deliberately not here: what registrations and orders have in common (scheduling.ts), and records (job-records.ts).
 */
import type { Jobs } from '../../scheduler/protocol.ts';
import { type Declare, reply } from '../declare.ts';
import type { HttpContext } from '../env.ts';
import { recordOf } from '../job-records.ts';
import { idOf, obeyed, registrar } from '../scheduling.ts';
import * as routes from '../schemas/broadcasts.ts';

export function broadcastRoutes(declare: Declare, jobs: Jobs): void {
  const register = registrar(jobs);
  const obeys = (c: HttpContext, order: 'pause' | 'resume' | 'cancel') => obeyed(jobs, c, order, 'broadcast');

  declare(routes.sendBroadcast, registering(SEND), (c) =>
    register(c, {
      ...{ kind: 'broadcast', immediate: true },
      sender: c.req.valid('param').phone,
      body: c.req.valid('json'),
      success: ({ id, recipients }) => ({
        ...{ success: true as const, message: 'Broadcast is being sent' as const },
        ...{ scheduleId: id, recipientCount: recipients },
      }),
      ...refusals(SEND),
    }),
  );

  declare(routes.scheduleBroadcast, registering(SCHEDULE), (c) =>
    register(c, {
      kind: 'broadcast',
      sender: c.req.valid('param').phone,
      body: c.req.valid('json'),
      success: ({ id, scheduledForIso, recipients }) => ({
        ...{ success: true as const, message: 'Broadcast scheduled successfully' as const },
        ...{ scheduleId: id, scheduledFor: scheduledForIso, recipientCount: recipients },
      }),
      ...refusals(SCHEDULE),
    }),
  );

  const noJob = { error: 'Broadcast schedule not found' } as const;

  declare(routes.pauseBroadcast, failing('Failed to pause broadcast'), async (c) =>
    (await obeys(c, 'pause')) ? reply(c, 200, { success: true, message: 'Broadcast paused' }) : reply(c, 404, noJob),
  );

  declare(routes.resumeBroadcast, failing('Failed to resume broadcast'), async (c) =>
    (await obeys(c, 'resume')) ? reply(c, 200, { success: true, message: 'Broadcast resumed' }) : reply(c, 404, noJob),
  );

  declare(routes.cancelBroadcast, failing('Failed to cancel broadcast'), async (c) =>
    (await obeys(c, 'cancel'))
      ? reply(c, 200, { success: true, message: 'Broadcast cancelled' })
      : reply(c, 404, noJob),
  );

  const failure = (details: string) => ({ error: 'Failed to cancel by broadcast id', details });
  const noId = { error: 'broadcastId required' } as const;

  declare(routes.cancelByBroadcast, { failure }, async (c) => {
    const broadcastId = (c.req.param('broadcastId') ?? '').trim();
    if (broadcastId === '') return reply(c, 422, noId);
    // An id that can be nobody's cancels nothing, which is a success here.
    const cancelled = idOf(c, 'broadcastId') === undefined ? 0 : await jobs.cancelBroadcast(broadcastId);
    return reply(c, 200, { success: true, broadcastId, cancelled });
  });
  declare(routes.cancelNoBroadcast, { failure }, (c) => reply(c, 422, noId));

  declare(routes.listBroadcasts, failing('Failed to get broadcasts'), (c) => {
    const own = jobs.list(c.req.valid('param').phone).filter(({ kind }) => kind === 'broadcast');
    return reply(c, 200, { success: true, count: own.length, broadcasts: own.map(recordOf) });
  });

  declare(routes.broadcastStatus, failing('Failed to get broadcast status'), (c) => {
    const id = idOf(c, 'scheduleId');
    const job = id === undefined ? undefined : jobs.job(id);
    return job?.kind === 'broadcast'
      ? reply(c, 200, { success: true, broadcast: recordOf(job) })
      : reply(c, 404, { error: 'Broadcast not found' });
  });
}

const SEND = 'Failed to send broadcast';
const SCHEDULE = 'Failed to schedule broadcast';

const failing = (error: string) => ({ failure: () => ({ error }) });
const registering = (error: string) =>
  ({ refusedWhenFull: true, failure: (details: string) => ({ error, details }) }) as const;

const refusals = (error: string) => ({
  unreadable: (details: string) => ({ error, details }),
  nobody: { error: 'No contacts provided', details: 'targetContacts and targetPhoneNumbers are empty' },
});
