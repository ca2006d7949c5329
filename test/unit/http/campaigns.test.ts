/** Contract bulk §4.1, §4.2: what the campaign routes answer, and what they ask of the scheduler. */
import { describe, expect, it } from 'vitest';
import { jobView, recipientView, REGISTERED } from './fake-jobs.ts';
import { harness, PHONE } from './harness.ts';
import { itRegisters } from './registrations.ts';

const send = `/api/wa/${PHONE}/campaign/send`;
const schedule = `/api/wa/${PHONE}/campaign/schedule`;
const failed = (message: string) => ({ success: false, message });

const words = {
  unreadable: failed,
  nobody: failed('No contacts provided'),
  failure: { success: false, message: expect.any(String) },
};

describe('bulk §4.1 send', () => {
  itRegisters({ path: send, entry: { kind: 'campaign', immediate: true }, ...words });

  it('S-09 200 when it started: once, or daily', async () => {
    const { call, jobs } = harness();
    jobs.registered = { ...REGISTERED, id: 'campaign_5_1_a', split: { A: 1, B: 1 } };
    const common = { success: true, scheduleId: 'campaign_5_1_a', recipientCount: 2, timezone: 'Asia/Calcutta' };
    expect((await call(send, { body: { isABTest: 'true' } })).body).toEqual({
      ...{ ...common, message: 'Campaign is being sent', abTestEnabled: true, isRecurring: false, recurringTime: null },
      splitCounts: { variantA: 1, variantB: 1 },
    });
    jobs.registered = { ...REGISTERED, id: 'campaign_5_1_a' };
    expect((await call(send, { body: { isRecurring: 1, recurringTime: '09:30' } })).body).toEqual({
      ...{ ...common, message: 'Recurring campaign started', abTestEnabled: false, isRecurring: true },
      ...{ recurringTime: '09:30', splitCounts: null },
    });
  });
});

describe('bulk §4.1 schedule', () => {
  itRegisters({ path: schedule, entry: { kind: 'campaign' }, ...words });

  it('answers id, instant and count', async () => {
    const { call } = harness();
    expect((await call(schedule, { body: { isABTest: true } })).body).toEqual({
      ...{ success: true, message: 'Campaign scheduled successfully', scheduleId: 'bulk_1_a' },
      ...{ scheduledFor: '2027-01-15T13:30:00+05:30', recipientCount: 2, abTestEnabled: true },
    });
  });
});

describe.each([
  ['pause', 'Campaign paused'],
  ['resume', 'Campaign resumed'],
  ['cancel', 'Campaign cancelled'],
])('bulk §4.1 POST /api/wa/campaign/:id/%s', (order, message) => {
  it('obeys for campaigns only', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [jobView(PHONE, { id: 'c', kind: 'campaign' }), jobView(PHONE, { id: 'b', kind: 'bulk' })];
    const done = await call(`/api/wa/campaign/c/${order}`, { body: [] });
    expect([done.status, done.body]).toEqual([200, { success: true, message }]);
    for (const id of ['b', 'nothing', '__proto__', '%00', 'x'.repeat(101)]) {
      const { status, body } = await call(`/api/wa/campaign/${id}/${order}`, { method: 'POST' });
      expect([id, status, body]).toEqual([id, 404, failed('Campaign not found')]);
    }
    expect(jobs.asked).toEqual([[order, 'c']]);
  });

  it('500 in its own words; S-29 the token is needed', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [jobView(PHONE, { id: 'c', kind: 'campaign' })];
    expect((await call(`/api/wa/campaign/c/${order}`, { method: 'POST', token: null })).status).toBe(401);
    jobs.broken = new Error('disk on fire');
    const { status, body } = await call(`/api/wa/campaign/c/${order}`, { method: 'POST' });
    expect([status, body]).toEqual([
      500,
      { success: false, message: expect.not.stringContaining('fire'), requestId: expect.any(String) },
    ]);
  });
});

describe('bulk §4.2 details', () => {
  it('S-59 the id as text and the id in the body are one number; every contact of the newest run', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [jobView(PHONE, { id: 'campaign_5_1_a', kind: 'campaign', appId: 5, body: { campaignId: '5' } })];
    jobs.rows = [recipientView('49170', { contactId: 1, state: 'sent' }), recipientView('49171', { contactId: 2 })];
    for (const id of ['5', '05', '5.0']) {
      const { status, body } = await call(`/api/wa/campaign/${id}/details`);
      expect([status, body]).toMatchObject([
        200,
        { success: true, campaign: { id: 5, stats: { total: 2, sent: 1 }, contactDetails: [{ id: 1 }, { id: 2 }] } },
      ]);
    }
  });

  it('404 for what is no campaign; S-30 the token is needed', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [jobView(PHONE, { kind: 'bulk', appId: 5 })];
    for (const id of ['5', '6', 'x', '%20', '1e999', '5.5', '__proto__']) {
      const { status, body } = await call(`/api/wa/campaign/${id}/details`);
      expect([id, status, body]).toEqual([id, 404, failed('Campaign not found')]);
    }
    expect(jobs.asked).toEqual([
      ['campaign', 5],
      ['campaign', 6],
    ]);
    expect((await call('/api/wa/campaign/5/details', { token: null })).status).toBe(401);
  });
});
