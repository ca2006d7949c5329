/** Jobs as operators register them: series that begin in the past, parts of a dispatch, dry runs, media of what is cancelled. */
import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { phones, SENDER, Stage, START } from './stage.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const [P = '', Q = ''] = phones(2);
const iso = (at: number): string => new Date(at).toISOString();
const now = { immediate: true } as const;
const contacts = (count: number): Fields[] => phones(count).map((phone, index) => ({ id: index + 1, phone }));
const template = (name: string) => ({ template_body: `template ${name}` });

describe('a series that is registered with a start in the past (schedules §6)', () => {
  const series = (more: Fields = {}): Fields => ({
    ...{ scheduleId: 7, targetPhoneNumbers: [P], message: 'hello', timezone: 'UTC', repeatInterval: 'daily' },
    ...more,
  });

  it('S-11, S-38: runs now, once, and then at its next time; what lay before its registration is not made up', async () => {
    const stage = new Stage();
    await stage.register('recurring', series({ scheduleDateTime: iso(START - 3 * DAY - 2 * HOUR) }));
    await stage.run(20 * HOUR);
    expect(stage.messages).toHaveLength(1);
    await stage.run(3 * HOUR);
    expect(stage.messages.map(({ at }) => Math.round((at - START) / HOUR))).toEqual([0, 22]);
    expect(stage.told('schedule status').map(({ totals }) => totals?.sent)).toEqual([1, 2]);
  });
});

it('S-54, S-55: other words in the middle of a run lose nobody of it, whose own hour has just passed', async () => {
  const stage = new Stage();
  const { id } = await stage.register('recurring', {
    ...{ scheduleId: 7, targetPhoneNumbers: phones(3), message: 'old', timezone: 'UTC', repeatInterval: 'daily' },
    ...{ scheduleDateTime: iso(START + HOUR), recipientTimezones: true },
    recipientAttributes: Object.fromEntries(phones(3).map((phone) => [phone, { timezone: 'UTC' }])),
  });
  await stage.run(HOUR + 1_000);
  const sent = stage.messages.length;
  await stage.settle(stage.jobs.update(id, { message: 'new' }));
  await stage.run(DAY / 2);
  expect([sent, stage.messages.map(({ text }) => text)]).toEqual([1, ['old', 'new', 'new']]);
});

describe('A/B (bulk §4.1)', () => {
  const campaign = (targetContacts: readonly Fields[]): Fields => ({
    ...{ campaignId: 5, campaignType: 'template', isABTest: true, templateIdA: 1, templateIdB: 2, targetContacts },
  });

  it('S-12, S-13: who is tried again gets the template of before, also when only a part is listed', async () => {
    const stage = new Stage();
    stage.templates.set(1, template('A')).set(2, template('B'));
    stage.outcome = ({ to }, tries) =>
      to === P && tries === 1 ? { kind: 'failed', error: 'no', attempted: true } : undefined;
    await stage.register('campaign', campaign(contacts(4)), now);
    await stage.run(MINUTE / 2);
    await stage.register('campaign', campaign(contacts(1)), now);
    await stage.run(MINUTE);
    expect(stage.messages.map(({ to, text }) => [to, text])).toEqual([
      ...phones(4)
        .slice(1, 2)
        .map((to) => [to, 'template A']),
      ...phones(4)
        .slice(2)
        .map((to) => [to, 'template B']),
      [P, 'template A'],
    ]);
    expect(stage.told('campaign recipient').at(-1)).toMatchObject({ contactId: 1, status: 'sent', variant: 'A' });
  });

  it('settings §6: an authentication template is refused also when it is the second one', async () => {
    const stage = new Stage();
    stage.templates.set(1, template('A')).set(2, { ...template('B'), category: 'AUTHENTICATION' });
    await stage.register('campaign', campaign(contacts(4)), now);
    await stage.run(MINUTE);
    expect(stage.messages).toEqual([]);
    expect(stage.told('campaign status').at(-1)).toMatchObject({
      ...{ status: 'failed', reason: 'authentication templates cannot be sent in bulk' },
    });
  });

  it('S-60: a dispatch with one of the two templates goes to everybody who is left', async () => {
    const stage = new Stage();
    stage.templates.set(1, template('A')).set(2, template('B'));
    await stage.register('campaign', campaign(contacts(4)), now);
    await stage.run(1_000);
    await stage.register('campaign', { ...campaign(contacts(4)), templateIdA: null }, now);
    await stage.run(MINUTE);
    expect(stage.messages.map(({ text }) => text)).toEqual(['template A', ...Array(3).fill('template B')]);
  });
});

