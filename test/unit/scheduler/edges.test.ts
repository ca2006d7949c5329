/** Jobs whose ways cross: the same person under other entries, receipts, orders and restarts in the middle of something. */
import { describe, expect, it } from 'vitest';
import { draftOf } from '../../../src/scheduler/drafts.ts';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { phones, SENDER, Stage, START } from './stage.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const [P = '', Q = ''] = phones(2);
const iso = (at: number): string => new Date(at).toISOString();
const bulk = (numbers: readonly string[], more: Fields = {}): Fields => ({
  ...{ scheduleId: 7, targetPhoneNumbers: numbers, message: 'hello', scheduleDateTime: iso(START), timezone: 'UTC' },
  ...more,
});
const daily = (numbers: readonly string[], more: Fields = {}): Fields =>
  bulk(numbers, { repeatInterval: 'daily', scheduleDateTime: iso(START + HOUR), ...more });
const toAll = (targetContacts: readonly Fields[], more: Fields = {}): Fields => ({
  ...{ broadcastId: 9, targetContacts, message: 'hello' },
  ...more,
});
const now = { immediate: true } as const;

describe('one phone under several entries (settings §6, schedules §12)', () => {
  it('S-16: a re-dispatch that lists another contact of the same phone sends nobody twice, and tells that one too', async () => {
    const stage = new Stage();
    await stage.register(
      'broadcast',
      toAll([
        { id: 1, phone: P },
        { id: 2, phone: P },
        { id: 4, phone: Q },
      ]),
      now,
    );
    await stage.run(2_000);
    stage.facts.length = 0;
    await stage.register(
      'broadcast',
      toAll([
        { id: 2, phone: P },
        { id: 3, phone: `+${P}` },
      ]),
      now,
    );
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual([P, Q]);
    const id = stage.messages[0]?.id;
    const told = stage.told('broadcast recipient').map(({ contactId, messageId }) => [contactId, messageId]);
    expect(told).toEqual([...[1, 2, 3].map((contact) => [contact, id]), [4, stage.messages[1]?.id]]);
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 4, failed: 0 });
  });

  it('S-16: who failed and is listed again by another entry is tried under one row, for both', async () => {
    const stage = new Stage();
    stage.outcome = () => ({ kind: 'failed', error: 'no', attempted: true });
    await stage.register('broadcast', toAll([{ id: 1, phone: P }]), now);
    await stage.run(MINUTE / 2);
    stage.outcome = () => undefined;
    await stage.register('broadcast', toAll([{ id: 2, phone: P }]), now);
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual([P]);
    const sent = stage.told('broadcast recipient').filter(({ status }) => status === 'sent');
    expect(sent.map(({ contactId }) => contactId).sort()).toEqual([1, 2]);
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 2, failed: 0 });
  });

  it('S-16, S-12: a retry that writes the number in another way sends nothing again; both spellings are told', async () => {
    const stage = new Stage();
    const local = `0${P.slice(2)}`;
    const recipientAttributes = { [local]: { country_code: '49' } };
    await stage.register('bulk', bulk([local, `+${P}`, P], { recipientAttributes }));
    await stage.run(MINUTE);
    const told = stage.told('schedule recipient').map(({ phone, status }) => [phone, status]);
    expect(told).toHaveLength(2);
    expect(told.map(([phone = '']) => phone.replace('+', '')).sort()).toEqual([local, P]);
    await stage.register('bulk', bulk([P]));
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual([P]);
    expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 1 } });
  });
});

