/**
 * The campaign routes (contract bulk §4.1, §4.2): kinds of jobs, and the literals of their answers.
 *
 * Deliberately not here: what registrations and orders have in common (scheduling.ts), and details (campaign-details.ts).
 */
import { firstText, flagOf, numberOf } from '../../content/loose.ts';
import type { Jobs } from '../../scheduler/protocol.ts';
import { detailsOf } from '../campaign-details.ts';
import { type Declare, reply } from '../declare.ts';
import type { HttpContext } from '../env.ts';
import { obeyed, registrar } from '../scheduling.ts';
import * as routes from '../schemas/campaigns.ts';

export function campaignRoutes(declare: Declare, jobs: Jobs): void {
  const register = registrar(jobs);
  const obeys = (c: HttpContext, order: 'pause' | 'resume' | 'cancel') => obeyed(jobs, c, order, 'campaign');
  const failure = (message: string) => ({ success: false as const, message });
  const registering = { refusedWhenFull: true, failure } as const;
  const refusals = { unreadable: failure, nobody: failure('No contacts provided') };
  const missing = failure('Campaign not found');

  declare(routes.sendCampaign, registering, (c) => {
    const body = c.req.valid('json');
    const isRecurring = flagOf(body.isRecurring, false);
    return register(c, {
      ...{ kind: 'campaign', immediate: true },
      ...{ sender: c.req.valid('param').phone, body },
      success: ({ id, recipients, zone, split }) => ({
        success: true as const,
        message: isRecurring ? ('Recurring campaign started' as const) : ('Campaign is being sent' as const),
        ...{ scheduleId: id, recipientCount: recipients, abTestEnabled: flagOf(body.isABTest, false) },
        ...{ isRecurring, recurringTime: firstText(body, 'recurringTime') || null, timezone: zone },
        splitCounts: split ? { variantA: split.A, variantB: split.B } : null,
      }),
      ...refusals,
    });
  });

  declare(routes.scheduleCampaign, registering, (c) => {
    const body = c.req.valid('json');
    return register(c, {
      kind: 'campaign',
      ...{ sender: c.req.valid('param').phone, body },
      success: ({ id, scheduledForIso, recipients }) => ({
        ...{ success: true as const, message: 'Campaign scheduled successfully' as const, scheduleId: id },
        ...{ scheduledFor: scheduledForIso, recipientCount: recipients },
        abTestEnabled: flagOf(body.isABTest, false),
      }),
      ...refusals,
    });
  });

  declare(routes.pauseCampaign, { failure }, async (c) =>
    (await obeys(c, 'pause')) ? reply(c, 200, { success: true, message: 'Campaign paused' }) : reply(c, 404, missing),
  );

  declare(routes.resumeCampaign, { failure }, async (c) =>
    (await obeys(c, 'resume')) ? reply(c, 200, { success: true, message: 'Campaign resumed' }) : reply(c, 404, missing),
  );

  declare(routes.cancelCampaign, { failure }, async (c) =>
    (await obeys(c, 'cancel'))
      ? reply(c, 200, { success: true, message: 'Campaign cancelled' })
      : reply(c, 404, missing),
  );

  declare(routes.campaignDetails, { failure }, (c) => {
    const id = numberOf(c.req.param('campaignId'));
    const job = Number.isSafeInteger(id) ? jobs.campaign(id) : undefined;
    if (!job) return reply(c, 404, missing);
    const rows = jobs.recipients(job.id, 0, Number.MAX_SAFE_INTEGER);
    return reply(c, 200, { success: true, campaign: detailsOf(id, job, rows) });
  });
}
