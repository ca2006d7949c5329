/** Contract bulk §1: what the broadcast routes answer, and what they ask of the scheduler. */
import { describe, expect, it } from 'vitest';
import { jobView, REGISTERED } from './fake-jobs.ts';
import { harness, PHONE } from './harness.ts';
import { itRegisters } from './registrations.ts';

const send = `/api/broadcast/send-immediate/${PHONE}`;
const schedule = `/api/broadcast/schedule/${PHONE}`;

const words = (error: string) => ({
  unreadable: (details: string) => ({ error, details }),
  nobody: { error: 'No contacts provided', details: expect.any(String) },
  failure: { error, details: expect.any(String) },
});

describe('bulk §1.1 send-immediate', () => {
  itRegisters({ path: send, entry: { kind: 'broadcast', immediate: true }, ...words('Failed to send broadcast') });

  it('answers id and count; S-27 tracked bodies and the queue’s location reach the scheduler', async () => {
    const { call, jobs } = harness();
    const body = { tracked_bodies: { 5: 'see https://t.example/x' }, templateData: { latitude: '1', longitude: '2' } };
    expect((await call(send, { body })).body).toEqual({
      ...{ success: true, message: 'Broadcast is being sent', scheduleId: 'bulk_1_a', recipientCount: 2 },
    });
    expect(jobs.entry.body).toEqual(body);
  });
});

describe('bulk §1.1 schedule', () => {
  itRegisters({ path: schedule, entry: { kind: 'broadcast' }, ...words('Failed to schedule broadcast') });

  it('answers id, instant and count', async () => {
    const { call, jobs } = harness();
    jobs.registered = { ...REGISTERED, id: 'broadcast_scheduled_1_a' };
    expect((await call(schedule, { body: {} })).body).toEqual({
      ...{ success: true, message: 'Broadcast scheduled successfully', scheduleId: 'broadcast_scheduled_1_a' },
      ...{ scheduledFor: '2027-01-15T13:30:00+05:30', recipientCount: 2 },
    });
  });
});

const lifecycle = [
  ['POST', '/api/broadcast/pause', 'pause', 'Broadcast paused', 'Failed to pause broadcast'],
  ['POST', '/api/broadcast/resume', 'resume', 'Broadcast resumed', 'Failed to resume broadcast'],
  ['DELETE', '/api/broadcast/cancel', 'cancel', 'Broadcast cancelled', 'Failed to cancel broadcast'],
] as const;

describe.each(lifecycle)('bulk §1.2 %s %s', (method, path, order, message, error) => {
  it('obeys for broadcasts only', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [jobView(PHONE, { id: 'b', kind: 'broadcast' }), jobView(PHONE, { id: 'c', kind: 'bulk' })];
    const done = await call(`${path}/b`, { method, body: [] });
    expect([done.status, done.body]).toEqual([200, { success: true, message }]);
    for (const id of ['c', 'nothing', '__proto__', '%00', 'x'.repeat(101)]) {
      const { status, body } = await call(`${path}/${id}`, { method });
      expect([id, status, body]).toEqual([id, 404, { error: 'Broadcast schedule not found' }]);
    }
    expect(jobs.asked).toEqual([[order, 'b']]);
  });

  it('500 in its own words; S-29 the token is needed', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [jobView(PHONE, { id: 'b', kind: 'broadcast' })];
    expect((await call(`${path}/b`, { method, token: null })).status).toBe(401);
    jobs.broken = new Error('disk on fire');
    const { status, body } = await call(`${path}/b`, { method });
    expect([status, body]).toEqual([500, { error, requestId: expect.any(String) }]);
  });
});

describe('bulk §1.2 cancel-by-broadcast', () => {
  const path = '/api/broadcast/cancel-by-broadcast';
  const remove = async ({ call }: ReturnType<typeof harness>, id: string) => {
    const { status, body } = await call(`${path}/${id}`, { method: 'DELETE' });
    return [status, body];
  };

  it('answers the id as text and how many; none is a success', async () => {
    const app = harness();
    app.jobs.cancelled = 2;
    expect(await remove(app, '17')).toEqual([200, { success: true, broadcastId: '17', cancelled: 2 }]);
    expect(app.jobs.asked).toEqual([['cancel broadcast', '17']]);
    const endless = 'x'.repeat(101);
    expect(await remove(app, endless)).toEqual([200, { success: true, broadcastId: endless, cancelled: 0 }]);
    expect(app.jobs.asked).toHaveLength(1);
  });

  it('422 without an id, 500, 401', async () => {
    const app = harness();
    for (const id of ['', '%20']) expect(await remove(app, id)).toEqual([422, { error: 'broadcastId required' }]);
    app.jobs.broken = new Error('disk on fire');
    expect(await remove(app, '17')).toEqual([
      500,
      {
        ...{ error: 'Failed to cancel by broadcast id', details: expect.not.stringContaining('fire') },
        requestId: expect.any(String),
      },
    ]);
    expect((await app.call(`${path}/17`, { method: 'DELETE', token: null })).status).toBe(401);
  });
});

describe('bulk §1.2 list and status', () => {
  const list = `/api/broadcast/list/${PHONE}`;
  const job = (id: string, kind: 'broadcast' | 'bulk') => jobView(PHONE, { id, kind, appId: 17, totals: { total: 2 } });

  it('list: the broadcasts of this number', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [job('b', 'broadcast'), job('c', 'bulk'), jobView('49170999999', { kind: 'broadcast' })];
    const { status, body } = await call(list);
    expect([status, body]).toMatchObject([
      200,
      { success: true, count: 1, broadcasts: [{ id: 'b', broadcastId: 17, recipientCount: 2, status: 'scheduled' }] },
    ]);
  });

  it('status: one broadcast, 404 for everything else', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [job('b', 'broadcast'), job('c', 'bulk')];
    const { status, body } = await call('/api/broadcast/status/b');
    expect([status, body]).toMatchObject([200, { success: true, broadcast: { id: 'b', type: 'broadcast' } }]);
    for (const id of ['c', 'nothing', '__proto__', 'x'.repeat(101)]) {
      const missing = await call(`/api/broadcast/status/${id}`);
      expect([missing.status, missing.body]).toEqual([404, { error: 'Broadcast not found' }]);
    }
  });

  it('S-30 both need the token; 500 in their own words', async () => {
    const { call, jobs } = harness();
    for (const path of [list, '/api/broadcast/status/b']) expect((await call(path, { token: null })).status).toBe(401);
    jobs.broken = new Error('disk on fire');
    const { status, body } = await call(list);
    expect([status, body]).toEqual([500, { error: 'Failed to get broadcasts', requestId: expect.any(String) }]);
  });
});