describe('receipts (inbound §10)', () => {
  it('one that comes before the send has its result: told in order, and the second part still goes out', async () => {
    const stage = new Stage();
    stage.outcome = ({ id, content }) => {
      const at = stage.time.now();
      if (content.kind === 'text') void stage.life.runs.receipt({ device: SENDER, id, status: 'delivered', at });
      return undefined;
    };
    const location = { latitude: 1, longitude: 2, name: 'here', address: 'there' };
    await stage.register('bulk', bulk([P], { isTemplate: true, templateData: { template_body: 'body', location } }));
    await stage.run(MINUTE);
    expect(stage.messages.map(({ text }) => text)).toEqual(['hello', 'location']);
    expect(stage.told('schedule recipient').map(({ status }) => status)).toEqual(['sent', 'delivered']);
    expect(stage.told('schedule status').at(-1)?.totals).toEqual({ sent: 1, delivered: 1, failed: 0 });
  });

  it('S-41: one of an earlier occurrence counts while the next is being sent', async () => {
    const stage = new Stage();
    await stage.register('recurring', daily([P, Q]));
    await stage.run(DAY);
    stage.pacing = { ...stage.pacing, gap: 60 };
    await stage.run(HOUR + 1_000);
    expect(stage.messages).toHaveLength(3);
    const id = stage.messages[0]?.id ?? '';
    await stage.settle(stage.life.runs.receipt({ device: SENDER, id, status: 'delivered', at: stage.time.now() }));
    await stage.run(HOUR);
    expect(stage.told('schedule status').at(-1)?.totals).toEqual({ sent: 4, delivered: 1, failed: 0 });
  });
});

describe('one recipient that goes wrong (schedules §8)', () => {
  it('S-18, S-34: an exception fails that recipient, the run goes on, the summary has the true counts', async () => {
    for (const engine of ['baileys', 'waba'] as const) {
      const stage = new Stage();
      stage.engine = { kind: 'engine', engine, branding: '' };
      stage.outcome = ({ to }) => {
        if (to === P) throw new Error('a bug');
        return undefined;
      };
      await stage.register('recurring', daily([P, Q]));
      await stage.run(2 * HOUR);
      expect(stage.sentTo()).toEqual([Q]);
      const told = stage.told('schedule recipient').map(({ phone, status }) => [phone, status]);
      expect(told.sort()).toEqual([
        [P, 'failed'],
        [Q, 'sent'],
      ]);
      expect(stage.told('schedule status').at(-1)).toMatchObject({
        status: 'completed',
        totals: { sent: 1, failed: 1 },
      });
    }
  });

  it('S-18, S-63: so does content that cannot be made', async () => {
    const stage = new Stage();
    stage.held.push = () => {
      throw new Error('a bug');
    };
    await stage.register(
      'bulk',
      bulk([P], { messageType: 'media', mediaUrl: 'http://127.0.0.1:8000/uploads/scheduled/a.png' }),
    );
    await stage.run(MINUTE);
    expect(stage.messages).toHaveLength(0);
    expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'failed', reason: 'Failed to send' });
  });

  it('S-14: a wrong template that is told after the cancel fails nobody who was not tried', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    stage.sendMs = 10_000;
    stage.outcome = () => ({ kind: 'wrong', error: '132000' });
    const { id } = await stage.register('bulk', bulk([P, Q]));
    await stage.run(1_000);
    await stage.settle(stage.jobs.order('cancel', id));
    await stage.run(MINUTE);
    expect(stage.told('schedule recipient').map(({ phone }) => phone)).toEqual([P]);
    expect(stage.jobs.job(id)).toMatchObject({ outcome: 'cancelled', totals: { failed: 1, pending: 1 } });
  });
});

