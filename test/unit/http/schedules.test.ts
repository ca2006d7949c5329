/** Contract schedules §1-§4, §7, §13: what the routes answer, and what they ask of the scheduler. */
import { describe, expect, it } from 'vitest';
import { jobView, REGISTERED } from './fake-jobs.ts';
import { harness, PHONE, TOKEN } from './harness.ts';
import { itRegisters } from './registrations.ts';

const bulk = `/api/schedule-message-bulk/${PHONE}`;
const recurring = `/api/schedule-recurring/${PHONE}`;
const immediate = `/api/send-bulk-immediate/${PHONE}`;
const single = `/api/schedule-message/${PHONE}`;

const words = (error: string) => ({
  unreadable: (details: string) => ({ error, details }),
  nobody: { error, details: 'No recipient' },
  failure: { error },
});

describe('schedules §1 bulk', () => {
  itRegisters({ path: bulk, entry: { kind: 'bulk' }, ...words('Failed to schedule bulk message') });

  it('answers id, local time and zone; says so when it is due now', async () => {
    const { call, jobs } = harness();
    const rest = {
      ...{ success: true, scheduleId: 'bulk_1_a', timezone: 'Asia/Calcutta' },
      scheduledFor: '2027-01-15 01:30:00 PM IST',
    };
    expect((await call(bulk, { body: {} })).body).toEqual({ ...rest, message: 'Bulk message scheduled' });
    jobs.registered = { ...REGISTERED, now: true };
    expect((await call(bulk, { body: {} })).body).toEqual({ ...rest, message: 'Sending now' });
  });
});

describe('schedules §2 recurring', () => {
  itRegisters({ path: recurring, entry: { kind: 'recurring' }, ...words('Failed to schedule recurring message') });

  it('answers a description of the recurrence, too', async () => {
    const { call, jobs } = harness();
    jobs.registered = { ...REGISTERED, id: 'recurring_1_a', cron: '30 13 * * 1,3' };
    expect((await call(recurring, { body: {} })).body).toEqual({
      ...{ success: true, message: 'Recurring message scheduled', scheduleId: 'recurring_1_a' },
      ...{ cronExpression: '30 13 * * 1,3', scheduledFor: '2027-01-15 01:30:00 PM IST', timezone: 'Asia/Calcutta' },
    });
  });
});

describe('schedules §3 immediate', () => {
  itRegisters({ path: immediate, entry: { kind: 'bulk', immediate: true }, ...words('Failed to send messages') });

  it('answers the id', async () => {
    const answer = { success: true, message: 'Messages are being sent', scheduleId: 'bulk_1_a' };
    expect((await harness().call(immediate, { body: {} })).body).toEqual(answer);
  });
});

describe('schedules §4 single', () => {
  const error = 'Failed to schedule message';
  itRegisters({
    ...{ path: single, entry: { kind: 'single' } },
    ...words(error),
    failure: { error, details: expect.any(String) },
  });

  it('id and messageId are the WhatsApp id that the message will have, else the job’s', async () => {
    const { call, jobs } = harness();
    jobs.registered = { ...REGISTERED, id: 'single_1_a', messageId: '3EB0AA' };
    const rest = {
      ...{ success: true, message: 'Message scheduled', scheduleId: 'single_1_a' },
      scheduledFor: '2027-01-15T13:30:00+05:30',
    };
    expect((await call(single, { body: {} })).body).toEqual({ ...rest, id: '3EB0AA', messageId: '3EB0AA' });
    jobs.registered = { ...REGISTERED, id: 'single_1_a' };
    expect((await call(single, { body: {} })).body).toEqual({ ...rest, id: 'single_1_a', messageId: 'single_1_a' });
  });

  it('S-27 `media`, `targetJid` and the queue’s top-level location reach the scheduler', async () => {
    const { call, jobs } = harness();
    const body = { messageType: 'media', targetJid: '120363041234567890@g.us', latitude: '1.5', longitude: 2 };
    await call(single, { body });
    expect(jobs.entry.body).toEqual(body);
  });
});

const lifecycle = [
  ['POST', '/api/pause-schedule', 'pause', 'Schedule paused', 'Failed to pause schedule'],
  ['POST', '/api/resume-schedule', 'resume', 'Schedule resumed', 'Failed to resume schedule'],
  ['DELETE', '/api/cancel-scheduled-message', 'cancel', 'Schedule cancelled', 'Failed to cancel schedule'],
] as const;

