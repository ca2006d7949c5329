/**
 * Contract schedules and bulk §1, §4 through the whole bridge: what a registration leads to at the contacts' phones and in
 * the app's rows. One number; each case writes to contacts of its own under an app id of its own.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from '../helpers/eventually.ts';
import { call } from '../helpers/json-http.ts';
import type { ContactMessage } from '../helpers/world.ts';
import { Play } from './inbound/play.ts';

/** The gap between recipients is 0.8-1.2 of this (contract settings §5). */
const GAP_S = 1;

const registered = z.looseObject({ success: z.literal(true), scheduleId: z.string().regex(/^[\w-]{1,100}$/) });
const row = z.looseObject({
  status: z.string(),
  sent: z.number(),
  failed: z.number(),
  finals: z.number(),
  history: z.array(z.string()),
  recipients: z.record(z.string(), z.looseObject({ history: z.array(z.string()), messageId: z.string().optional() })),
});
const list = z.object({ messages: z.array(z.looseObject({ id: z.string(), status: z.string() })) });

describe('schedules and broadcasts: what contacts get, what the app is told', () => {
  let play: Play;
  let lastAppId = 100;

  beforeAll(async () => {
    play = await Play.begin();
    await play.world('/app/message-settings', { msg_gap: GAP_S });
  }, 200_000);
  afterAll(async () => {
    expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
  });

  const appId = () => (lastAppId += 1);
  const contacts = (count: number) => Array.from({ length: count }, () => play.newContact());
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString().replace('Z', '+00:00');
  const ask = (path: string, body?: object, method: 'POST' | 'PUT' | 'DELETE' = 'POST') =>
    play.bridge.call(path, { method, ...(body && { body }), timeoutMs: 10_000 });
  const register = async (route: string, body: object) => {
    const answer = await ask(`/api/${route}/${play.number}`, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return registered.parse(answer.body);
  };
  const campaign = async (which: string, body: object) =>
    registered.parse((await ask(`/api/wa/${play.number}/campaign/${which}`, body)).body);
  const got = (contact: string) => play.stage.world.contactMessages(contact, play.number);
  const arrived = (contact: string, withinMs = 15_000): Promise<ContactMessage> =>
    eventually(async () => (await got(contact))[0], { what: `${contact} has a message`, withinMs });
  const rowOf = async (table: 'schedules' | 'broadcasts' | 'campaigns', id: number) => {
    const answer = await call(`${play.stage.world.control}/app/jobs/${table}/${id}`);
    return answer.status === 200 ? row.parse(answer.body) : undefined;
  };
  /** The app's row once a final word stands in it. */
  const finished = (table: 'schedules' | 'broadcasts' | 'campaigns', id: number) =>
    eventually(
      async () => {
        const known = await rowOf(table, id);
        return known !== undefined && known.finals > 0 && known;
      },
      { what: `${table} ${id} is finished`, withinMs: 20_000 },
    );

  it('§1 bulk: at its instant and not before, placeholders filled, each recipient told before the summary', async () => {
    const scheduleId = appId();
    const [first = '', second = ''] = contacts(2);
    const due = Date.now() + 3_000;
    const { message } = await register('schedule-message-bulk', {
      ...{ scheduleId, targetPhoneNumbers: [`+${first}`, second], message: 'Hi {{first_name}}' },
      ...{
        scheduleDateTime: new Date(due).toISOString().replace('Z', '+00:00'),
        timezone: 'Europe/Berlin',
        provider: 'baileys',
      },
      recipientAttributes: { [`+${first}`]: { first_name: 'Ada' }, [second]: [] },
    });
    expect(message).toBe('Bulk message scheduled');
    const [one, two] = [await arrived(first), await arrived(second)];
    expect(Date.now()).toBeGreaterThanOrEqual(due);
    expect([one.text, two.text]).toEqual(['Hi Ada', 'Hi {{first_name}}']);
    const { history, sent, failed, recipients } = await finished('schedules', scheduleId);
    expect([history, sent, failed]).toEqual([['running', 'completed'], 2, 0]);
    expect([recipients[first], recipients[second]]).toMatchObject([{ messageId: one.id }, { messageId: two.id }]);
  });

  it('§3 immediate: answered at once, sent behind it', async () => {
    const scheduleId = appId();
    const [contact = ''] = contacts(1);
    const answer = await register('send-bulk-immediate', { scheduleId, targetPhoneNumbers: [contact], message: 'now' });
    expect(answer).toEqual({ success: true, message: 'Messages are being sent', scheduleId: expect.any(String) });
    expect((await arrived(contact)).text).toBe('now');
    expect(await finished('schedules', scheduleId)).toMatchObject({ status: 'completed', sent: 1 });
  });

  it('§4 single: wall clock in its zone, under the id that the registration answered', async () => {
    const [contact = ''] = contacts(1);
    const wall = new Date(Date.now() + 2_000 + 330 * 60_000).toISOString().slice(0, 19).replace('T', ' ');
    const answer = await register('schedule-message', {
      ...{ targetPhoneNumber: contact, message: 'later', scheduleDateTime: wall, timezone: 'Asia/Calcutta' },
      ...{ messageType: 'text', provider: 'baileys' },
    });
    expect(answer['scheduledFor']).toMatch(/\+05:30$/);
    const { id, text } = await arrived(contact);
    expect([id, id, text]).toEqual([answer['messageId'], answer['id'], 'later']);
  });

  it('§2, S-65 recurring from now on: runs, reports completed, waits for tomorrow', async () => {
    const scheduleId = appId();
    const [contact = ''] = contacts(1);
    const { scheduleId: id } = await register('schedule-recurring', {
      ...{ scheduleId, targetPhoneNumbers: [contact], message: 'daily', repeatInterval: 'daily', daysOfWeek: [] },
      ...{ targetQueues: [3], targetGroups: ['tag:4'], targetNumbers: [] },
      ...{ scheduleDateTime: inSeconds(-1), timezone: 'Europe/Berlin' },
    });
    await arrived(contact);
    expect(await finished('schedules', scheduleId)).toMatchObject({ status: 'completed', sent: 1, finals: 1 });
    const { messages } = list.parse((await play.bridge.call(`/api/scheduled-messages/${play.number}`)).body);
    const job = messages.find((one) => one.id === id);
    expect(job).toMatchObject({ type: 'recurring', status: 'running', totalRuns: 1 });
    expect(Date.parse(String(job?.['nextRunAt'])) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    await ask(`/api/cancel-scheduled-message/${id}`, undefined, 'DELETE');
  });

  it('§7 paused between recipients: nothing leaves after the answer; resumed: the rest, each once', async () => {
    const scheduleId = appId();
    const people = contacts(4);
    const { scheduleId: id } = await register('send-bulk-immediate', {
      scheduleId,
      targetPhoneNumbers: people,
      message: 'x',
    });
    await arrived(people[0] ?? '');
    expect((await ask(`/api/pause-schedule/${id}`, [])).status).toBe(200);
    const count = async () => (await Promise.all(people.map(got))).flat().length;
    const before = await count();
    await delay(GAP_S * 2_500);
    expect(await count()).toBe(before);
    expect(before).toBeLessThan(people.length);
    // The app would un-pause its row (§8): the end is not told while paused.
    expect((await rowOf('schedules', scheduleId))?.finals).toBe(0);
    expect((await ask(`/api/resume-schedule/${id}`, [])).status).toBe(200);
    expect(await finished('schedules', scheduleId)).toMatchObject({ status: 'completed', sent: 4, finals: 1 });
    for (const contact of people) expect(await got(contact)).toHaveLength(1);
  });

  it('§7 cancelled before it is due: nothing is sent and nothing told; again is harmless; unknown is 404', async () => {
    const scheduleId = appId();
    const [contact = ''] = contacts(1);
    const { scheduleId: id } = await register('schedule-message-bulk', {
      ...{
        scheduleId,
        targetPhoneNumbers: [contact],
        message: 'never',
        scheduleDateTime: inSeconds(2),
        timezone: 'Europe/Berlin',
      },
    });
    for (const target of [id, String(scheduleId)])
      expect((await ask(`/api/cancel-scheduled-message/${target}`, undefined, 'DELETE')).status).toBe(200);
    expect((await ask('/api/cancel-scheduled-message/bulk_0_none', undefined, 'DELETE')).status).toBe(404);
    await delay(3_500);
    expect([await got(contact), await rowOf('schedules', scheduleId)]).toEqual([[], undefined]);
  });

  it('§7 update: the text of a waiting job', async () => {
    const [contact = ''] = contacts(1);
    const { scheduleId: id } = await register('schedule-message-bulk', {
      ...{ scheduleId: appId(), targetPhoneNumbers: [contact], message: 'old' },
      ...{ scheduleDateTime: inSeconds(3), timezone: 'Europe/Berlin' },
    });
    const { status, body } = await ask(`/api/update-schedule/${id}`, { message: 'new' }, 'PUT');
    expect([status, body]).toEqual([200, { success: true, message: 'Schedule updated', scheduleId: id }]);
    expect((await arrived(contact)).text).toBe('new');
  });

  it('S-51 what cannot be read is 422 and leaves nothing behind; a dry run neither', async () => {
    const scheduleId = appId();
    const [contact = ''] = contacts(1);
    const body = { scheduleId, targetPhoneNumbers: [contact], message: 'x', timezone: 'Europe/Berlin' };
    const path = `/api/schedule-message-bulk/${play.number}`;
    for (const wrong of [{ timezone: 'Mars/Base', scheduleDateTime: inSeconds(9) }, { scheduleDateTime: 'soon' }])
      expect((await ask(path, { ...body, ...wrong })).status).toBe(422);
    const plan = await ask(`${path}?dryRun=1`, body);
    expect([plan.status, plan.body]).toMatchObject([
      200,
      { dryRun: true, engine: 'baileys', recipients: [{ phone: contact, zone: 'Europe/Berlin', problems: [] }] },
    ]);
    const { messages } = list.parse((await play.bridge.call(`/api/scheduled-messages/${play.number}`)).body);
    expect(messages.filter((one) => one['scheduleId'] === scheduleId)).toEqual([]);
    expect(await got(contact)).toEqual([]);
  });

  it('bulk §1 broadcast: contacts with fields of their own, told one by one, then the end', async () => {
    const broadcastId = appId();
    const [first = '', second = ''] = contacts(2);
    const { scheduleId: id, recipientCount } = await register('broadcast/send-immediate', {
      ...{ broadcastId, message: 'Dear {{ first_name }}', provider: '' },
      targetContacts: [
        { id: 71, phone: first, first_name: 'Ada', custom_attributes: [] },
        { id: 72, phone: second, first_name: '', custom_attributes: '{}' },
      ],
      tracked_bodies: { 72: 'only for 72' },
    });
    expect(recipientCount).toBe(2);
    const [one, two] = [await arrived(first), await arrived(second)];
    expect([one.text, two.text]).toEqual(['Dear Ada', 'only for 72']);
    const { history, sent, recipients } = await finished('broadcasts', broadcastId);
    expect([history, sent]).toEqual([['processing', 'completed'], 2]);
    expect([recipients['71'], recipients['72']]).toMatchObject([{ messageId: one.id }, { messageId: two.id }]);
    expect([recipients['71']?.history[0], recipients['72']?.history[0]]).toEqual(['sent', 'sent']);
    const status = await play.bridge.call(`/api/broadcast/status/${id}`);
    expect(status.body).toMatchObject({ broadcast: { id, broadcastId, status: 'completed', sentCount: 2 } });
  });

  it('bulk §1.2 cancel-by-broadcast before its time; no contacts is 400', async () => {
    const broadcastId = appId();
    const [contact = ''] = contacts(1);
    await register('broadcast/schedule', {
      ...{ broadcastId, message: 'never', targetContacts: [{ id: 1, phone: contact }] },
      ...{ scheduleDateTime: inSeconds(2), timezone: 'Europe/Berlin' },
    });
    const path = `/api/broadcast/cancel-by-broadcast/${broadcastId}`;
    const { body } = await ask(path, undefined, 'DELETE');
    expect(body).toEqual({ success: true, broadcastId: String(broadcastId), cancelled: 1 });
    const none = await ask(`/api/broadcast/send-immediate/${play.number}`, { broadcastId, targetContacts: [] });
    expect([none.status, none.body]).toMatchObject([400, { error: 'No contacts provided' }]);
    await delay(3_000);
    expect([await got(contact), await rowOf('broadcasts', broadcastId)]).toEqual([[], undefined]);
  });

  it('bulk §4 campaign of its own text: sent, told, and shown in its details (S-59)', async () => {
    const campaignId = appId();
    const [first = '', second = ''] = contacts(2);
    const answer = await campaign('send', {
      ...{ campaignId: String(campaignId), campaignName: 'Spring', campaignType: 'custom', useAttributes: true },
      customMessage: { message: 'Hello {NAME}' },
      targetContacts: [
        { id: 81, phone: first, name: 'Ada' },
        { id: 82, phone: second, name: 'Bob' },
      ],
    });
    expect(answer).toMatchObject({ message: 'Campaign is being sent', recipientCount: 2, splitCounts: null });
    const [one, two] = [await arrived(first), await arrived(second)];
    expect([one.text, two.text]).toEqual(['Hello Ada', 'Hello Bob']);
    expect((await finished('campaigns', campaignId)).recipients['81']).toMatchObject({ messageId: one.id });
    const { body } = await play.bridge.call(`/api/wa/campaign/${campaignId}/details`);
    expect(body).toMatchObject({
      campaign: {
        ...{ id: campaignId, name: 'Spring', status: 'completed', stats: { total: 2, sent: 2, failed: 0 } },
        contactDetails: [
          { id: 81, whatsappMessageId: one.id },
          { id: 82, whatsappMessageId: two.id },
        ],
      },
    });
  });

  it('a kill between registration and due time changes nothing: sent once', async () => {
    const scheduleId = appId();
    const [contact = ''] = contacts(1);
    const at = inSeconds(6);
    await register('schedule-message-bulk', {
      ...{
        scheduleId,
        targetPhoneNumbers: [contact],
        message: 'still',
        scheduleDateTime: at,
        timezone: 'Europe/Berlin',
      },
    });
    // After a start a row that the app does not list is held (§10).
    await play.world('/app/schedules', [
      {
        ...{ id: scheduleId, scheduleId, schedule_type: 'once', node_schedule_id: null, from_number: play.number },
        ...{ provider: null, message: 'still', messageType: 'text', isTemplate: false, templateData: null },
        ...{ mediaUrl: null, latitude: null, longitude: null, nextRunAt: null, timezone: 'Europe/Berlin' },
        ...{ scheduleDateTime: at, targetPhoneNumbers: [contact], recipientAttributes: [] },
        ...{ repeatInterval: null, repeatEvery: null, daysOfWeek: [], endDate: null },
      },
    ]);
    await play.bridge.kill9();
    await play.bridge.restart();
    expect((await arrived(contact, 40_000)).text).toBe('still');
    expect(await finished('schedules', scheduleId)).toMatchObject({ status: 'completed', sent: 1 });
    expect(await got(contact)).toHaveLength(1);
  });
});