describe('restarts after more than a day (schedules §10)', () => {
  it('S-01: a run that somebody paused was not interrupted: it goes on when it is resumed', async () => {
    const stage = new Stage();
    const { id } = await stage.register('bulk', bulk([P, Q]));
    await stage.run(1_000);
    await stage.settle(stage.jobs.order('pause', id));
    stage.life.dead = true;
    await stage.run(3 * DAY);
    stage.restart();
    await stage.run(MINUTE);
    expect(stage.jobs.job(id)?.state).toBe('paused');
    await stage.settle(stage.jobs.order('resume', id));
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual([P, Q]);
  });

  it('a one-off that was interrupted is closed with its true counts', async () => {
    const stage = new Stage();
    const { id } = await stage.register('bulk', bulk([P, Q]));
    await stage.run(1_000);
    stage.life.dead = true;
    await stage.run(25 * HOUR);
    stage.restart();
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual([P]);
    expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 1, failed: 1 } });
    expect(stage.jobs.job(id)).toMatchObject({ state: 'ended' });
  });

  it('S-01, S-40: a series whose run was interrupted loses that run, not its next ones', async () => {
    const stage = new Stage();
    const { id } = await stage.register('recurring', daily([P, Q]));
    await stage.run(HOUR + 1_000);
    expect(stage.sentTo()).toEqual([P]);
    stage.life.dead = true;
    await stage.run(26 * HOUR);
    stage.restart();
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual([P]);
    expect(stage.told('schedule status')).toMatchObject([{ status: 'completed', totals: { sent: 1, failed: 0 } }]);
    await stage.run(DAY);
    expect(stage.sentTo()).toEqual([P, P, Q]);
    expect(stage.jobs.job(id)).toMatchObject({ state: 'active', totals: { sent: 3, skipped: 1, pending: 0 } });
  });
});

describe('orders and edits (schedules §7)', () => {
  it('S-10, S-39: a series that ended while it was paused sends nothing when it is resumed', async () => {
    const stage = new Stage();
    const { id } = await stage.register('recurring', daily([P], { endDate: '2026-06-02' }));
    await stage.run(2 * HOUR);
    await stage.settle(stage.jobs.order('pause', id));
    // Within the grace of the last occurrence, which would run if it counted as late.
    await stage.run(23 * HOUR + 30 * MINUTE);
    await stage.settle(stage.jobs.order('resume', id));
    await stage.run(DAY);
    expect(stage.messages).toHaveLength(1);
    expect(stage.jobs.job(id)).toMatchObject({ state: 'ended', outcome: 'completed' });
    expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 1 } });
  });

  it('S-10: a series paused over several occurrences goes on with the next one', async () => {
    const stage = new Stage();
    const { id } = await stage.register('recurring', daily([P]));
    await stage.settle(stage.jobs.order('pause', id));
    await stage.run(3 * DAY + 90 * MINUTE);
    await stage.settle(stage.jobs.order('resume', id));
    await stage.run(HOUR);
    expect(stage.messages).toHaveLength(0);
    await stage.run(DAY);
    expect(stage.messages.map(({ at }) => at - START)).toEqual([4 * DAY + HOUR]);
  });

  it('S-38, S-54: other words do not make a series run out of turn, nor end its pause', async () => {
    const stage = new Stage();
    const { id } = await stage.register('recurring', daily([P]));
    await stage.run(2 * HOUR);
    await stage.settle(stage.jobs.update(id, { message: 'changed' }));
    await stage.run(2 * HOUR);
    expect(stage.messages).toHaveLength(1);
    await stage.run(DAY);
    expect(stage.messages.map(({ at, text }) => [at - START, text])).toEqual([
      [HOUR, 'hello'],
      [DAY + HOUR, 'changed'],
    ]);
    await stage.settle(stage.jobs.order('pause', id));
    await stage.settle(stage.jobs.update(id, { message: 'again' }));
    await stage.run(2 * DAY);
    expect(stage.jobs.job(id)?.state).toBe('paused');
    expect(stage.messages).toHaveLength(2);
  });

  it('S-54: a recurring campaign is one after an update', async () => {
    const stage = new Stage();
    const campaign = {
      ...{ campaignId: 8, targetContacts: [{ id: 1, phone: P }], campaignType: 'custom' },
      ...{ customMessage: { message: 'x' }, isRecurring: true, recurringTime: '14:00', timezone: 'UTC' },
    };
    const { id } = await stage.register('campaign', campaign, now);
    await stage.settle(stage.jobs.update(id, { timezone: 'Europe/London' }));
    await stage.run(3 * DAY);
    expect(stage.messages.map(({ at }) => at - START)).toEqual([HOUR, DAY + HOUR, 2 * DAY + HOUR]);
  });

  it('an edit of the sender moves the job to the other list', async () => {
    const stage = new Stage();
    const body = bulk([P], { scheduleDateTime: iso(START + HOUR) });
    const { id } = await stage.register('bulk', body);
    const other = '5511900000002';
    const draft = draftOf({ kind: 'bulk', sender: other, body }, START);
    if (draft.kind !== 'draft') throw new Error(draft.kind);
    await stage.settle(stage.life.scheduler.revise(id, draft, body));
    expect(stage.jobs.list(SENDER)).toEqual([]);
    expect(stage.jobs.list(other).map((job) => job.id)).toEqual([id]);
  });
});