it('bulk §1.1, §1.3: numbers instead of contacts: a part that is dispatched again loses nobody of the rest', async () => {
  const stage = new Stage();
  const broadcast = (numbers: readonly string[]): Fields => ({
    ...{ broadcastId: 9, targetPhoneNumbers: numbers, targetContacts: [], message: 'hello' },
  });
  await stage.register('broadcast', broadcast(phones(4)), now);
  await stage.run(1_000);
  await stage.register('broadcast', broadcast([Q]), now);
  await stage.run(MINUTE);
  expect(stage.sentTo().sort()).toEqual(phones(4));
  expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 4, failed: 0 });
});

it('bulk §1.1: recipientTimezones is for schedules: what is to be sent now goes to everybody now', async () => {
  const stage = new Stage();
  const body = { broadcastId: 9, targetContacts: [{ id: 1, phone: P, timezone: 'America/Lima' }], message: 'x' };
  await stage.register('broadcast', { ...body, recipientTimezones: true }, now);
  await stage.run(MINUTE);
  expect(stage.sentTo()).toEqual([P]);
});

it('§12: what was cancelled and is registered again within a minute, without an id, is sent', async () => {
  const stage = new Stage();
  const body = {
    targetPhoneNumber: P,
    message: 'x',
    timezone: 'UTC',
    scheduleDateTime: iso(START + HOUR),
    provider: 'baileys',
  };
  const first = await stage.register('single', body);
  await stage.settle(stage.jobs.order('cancel', first.id));
  const second = await stage.register('single', body);
  expect(second.id).not.toBe(first.id);
  await stage.run(2 * HOUR);
  expect(stage.ids()).toEqual([second.messageId]);
});

describe('media of a job (settings §6)', () => {
  const templateData = { template_body: 'x', attachment_type: 'image', attachment_url: 'http://a.test/i.png' };
  const body = { scheduleId: 7, targetPhoneNumbers: phones(3), templateData, timezone: 'UTC' };

  it('S-62: fetched once on the Cloud API too, where it is no link that Meta would fetch', async () => {
    for (const [scheme, times] of [
      ['http', 1],
      ['https', 0],
    ] as const) {
      const stage = new Stage();
      stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
      const attachment_url = `${scheme}://a.test/i.png`;
      await stage.register('bulk', { ...body, templateData: { ...templateData, attachment_url } });
      await stage.run(MINUTE);
      expect([stage.messages.length, stage.held.length]).toEqual([3, times]);
    }
  });

  it('S-62, S-31: let go when the job is cancelled, after what is on its way', async () => {
    const stage = new Stage();
    const { id } = await stage.register('bulk', body);
    await stage.run(50);
    expect([stage.held.length, stage.released]).toEqual([1, []]);
    await stage.settle(stage.jobs.order('cancel', id));
    await stage.run(MINUTE);
    expect(stage.messages).toHaveLength(1);
    expect(stage.released).toEqual([id]);
  });

  it('S-31: also when the message on its way takes longer than the order waits', async () => {
    const stage = new Stage();
    stage.sendMs = 20_000;
    const { id } = await stage.register('bulk', body);
    await stage.run(50);
    await stage.settle(stage.jobs.order('cancel', id));
    expect(stage.released).toEqual([]);
    await stage.run(MINUTE);
    expect(stage.released).toEqual([id]);
  });
});

it('S-14: a pause that is answered while a message is on its way is followed by none, not by its second part either', async () => {
  const stage = new Stage();
  stage.sendMs = 20_000;
  const location = { latitude: 1, longitude: 2 };
  const body = {
    scheduleId: 7,
    targetPhoneNumbers: [P, Q],
    templateData: { template_body: 'x', location },
    timezone: 'UTC',
  };
  const { id } = await stage.register('bulk', body);
  await stage.run(1_000);
  await stage.settle(stage.jobs.order('pause', id));
  await stage.run(5 * MINUTE);
  expect(stage.messages.map(({ text }) => text)).toEqual(['x']);
  await stage.settle(stage.jobs.order('resume', id));
  await stage.run(5 * MINUTE);
  expect(stage.messages.map(({ to, text }) => [to, text])).toEqual(
    [P, Q].flatMap((to) => [
      [to, 'x'],
      [to, 'location'],
    ]),
  );
});

