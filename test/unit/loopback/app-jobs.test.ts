import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../helpers/json-http.ts';
import { type AppPeer, startAppPeer } from '../../loopback/app/app-peer.ts';

let app: AppPeer;
beforeEach(async () => {
  app = await startAppPeer();
});
afterEach(() => app.close());

const headers = () => ({ 'x-node-token': app.token });
const post = async (path: string, body: unknown) =>
  (await call(`${app.url}/api/${path}`, { method: 'POST', body, headers: headers() })).body;
const get = (path: string) => call(`${app.url}/api/${path}`, { headers: headers() });
const problems = () => app.violations().map(({ problem }) => problem);
const ok = { ok: true };

describe('schedules (contract schedules §9)', () => {
  const recipient = (status: string, more = {}) =>
    post('update-scheduled-contact-status', { scheduleId: 3, phone: '+55 (11) 9', status, ...more });
  const row = () => app.answers.jobs.row('schedules', 3) ?? expect.fail();

  it('a recipient only rises, fails only from pending, and each accepted call recounts', async () => {
    expect(await recipient('sent', { messageId: 'A' })).toEqual(ok);
    expect(await recipient('failed', { error: 'late' })).toEqual({ ok: true, noop: true });
    expect(await recipient('read', { messageId: 'B' })).toEqual(ok);
    expect(await recipient('delivered')).toEqual({ ok: true, noop: true });
    expect(row().recipients.get('55119')).toEqual({ status: 'read', messageId: 'A', history: ['sent', 'read'] });
    expect(row()).toMatchObject({ sent: 1, delivered: 1, failed: 0 });
  });

  it('the same status without growing counters is a duplicate; sent is stored as completed', async () => {
    const status = (more: object) => post('update-schedule-status', { scheduleId: 3, ...more });
    expect(await status({ status: 'sent', totalSent: 2 })).toEqual(ok);
    expect(await status({ status: 'completed', totalSent: 2 })).toEqual({ ok: true, duplicate: true });
    expect(await status({ status: 'completed', totalSent: 3 })).toEqual(ok);
    expect(await status({ status: 'failed', totalSent: 1, reason: 'why' })).toEqual(ok);
    expect(row()).toMatchObject({ status: 'failed', sent: 1, reason: 'why', finals: 3 });
  });

  it('a reminder has no row (README §3.1)', async () => {
    expect(await post('update-schedule-status', { scheduleId: -1_000_003, status: 'running' })).toMatchObject({
      ok: false,
    });
    expect(problems()).toEqual([]);
  });

  it.each(['paused', 'cancelled'])('%s is refused', async (status) => {
    await post('update-schedule-status', { scheduleId: 3, status });
    expect(problems()).toEqual(['status: must be one of sent, failed, running, completed, scheduled']);
    expect(app.answers.jobs.row('schedules', 3)).toBeUndefined();
  });

  it('lists what it was given, of one number or of all', async () => {
    app.answers.jobs.active([
      { id: 1, from_number: '5511' },
      { id: 2, from_number: '4930' },
    ]);
    expect((await get('scheduled/active')).body).toMatchObject({ ok: true, schedules: [{ id: 1 }, { id: 2 }] });
    expect((await get('scheduled/active?phone_number=4930')).body).toMatchObject({ schedules: [{ id: 2 }] });
    await app.mode({ path: 'scheduled/active', mode: '500' });
    expect((await get('scheduled/active')).status).toBe(500);
  });
});

describe('broadcasts and campaigns (contract bulk §3, §4)', () => {
  it('a broadcast overwrites status and counters whatever they were', async () => {
    const status = (word: string, success_count: number) =>
      post('update-broadcast-status', { broadcast_id: 7, status: word, success_count, fail_count: 1 });
    await status('completed', 9);
    await status('processing', 0);
    const row = app.answers.jobs.row('broadcasts', 7);
    expect(row).toMatchObject({ status: 'processing', sent: 0, failed: 1, history: ['completed', 'processing'] });
    for (const word of ['paused', 'cancelled', 'running']) await status(word, 0);
    expect(problems()).toHaveLength(3);
  });

  it.each([
    ['update-message-status', 'broadcasts', { broadcast_id: 7 }],
    ['campaigns/update-contact-status', 'campaigns', { campaign_id: 7 }],
  ] as const)('%s overwrites the row without a rank, and charges a message id once', async (path, table, of) => {
    const status = (word: string, id: string | null) =>
      post(path, { ...of, contact_id: 1, status: word, whatsapp_message_id: id });
    await status('read', 'A');
    await status('sent', 'A');
    await status('failed', null);
    const row = app.answers.jobs.row(table, 7);
    expect(row?.recipients.get('1')).toEqual({ status: 'failed', history: ['read', 'sent', 'failed'] });
    expect(row?.charged.size).toBe(1);
  });

  it('keeps replies and opt-outs', async () => {
    await post('campaigns/track-response', { campaign_id: 5, contact_id: 1, response: 'Yes' });
    await post('campaigns/unsubscribe', { campaign_id: 5, phone: '55119' });
    const row = app.answers.jobs.row('campaigns', 5);
    expect([row?.responses[0]?.['response'], row?.unsubscribed]).toEqual(['Yes', ['55119']]);
  });

  it('ids are taken until some are known; then others are 404', async () => {
    expect(await post('update-broadcast-status', { broadcast_id: 8, status: 'processing' })).toEqual(ok);
    app.answers.jobs.known('broadcasts', [7]);
    const unknown = { ok: false, message: 'broadcast not found' };
    expect(await post('update-broadcast-status', { broadcast_id: 8, status: 'processing' })).toEqual(unknown);
    expect(await post('update-message-status', { broadcast_id: 8, contact_id: 1, status: 'sent' })).toEqual(unknown);
    expect(await post('update-broadcast-status', { broadcast_id: 7, status: 'processing' })).toEqual(ok);
  });

  it('answers look-ups (bulk §4.3)', async () => {
    expect(await get('templates-camp/4')).toEqual({ status: 404, body: { ok: false, error: 'not_found' } });
    app.answers.jobs.template('4', { template_name: 'offer' });
    expect((await get('templates-camp/4')).body).toEqual({
      success: true,
      template: { id: 4, template_name: 'offer' },
    });
    app.answers.jobs.attributes('9', { shop: 'Ana' });
    expect((await get('workspace-attributes/9')).body).toEqual({ ok: true, attributes: { shop: 'Ana' } });
    expect((await get('workspace-attributes/8')).body).toEqual({ ok: true, attributes: {} });
    expect((await get('campaigns/sync')).body).toEqual({ success: true, campaigns: [] });
    app.answers.jobs.campaigns([{ campaignId: 1 }]);
    expect((await get('campaigns/sync')).body).toEqual({ success: true, campaigns: [{ campaignId: 1 }] });
    expect(problems()).toEqual([]);
  });
});
