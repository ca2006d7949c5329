/** `GET /api/jobs` and `GET /api/jobs/:id`: progress and recipients, for operators and consoles. */
import { describe, expect, it } from 'vitest';
import { jobView, recipientView } from './fake-jobs.ts';
import { harness, PHONE } from './harness.ts';

const OTHER = '49170999999';

function filled() {
  const app = harness();
  app.jobs.jobs = [
    jobView(PHONE, { id: 'a', state: 'paused' }),
    jobView(OTHER, { id: 'b', state: 'ended', outcome: 'completed', endedAt: 1_800_000_000_000 }),
    jobView(PHONE, { id: 'c', kind: 'campaign', appId: 5 }),
  ];
  return app;
}

describe('GET /api/jobs', () => {
  it.each([
    ['', ['a', 'b', 'c'], 3],
    ['?sender=', ['a', 'b', 'c'], 3],
    [`?sender=%2B${PHONE}`, ['a', 'c'], 2],
    ['?state=ended', ['b'], 1],
    [`?sender=${PHONE}&state=active`, ['c'], 1],
    ['?limit=2', ['a', 'b'], 3],
  ])('%j', async (query, ids, count) => {
    const { status, body } = await filled().call(`/api/jobs${query}`);
    expect([status, body]).toMatchObject([200, { ok: true, count, jobs: ids.map((id) => ({ id })) }]);
    expect((body as { jobs: [] }).jobs).toHaveLength(ids.length);
  });

  it.each(['?sender=x', '?state=gone', '?limit=0', '?limit=501', '?limit=1e2', '?limit=-1'])(
    '400 %s',
    async (query) => {
      const { status, body } = await filled().call(`/api/jobs${query}`);
      expect([status, body]).toEqual([400, { error: 'Invalid sender, state or limit' }]);
    },
  );

  it('S-30 the strict token is needed, also from loopback; 500 without the reason', async () => {
    for (const path of ['/api/jobs', '/api/jobs/a']) {
      const { call } = harness({ auth: { mode: 'loopback', token: 'a-long-enough-token-of-the-app' } });
      expect((await call(path, { token: null, from: '127.0.0.1' })).status).toBe(401);
    }
    const { call, jobs } = filled();
    jobs.broken = new Error('disk on fire');
    const { status, text } = await call('/api/jobs');
    expect([status, text]).toEqual([500, expect.not.stringContaining('fire')]);
  });
});

describe('GET /api/jobs/:id', () => {
  it('the whole view, never the registration’s fields', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [
      jobView(PHONE, {
        ...{ id: 'a', kind: 'broadcast', appId: 17, running: true, runs: 1, rate: 12.5 },
        ...{ finishAt: 1_800_000_060_000, lastRunAt: 1_800_000_000_000, waits: { why: 'daily cap' }, reason: 'x' },
        ...{ totals: { total: 3, sent: 1, pending: 2 }, body: { message: 'secret words' } },
      }),
    ];
    const { body, text } = await call('/api/jobs/a');
    expect(body).toEqual({
      ok: true,
      job: {
        ...{ id: 'a', kind: 'broadcast', appId: 17, sender: PHONE, state: 'active', status: 'running', running: true },
        ...{
          reason: 'x',
          waits: { why: 'daily cap', until: null },
          zone: 'UTC',
          createdAt: '2027-01-15T07:43:20.000Z',
        },
        ...{ scheduledFor: '2027-01-15 08:00:00 AM UTC', nextAt: null, lastRunAt: '2027-01-15T08:00:00.000Z' },
        ...{ endedAt: null, runs: 1, rate: 12.5, finishAt: '2027-01-15T08:01:00.000Z' },
        totals: { total: 3, pending: 2, sent: 1, delivered: 0, read: 0, failed: 0, unknown: 0, skipped: 0 },
      },
      ...{ recipients: [], offset: 0, more: false },
    });
    expect(text).not.toContain('secret');
  });

  it('recipients by page, in list order', async () => {
    const { call, jobs } = filled();
    jobs.rows = Array.from({ length: 5 }, (_, n) => recipientView(`4917${n}`, { state: 'sent', sentAt: n }));
    const page = async (query: string) => {
      const { body } = await call(`/api/jobs/a${query}`);
      const { recipients, ...rest } = body as { recipients: { phone: string }[] };
      return { ...rest, phones: recipients.map(({ phone }) => phone) };
    };
    expect(await page('?limit=2')).toMatchObject({ phones: ['49170', '49171'], offset: 0, more: true });
    expect(await page('?offset=3&limit=2')).toMatchObject({ phones: ['49173', '49174'], offset: 3, more: false });
    expect(await page('?offset=9')).toMatchObject({ phones: [], more: false });
  });

  it('400 for a bad page, 404 for what is no job', async () => {
    const { call } = filled();
    for (const query of ['?offset=-1', '?offset=x', '?limit=0', '?limit=501']) {
      const { status, body } = await call(`/api/jobs/a${query}`);
      expect([query, status, body]).toEqual([query, 400, { error: 'Invalid offset or limit' }]);
    }
    for (const id of ['nothing', '__proto__', '%00', 'x'.repeat(101)]) {
      const { status, body } = await call(`/api/jobs/${id}`);
      expect([id, status, body]).toEqual([id, 404, { error: 'Job not found' }]);
    }
  });
});