it('S-47: the last recipient is followed by the last word, not by a gap', async () => {
  const stage = new Stage();
  await stage.register('bulk', { scheduleId: 7, targetPhoneNumbers: [P], message: 'x', timezone: 'UTC' });
  await stage.run(1_000);
  expect(stage.told('schedule status').map(({ status }) => status)).toEqual(['running', 'completed']);
});

it('bulk §4.4: a campaign that is resumed before its time is told as scheduled', async () => {
  const stage = new Stage();
  const body = { campaignId: 5, campaignType: 'custom', customMessage: { message: 'x' }, targetContacts: contacts(1) };
  const { id } = await stage.register('campaign', { ...body, scheduleDateTime: iso(START + DAY), timezone: 'UTC' });
  await stage.settle(stage.jobs.order('pause', id));
  await stage.settle(stage.jobs.order('resume', id));
  expect(stage.told('campaign status').map(({ status }) => status)).toEqual(['paused', 'scheduled']);
});

describe('a dry run names problems (issue, Build 8)', () => {
  const plan = async (kind: 'bulk' | 'broadcast' | 'campaign', body: Fields, stage = new Stage()) => {
    const dry = await stage.settle(stage.jobs.dryRun({ kind, sender: SENDER, body: { timezone: 'UTC', ...body } }));
    expect([stage.messages, stage.held, stage.jobs.list(SENDER)]).toEqual([[], [], []]);
    return dry.kind === 'dry run' ? dry.recipients.map(({ problems }) => problems) : [];
  };
  const engine = (name: 'waba' | 'twilio') => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: name, branding: '' };
    return stage;
  };

  it('a variable that the recipient has no value for, in each dialect', async () => {
    const recipientAttributes = { [P]: { name: 'Ada' }, [Q]: [] };
    const schedule = { scheduleId: 7, targetPhoneNumbers: [P, Q], message: 'Dear {{name}}', recipientAttributes };
    expect(await plan('bulk', schedule)).toEqual([[], ['no value for name']]);
    const targetContacts = [
      { id: 1, phone: P, first_name: 'Ada', custom_attributes: { city: 'Lima' } },
      { id: 2, phone: Q, first_name: '', custom_attributes: [] },
    ];
    const both = [[], ['no value for First Name', 'no value for city']];
    expect(
      await plan('broadcast', { broadcastId: 9, targetContacts, message: '{{First Name}} in {{city}}, {{city}}' }),
    ).toEqual(both);
    const custom = { campaignId: 5, campaignType: 'custom', targetContacts, customMessage: { message: '{city}' } };
    expect(await plan('campaign', custom)).toEqual([[], []]);
    expect(await plan('campaign', { ...custom, useAttributes: true })).toEqual([[], ['no value for city']]);
  });

  it('a number of a variable that the template has no name for, or the recipient no value', async () => {
    const templateData = {
      ...{ template_name: 'offer', template_body: 'Dear {{1}}, {{2}}', language: 'en' },
      variable_map: { body: [{ num: 1, key: 'name' }] },
    };
    const recipientAttributes = { [P]: { name: 'Ada' } };
    const body = { scheduleId: 7, targetPhoneNumbers: [P, Q], templateData, recipientAttributes };
    const problems = [['no value for 2'], ['no value for name', 'no value for 2']];
    expect(await plan('bulk', body, engine('waba'))).toEqual(problems);
  });

  it('a number that is none, and one that cannot exist', async () => {
    const body = { scheduleId: 7, targetPhoneNumbers: [P, 'x', '1555123'], message: 'x' };
    expect(await plan('bulk', body)).toEqual([[], ['No phone number'], ['no phone number has this many digits']]);
  });

  it('free text at a provider: it reaches nobody who has not written lately', async () => {
    const body = { scheduleId: 7, targetPhoneNumbers: [P], message: 'x' };
    const templateData = { template_name: 'offer', template_body: 'x', language: 'en' };
    const closed = [['not a template: arrives only within 24 hours of what the customer wrote last']];
    expect(await plan('bulk', body)).toEqual([[]]);
    for (const name of ['waba', 'twilio'] as const) expect(await plan('bulk', body, engine(name))).toEqual(closed);
    expect(await plan('bulk', { ...body, templateData }, engine('waba'))).toEqual([[]]);
  });

  const OVER = 'over the daily cap: sent on a later day';

  it('over the cap, what is wrong with the job as a whole, and when the last one is sent', async () => {
    const stage = new Stage();
    Object.assign(stage, { room: 1, cap: 1, isReady: false });
    const body = { scheduleId: 7, targetPhoneNumbers: phones(3), message: 'x' };
    const dry = await stage.settle(stage.jobs.dryRun({ kind: 'bulk', sender: SENDER, body }));
    const midnight = Date.UTC(2026, 5, 2);
    expect(dry).toMatchObject({
      ...{ engine: 'baileys', finishAt: midnight + DAY, problems: ['the number is not connected'] },
      recipients: [{ problems: [] }, { problems: [OVER] }, { problems: [OVER] }],
    });
  });

  it('the cap of the day on which it is sent, not of today', async () => {
    const stage = new Stage();
    stage.room = 0;
    const body = { scheduleId: 7, targetPhoneNumbers: [P, Q], message: 'x', scheduleDateTime: iso(START + DAY) };
    expect(await plan('bulk', body, stage)).toEqual([[], []]);
  });

  it('S-47: who is never sent takes no time, and the order is that of their hours', async () => {
    const stage = new Stage();
    const recipientAttributes = { [P]: { timezone: 'America/Lima' }, [Q]: { timezone: 'UTC' } };
    const body = { scheduleId: 7, targetPhoneNumbers: [P, 'x', Q], message: 'x', recipientAttributes };
    const more = { timezone: 'UTC', scheduleDateTime: iso(START + HOUR) };
    const finishAt = async (fields: Fields) => {
      const dry = await stage.settle(stage.jobs.dryRun({ kind: 'bulk', sender: SENDER, body: { ...body, ...fields } }));
      return dry.kind === 'dry run' ? dry.finishAt - START : 0;
    };
    expect(await finishAt(more)).toBe(HOUR + 3_000);
    expect(await finishAt({ ...more, recipientTimezones: true })).toBe(6 * HOUR);
  });
});