it('S-13: a new attempt that is dispatched again, or cancelled and dispatched again, before it began is still for everybody', async () => {
  const stage = new Stage();
  const later = { scheduleDateTime: iso(START + HOUR) };
  const contacts = [
    { id: 1, phone: P },
    { id: 2, phone: Q },
  ];
  await stage.register('broadcast', toAll(contacts), now);
  await stage.run(10 * MINUTE);
  await stage.register('broadcast', toAll(contacts, later));
  const { id } = await stage.register('broadcast', toAll(contacts, later));
  await stage.settle(stage.jobs.order('cancel', id));
  await stage.register('broadcast', toAll(contacts, later));
  await stage.run(HOUR);
  expect(stage.sentTo()).toEqual([P, Q, P, Q]);
});

describe('what holds for every job', () => {
  const LATER = { scheduleDateTime: iso(START + HOUR) };

  it('S-58: sent, with its id, is told before the gap and before delivered; one final word', async () => {
    const stage = new Stage();
    stage.pacing = { ...stage.pacing, gap: 60 };
    await stage.register(
      'broadcast',
      toAll([
        { id: 1, phone: P },
        { id: 2, phone: Q },
      ]),
      now,
    );
    await stage.run(1_000);
    const id = stage.messages[0]?.id ?? '';
    expect(stage.told('broadcast recipient')).toMatchObject([{ contactId: 1, status: 'sent', messageId: id }]);
    await stage.settle(stage.life.runs.receipt({ device: SENDER, id, status: 'delivered', at: stage.time.now() }));
    await stage.run(HOUR);
    expect(stage.told('broadcast recipient').map(({ contactId, status }) => [contactId, status])).toEqual([
      [1, 'sent'],
      [1, 'delivered'],
      [2, 'sent'],
    ]);
    expect(stage.told('broadcast status').map(({ status }) => status)).toEqual(['processing', 'completed']);
  });

  it('S-19: a message id on every engine; delivered and read after a restart, of schedules and broadcasts', async () => {
    for (const engine of ['baileys', 'waba', 'twilio'] as const) {
      const stage = new Stage();
      stage.engine = { kind: 'engine', engine, branding: '' };
      await stage.register('bulk', bulk([P]));
      await stage.register('broadcast', toAll([{ id: 1, phone: Q }]), now);
      await stage.run(MINUTE);
      expect(stage.told('schedule recipient').map(({ messageId }) => messageId)).toEqual([idTo(stage, P)]);
      stage.restart();
      for (const [status, to] of [
        ['delivered', P],
        ['read', P],
        ['delivered', P],
        ['read', Q],
      ] as const) {
        const at = stage.time.now();
        await stage.settle(stage.life.runs.receipt({ device: SENDER, id: idTo(stage, to), status, at }));
      }
      expect(stage.told('schedule recipient').map(({ status }) => status)).toEqual(['sent', 'delivered', 'read']);
      expect(stage.told('broadcast recipient').map(({ status }) => status)).toEqual(['sent', 'read']);
    }
  });

  it('S-32: a number that was stopped or unlinked loses no job: it is listed, and fails when due with the reason', async () => {
    const stage = new Stage();
    const { id } = await stage.register('bulk', bulk([P], LATER));
    stage.isReady = false;
    stage.restart();
    expect(stage.jobs.list(SENDER)).toMatchObject([{ id, state: 'active' }]);
    await stage.run(HOUR + 9 * MINUTE);
    expect(stage.facts).toEqual([]);
    await stage.run(2 * MINUTE);
    expect(stage.told('schedule recipient')).toMatchObject([{ status: 'failed', error: 'device disconnected' }]);
    expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'failed', reason: 'device disconnected' });
  });

  it('S-33: media of a single that is refused fails it, and is never sent as text', async () => {
    const stage = new Stage();
    stage.refusal = 'too large';
    const media = {
      messageType: 'media_with_caption',
      mediaUrl: 'http://127.0.0.1:8000/uploads/a.png',
      message: 'look',
    };
    const { id } = await stage.register('single', { targetPhoneNumber: P, provider: 'baileys', ...media });
    await stage.run(MINUTE);
    expect(stage.messages).toEqual([]);
    expect(stage.jobs.job(id)).toMatchObject({ outcome: 'failed', reason: 'attachment-missing: too large' });
  });

  it('S-31: what has ended keeps neither base64 nor media nor a timer', async () => {
    const stage = new Stage();
    const attachment_base64 = 'A'.repeat(5_000);
    const templateData = {
      template_body: 'x',
      attachment_type: 'image',
      attachment_mime: 'image/png',
      attachment_base64,
    };
    const { id } = await stage.register('bulk', bulk([P], { isTemplate: true, templateData }));
    expect(JSON.stringify(stage.life.books.payload(id))).toContain(attachment_base64);
    await stage.run(MINUTE);
    expect(stage.messages.map(({ text }) => text)).toEqual(['media']);
    expect(JSON.stringify(stage.life.books.payload(id))).not.toContain('AAAA');
    expect(stage.released).toEqual([id]);
    await stage.settle(stage.life.scheduler.stop());
    expect(stage.time.pending).toBe(0);
  });

  it('S-08: a series that is registered within its own minute, or at its instant, loses no run', async () => {
    for (const ahead of [0, 1_000, 30_000]) {
      const stage = new Stage();
      await stage.register('recurring', daily([P], { scheduleDateTime: iso(START + ahead) }));
      await stage.run(2 * DAY + MINUTE);
      expect(stage.messages.map(({ at }) => at - START - ahead)).toEqual([0, DAY, 2 * DAY]);
    }
  });

  it('S-08, S-42: one run on each day around a change of the clocks, in the hour that is doubled too', async () => {
    const stage = new Stage();
    stage.time.advance(Date.UTC(2026, 9, 23, 12) - START);
    const series = { scheduleDateTime: '2026-10-24 02:30:00', timezone: 'Europe/Berlin' };
    await stage.register('recurring', daily([P], series));
    await stage.run(3 * DAY);
    expect(stage.messages.map(({ at }) => iso(at).slice(0, 16))).toEqual([
      '2026-10-24T00:30',
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });

  it('settings §2: the pace is asked for before every bulk run, and used as it comes', async () => {
    const stage = new Stage();
    await stage.register('bulk', bulk([P, Q]));
    await stage.register('single', { targetPhoneNumber: P, message: 'x', provider: 'baileys' });
    await stage.run(MINUTE);
    expect(stage.asked).toBe(1);
  });

  it('a page of jobs counts all, and shows the newest', async () => {
    const stage = new Stage();
    const ids: string[] = [];
    for (const scheduleId of [1, 2, 3]) {
      ids.unshift((await stage.register('bulk', bulk([P], { ...LATER, scheduleId }))).id);
      await stage.run(1_000);
    }
    await stage.settle(stage.jobs.order('pause', ids[0] ?? ''));
    const page = stage.jobs.page({ state: 'active', limit: 1 });
    expect([page.count, page.jobs.map(({ id }) => id)]).toEqual([2, [ids[1]]]);
    expect(stage.jobs.page({ sender: '5511900000009', limit: 9 })).toEqual({ count: 0, jobs: [] });
  });
});