describe.each(lifecycle)('schedules §7 %s %s', (method, path, order, message, error) => {
  it('obeys for every kind of job and says so; the app’s empty list is no body', async () => {
    for (const kind of ['single', 'bulk', 'recurring', 'broadcast', 'campaign'] as const) {
      const { call, jobs } = harness();
      jobs.jobs = [jobView(PHONE, { kind })];
      const { status, body } = await call(`${path}/bulk_1_a`, { method, body: [] });
      expect([status, body, jobs.asked]).toEqual([200, { success: true, message }, [[order, 'bulk_1_a']]]);
    }
  });

  it('404 for what is no job’s id, however it looks', async () => {
    const { call, jobs } = harness();
    for (const id of [
      'nothing',
      '__proto__',
      'constructor',
      '%00',
      '..%2f..%2fetc',
      '%',
      '%20',
      '%e2%82',
      '%F0%9F%A6%95',
    ]) {
      const { status, body } = await call(`${path}/${id}`, { method });
      expect([id, status, body]).toEqual([id, 404, { error: 'Schedule not found' }]);
    }
    jobs.asked.length = 0;
    jobs.jobs = [jobView(PHONE, { id: 'x'.repeat(101) })];
    expect((await call(`${path}/${'x'.repeat(101)}`, { method })).status).toBe(404);
    expect(jobs.asked).toEqual([]);
  });

  it('500 in its own words; S-29 the token is needed', async () => {
    const { call, jobs } = harness();
    expect((await call(`${path}/bulk_1_a`, { method, token: null })).status).toBe(401);
    jobs.broken = new Error('disk on fire');
    const { status, body } = await call(`${path}/bulk_1_a`, { method });
    expect([status, body]).toEqual([500, { error, requestId: expect.any(String) }]);
  });
});

describe('schedules §7 PUT /api/update-schedule', () => {
  const update = '/api/update-schedule/bulk_1_a';

  it('hands over the fields, without the token, and answers the bridge’s id', async () => {
    const { call, jobs } = harness();
    jobs.updated = { kind: 'updated', id: 'bulk_1_b' };
    const fields = { scheduleDateTime: '2027-01-01 10:00', timezone: 'UTC', message: '' };
    const reply = await call(update, { method: 'PUT', token: null, body: { ...fields, node_token: TOKEN } });
    expect([reply.status, reply.body]).toEqual([
      200,
      { success: true, message: 'Schedule updated', scheduleId: 'bulk_1_b' },
    ]);
    expect(jobs.asked).toEqual([['update', 'bulk_1_a', fields]]);
  });

  it('404, 422, 500, 401', async () => {
    const { call, jobs } = harness();
    const put = async (path = update) => {
      const { status, body } = await call(path, { method: 'PUT', body: {} });
      return [status, body];
    };
    expect(await put()).toEqual([404, { error: 'Schedule not found' }]);
    expect(await put(`/api/update-schedule/${'x'.repeat(101)}`)).toEqual([404, { error: 'Schedule not found' }]);
    jobs.updated = { kind: 'unreadable', why: 'no such time' };
    expect(await put()).toEqual([422, { error: 'Failed to update schedule', details: 'no such time' }]);
    jobs.broken = new Error('disk on fire');
    expect(await put()).toEqual([500, { error: 'Failed to update schedule', requestId: expect.any(String) }]);
    expect((await call(update, { method: 'PUT', body: {}, token: null })).status).toBe(401);
  });
});

describe('schedules §13 GET /api/scheduled-messages', () => {
  const path = `/api/scheduled-messages/${PHONE}`;

  it('every kind of job of this number, as records (job-records.test.ts)', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [
      jobView(PHONE, { id: 'b', kind: 'bulk', appId: 3 }),
      jobView('49170999999', { id: 'c' }),
      jobView(PHONE, { id: 'd', kind: 'campaign' }),
    ];
    const { status, body } = await call(path);
    expect([status, body]).toMatchObject([
      200,
      {
        success: true,
        count: 2,
        messages: [
          { id: 'b', type: 'bulk', scheduleId: 3 },
          { id: 'd', type: 'campaign' },
        ],
      },
    ]);
  });

  it('S-30 needs the token; 500 in its own words', async () => {
    const { call, jobs } = harness();
    expect((await call(path, { token: null })).status).toBe(401);
    jobs.broken = new Error('disk on fire');
    const { status, body } = await call(path);
    expect([status, body]).toEqual([500, { error: 'Failed to get scheduled messages', requestId: expect.any(String) }]);
  });
});