it('S-17, §13: an interrupted run that is closed a day later shows whose message had failed', async () => {
  const stage = new Stage();
  stage.outcome = ({ to }) => (to === P ? { kind: 'failed', error: 'no', attempted: true } : undefined);
  const { id } = await stage.register('bulk', { scheduleId: 7, targetPhoneNumbers: phones(3), message: 'x' });
  await stage.run(4_000);
  stage.life.dead = true;
  await stage.run(25 * HOUR);
  stage.restart();
  await stage.run(MINUTE);
  expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 1, failed: 2 } });
  expect(stage.jobs.job(id)).toMatchObject({ totals: { sent: 1, failed: 2, pending: 0 }, failedNumbers: [P] });
});

describe('a job that has not begun (issue, Build 9; bulk §1.2, §4.2)', () => {
  const contact = (id: number, phone: string): Fields => ({ id, phone, name: `n${id}` });
  const broadcast = { broadcastId: 9, targetContacts: [contact(1, P), contact(2, Q)], message: 'x', timezone: 'UTC' };

  it('counts and lists those whom it is for', async () => {
    const stage = new Stage();
    const { id } = await stage.register('broadcast', { ...broadcast, scheduleDateTime: iso(START + HOUR) });
    expect(stage.jobs.job(id)?.totals).toMatchObject({ total: 2, pending: 2, sent: 0, failed: 0 });
    const shown = stage.jobs.recipients(id, 1, 5);
    expect(shown).toMatchObject([{ contactId: 2, listed: Q, state: 'pending', name: 'n2' }]);
    await stage.run(2 * HOUR);
    expect(stage.jobs.job(id)?.totals).toMatchObject({ total: 2, pending: 0, sent: 2 });
    expect(stage.jobs.recipients(id, 0, 5).map(({ state }) => state)).toEqual(['sent', 'sent']);
  });

  it('and never will: all have failed, as the app was told', async () => {
    const stage = new Stage();
    const { id } = await stage.register('broadcast', { ...broadcast, scheduleDateTime: iso(START + HOUR) });
    stage.life.dead = true;
    await stage.run(5 * HOUR);
    stage.restart();
    await stage.run(MINUTE);
    expect(stage.told('broadcast status')).toMatchObject([{ status: 'failed', success: 0, failed: 2 }]);
    expect(stage.jobs.job(id)).toMatchObject({ outcome: 'failed', totals: { total: 2, failed: 2, pending: 0 } });
  });
});