const idTo = (stage: Stage, phone: string): string => stage.messages.find(({ to }) => to === phone)?.id ?? '';

describe('what the app is told in the end', () => {
  it('S-57: a recurring campaign runs on in the app after each of its days', async () => {
    const stage = new Stage();
    await stage.register(
      'campaign',
      {
        ...{ campaignId: 8, targetContacts: [{ id: 1, phone: P }], campaignType: 'custom' },
        ...{ customMessage: { message: 'hello' }, isRecurring: true, recurringTime: '13:00', timezone: 'UTC' },
      },
      now,
    );
    await stage.run(3 * DAY);
    expect(stage.messages).toHaveLength(3);
    expect(new Set(stage.told('campaign status').map(({ status }) => status))).toEqual(new Set(['running']));
  });

  it('RM3: who was being sent at a crash and is not listed any more stays unknown, and is no failure that is sure', async () => {
    const stage = new Stage();
    stage.sendMs = 10_000;
    await stage.register('bulk', bulk([P, Q]), {});
    await stage.run(2_000);
    stage.restart();
    await stage.register('bulk', bulk([Q]), {});
    await stage.run(MINUTE);
    const told = stage.told('schedule recipient').find(({ phone }) => phone === P);
    expect(told).toMatchObject({ status: 'failed', error: expect.stringContaining('outcome unknown') as string });
    expect(stage.sentTo().filter((to) => to === P)).toHaveLength(1);
  });
});

