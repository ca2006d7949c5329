/**
 * Jobs of every kind, for operators and consoles: how far they are, why they wait, who got what.
 *
 *  JB1  Both routes need the strict token: they list numbers of customers.
 */
import type { JobView, Jobs, RecipientView } from '../../scheduler/protocol.ts';
import { parseDigits } from '../../phone.ts';
import { type Declare, reply } from '../declare.ts';
import type { Middleware } from '../env.ts';
import { iso, isoOrNull } from '../iso.ts';
import { statusWord } from '../job-records.ts';
import { idOf } from '../scheduling.ts';
import { getJob, jobsQuery, listJobs, recipientsQuery } from '../schemas/jobs.ts';

export function jobRoutes(declare: Declare, jobs: Jobs, strict: Middleware): void {
  const options = { before: [strict], failure: (error: string) => ({ ok: false, error }) };

  declare(listJobs, options, (c) => {
    const [sender, state, limit] = [c.req.query('sender'), c.req.query('state'), c.req.query('limit')];
    const query = jobsQuery.safeParse(given({ sender, state, limit }));
    if (!query.success) return reply(c, 400, { error: 'Invalid sender, state or limit' });
    const { sender: named, ...rest } = query.data;
    const whose = named === undefined ? undefined : parseDigits(named);
    const page = jobs.page({ ...rest, ...(whose !== undefined && { sender: whose }) });
    return reply(c, 200, { ok: true, count: page.count, jobs: page.jobs.map(shown) });
  });

  declare(getJob, options, (c) => {
    const query = recipientsQuery.safeParse(given({ offset: c.req.query('offset'), limit: c.req.query('limit') }));
    if (!query.success) return reply(c, 400, { error: 'Invalid offset or limit' });
    const { offset, limit } = query.data;
    const id = idOf(c, 'id');
    const job = id === undefined ? undefined : jobs.job(id);
    if (!job) return reply(c, 404, { error: 'Job not found' });
    const rows = jobs.recipients(job.id, offset, limit + 1);
    const recipients = rows.slice(0, limit).map(recipient);
    return reply(c, 200, { ok: true, job: shown(job), recipients, offset, more: rows.length > limit });
  });
}

/** Empty query parameters count as missing ones. */
const given = (query: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== ''));

function shown(job: JobView) {
  const { waits } = job;
  return {
    ...{ id: job.id, kind: job.kind, appId: job.appId ?? null, sender: job.sender },
    ...{ state: job.state, status: statusWord(job), running: job.running, reason: job.reason ?? null },
    waits: waits ? { why: waits.why, until: isoOrNull(waits.until) } : null,
    ...{ zone: job.zone, createdAt: iso(job.createdAt), scheduledFor: job.scheduledFor },
    ...{ nextAt: isoOrNull(job.nextAt), lastRunAt: isoOrNull(job.lastRunAt), endedAt: isoOrNull(job.endedAt) },
    ...{ runs: job.runs, totals: { ...job.totals }, rate: job.rate ?? null, finishAt: isoOrNull(job.finishAt) },
  };
}

const recipient = (row: RecipientView) => ({
  ...{ phone: row.listed, contactId: row.contactId ?? null, name: row.name, state: row.state },
  ...{ variant: row.variant ?? null, messageId: row.messageId ?? null, error: row.error ?? null },
  ...{ notBefore: isoOrNull(row.notBefore), sentAt: isoOrNull(row.sentAt) },
  ...{ deliveredAt: isoOrNull(row.deliveredAt), readAt: isoOrNull(row.readAt) },
});