describe('a dry run (DY1)', () => {
  const planned = async (more: Fields): Promise<(string | undefined)[]> => {
    const stage = new Stage();
    const body = bulk(['4915110000000', '819010000000'], { scheduleDateTime: '2026-06-02 09:00:00', ...more });
    const plan = await stage.settle(stage.jobs.dryRun({ kind: 'bulk', sender: SENDER, body }));
    expect(stage.jobs.list(SENDER)).toEqual([]);
    return plan.kind === 'dry run' ? plan.recipients.map(({ at }) => at.slice(0, 16)) : [plan.kind];
  };

  it('S-55: shows each recipient its own hour, also where that is before the hour of the job’s zone', async () => {
    const more = { timezone: 'Europe/Berlin', recipientTimezones: true };
    expect(await planned(more)).toEqual(['2026-06-02T09:00', '2026-06-02T09:00']);
  });

  it('shows the end of quiet hours that the job falls into, not those of the moment', async () => {
    const more = { timezone: 'Europe/Berlin', quietHours: { from: '08:00', to: '10:30' } };
    expect(await planned(more)).toEqual(['2026-06-02T10:30', '2026-06-02T16:00']);
  });
});

it('S-25: a connection lost in the middle of a send fails nobody: the same message is given again under its id', async () => {
  const stage = new Stage();
  const asked: string[] = [];
  stage.outcome = ({ id }, tries) => {
    asked.push(id);
    return tries === 1 ? { kind: 'interrupted', error: 'the connection was lost' } : undefined;
  };
  await stage.register('bulk', bulk([P]));
  await stage.run(MINUTE);
  expect([asked.length, new Set(asked).size]).toEqual([2, 1]);
  expect(stage.told('schedule recipient').map(({ status }) => status)).toEqual(['sent']);
  expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 1, failed: 0 } });
});

it('RM2: a connection that is lost again and again leaves it unknown after three tries, and the run goes on', async () => {
  const stage = new Stage();
  let tries = 0;
  stage.outcome = ({ to }) => {
    if (to !== P) return undefined;
    tries += 1;
    return { kind: 'interrupted', error: 'the connection was lost' };
  };
  await stage.register('bulk', bulk([P, Q]));
  await stage.run(5 * MINUTE);
  expect(tries).toBe(3);
  expect(stage.sentTo()).toEqual([Q]);
  expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 1, failed: 1 } });
});
