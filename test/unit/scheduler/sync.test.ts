/** The app's list of schedules against the jobs that are here (contract schedules §10). */
import { describe, expect, it } from 'vitest';
import type { Fact, JobFact } from '../../../src/app-client/callbacks.types.ts';
import type { AppAnswer } from '../../../src/app-client/client.ts';
import { scheduleList } from '../../../src/app-client/schedule-list.ts';
import { createLog } from '../../../src/log.ts';
import type { JobRow } from '../../../src/scheduler/jobs.types.ts';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { Sync } from '../../../src/scheduler/sync.ts';
import { phones, SENDER, Stage, START } from './stage.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', '+00:00');

/** A registration of one hour later, and the row as the app lists it. */
const body = (scheduleId: number, more: Fields = {}): Fields => ({
  scheduleId,
  provider: 'baileys',
  targetPhoneNumbers: phones(2),
  recipientAttributes: [],
  message: 'hello',
  messageType: 'text',
  isTemplate: false,
  templateData: null,
  mediaUrl: null,
  latitude: null,
  longitude: null,
  scheduleDateTime: iso(START + HOUR),
  timezone: 'UTC',
  ...more,
});
const listed = (id: number, more: Fields = {}): Fields => ({
  ...body(id),
  id,
  schedule_type: 'once',
  node_schedule_id: null,
  from_number: SENDER,
  nextRunAt: iso(START + HOUR),
  repeatInterval: null,
  repeatEvery: null,
  daysOfWeek: [],
  endDate: null,
  ...more,
});
const DAILY = { repeatInterval: 'daily', repeatEvery: 1 };
const series = (id: number, more: Fields = {}): Fields => listed(id, { schedule_type: 'recurring', ...DAILY, ...more });

class Listed {
  readonly stage = new Stage();
  rows: readonly Fields[] = [];
  /** Instead of the list. */
  answer: AppAnswer | undefined;
  /** Runs between question and answer. */
  meanwhile: () => Promise<unknown> = () => Promise.resolve();
  asked: number[] = [];
  sync: Sync;

  constructor() {
    this.sync = this.#sync();
  }

  restart(): void {
    this.stage.restart(false);
    this.sync = this.#sync();
  }

  async poll(times = 1): Promise<void> {
    for (let time = 0; time < times; time++) {
      await this.stage.run(1);
      await this.stage.settle(this.sync.now());
    }
  }

  job(scheduleId: number): JobRow | undefined {
    return this.stage.life.books.jobOf(`schedule-${scheduleId}`);
  }

  payload(scheduleId: number): Fields {
    return this.stage.life.books.payload(this.job(scheduleId)?.id ?? '');
  }

  statuses(): (string | undefined)[] {
    return this.stage.told('schedule status').map(({ status }) => status);
  }

  #sync(): Sync {
    const { stage } = this;
    const get = async (): Promise<AppAnswer> => {
      this.asked.push(stage.time.now() - START);
      await this.meanwhile();
      return this.answer ?? { kind: 'answer', status: 200, body: { ok: true, schedules: this.rows } };
    };
    const { scheduler, books } = stage.life;
    return new Sync({
      ...{ scheduler, books, store: stage.store, clock: stage.time },
      list: (signal) => scheduleList({ get }, signal),
      queue: {
        append: async (facts: readonly Fact[], also) => {
          // Time stands still while something is written.
          stage.life.writing += 1;
          await stage.store.write((batch) => also?.(batch)).finally(() => (stage.life.writing -= 1));
          stage.facts.push(...(facts as readonly JobFact[]));
        },
      },
      log: createLog({ level: 'warn', stream: { write: (line) => stage.lines.push(line) } }),
    });
  }
}

const DOWN: AppAnswer = { kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' };

describe('when the list is read', () => {
  it('S-05, SY1: until it answers with back-off, then each minute; a failed answer changes nothing', async () => {
    const app = new Listed();
    app.answer = DOWN;
    app.sync.start();
    await app.stage.run(8_000);
    expect(app.asked).toEqual([0, 1_000, 3_000, 7_000]);
    app.answer = undefined;
    app.rows = [listed(7)];
    await app.stage.run(8_000);
    expect(app.job(7)).toBeDefined();
    app.answer = { kind: 'answer', status: 500, body: { ok: true, schedules: [] } };
    await app.stage.run(10 * MINUTE);
    expect(app.asked.slice(4, 7)).toEqual([15_000, 75_000, 135_000]);
    expect(app.job(7)?.state).not.toBe('held');
    await app.stage.settle(app.sync.stop());
    const { length } = app.asked;
    await app.stage.run(HOUR);
    expect(app.asked).toHaveLength(length);
  });

  it('SC4: what is due after a start waits for the first answer', async () => {
    const app = new Listed();
    await app.stage.register('bulk', body(7));
    app.rows = [listed(7)];
    app.restart();
    await app.stage.run(HOUR + 100);
    app.restart();
    const before = app.stage.messages.length;
    await app.stage.run(30_000);
    expect(app.stage.messages).toHaveLength(before);
    await app.poll();
    await app.stage.run(MINUTE);
    expect(app.stage.sentTo().sort()).toEqual(phones(2));
  });
});

describe('a row that is unknown', () => {
  it('S-06: is registered, under the id that the app has for it', async () => {
    const app = new Listed();
    app.rows = [listed(7, { node_schedule_id: 'bulk_abc-1' }), listed(8, { node_schedule_id: '../x' }), series(9)];
    await app.poll();
    expect(app.job(7)).toMatchObject({ id: 'bulk_abc-1', kind: 'bulk', sender: SENDER, next: START + HOUR });
    expect(app.job(8)?.id).toMatch(/^bulk_[\w-]+$/);
    expect(app.job(9)).toMatchObject({ kind: 'recurring', rule: { every: 'daily' } });
    await app.poll();
    expect(app.job(9)?.dispatch).toBe(0);
    await app.stage.run(HOUR + MINUTE);
    expect(app.stage.messages).toHaveLength(6);
  });

  it('S-02: overdue within the grace it is sent now, older it has failed with the reason', async () => {
    const app = new Listed();
    app.rows = [
      listed(7, { scheduleDateTime: iso(START - 10 * MINUTE) }),
      listed(8, { scheduleDateTime: iso(START - 2 * HOUR) }),
    ];
    await app.poll();
    await app.stage.run(MINUTE);
    expect(app.stage.messages).toHaveLength(2);
    expect(app.job(8)).toMatchObject({ state: 'ended', outcome: 'failed' });
    const told = app.stage.told('schedule status').filter(({ scheduleId }) => scheduleId === 8);
    expect(told).toMatchObject([
      { status: 'failed', reason: expect.stringMatching(/^missed: .* at 2026-06-01T10:00/) },
    ]);
  });

  it('a series whose start is long ago waits for its next date', async () => {
    const app = new Listed();
    app.rows = [series(9, { scheduleDateTime: iso(START - 5 * DAY + HOUR) })];
    await app.poll();
    await app.stage.run(MINUTE);
    expect(app.stage.messages).toHaveLength(0);
    await app.stage.run(HOUR);
    expect(app.stage.messages).toHaveLength(2);
  });

  it('S-51: one that makes no sense has failed, once, also after a restart; nothing of it is stored', async () => {
    const app = new Listed();
    app.rows = [
      listed(7, { timezone: 'Mars/Base' }),
      listed(8, { scheduleDateTime: null }),
      series(9, { repeatInterval: 'hourly' }),
      listed(10, { from_number: '' }),
      listed(11),
    ];
    await app.poll(3);
    app.restart();
    await app.poll(3);
    const told = app.stage.told('schedule status').map(({ scheduleId, status }) => [scheduleId, status]);
    expect(told.sort()).toEqual([7, 8, 9, 10].map((id) => [id, 'failed']).sort());
    expect(app.stage.told('schedule status').every(({ reason }) => reason)).toBe(true);
    expect([7, 8, 9, 10].map((id) => app.job(id))).toEqual([undefined, undefined, undefined, undefined]);
    expect(app.job(11)).toBeDefined();
  });
});

describe('a row that is known', () => {
  it('S-03: unchanged, it leaves the richer payload as it is', async () => {
    const app = new Listed();
    const meta = { [phones(1)[0] ?? '']: { name: 't', language: { code: 'en' } } };
    const template = { id: 3, template_body: 'hi', attachment_url: 'http://127.0.0.1/a.png' };
    const rich = {
      templateData: { ...template, meta_payloads_by_phone: meta, attachment_base64: 'AAAA' },
      isTemplate: true,
    };
    await app.stage.register('bulk', body(7, rich));
    const before = [app.job(7)?.dispatch, app.payload(7)];
    app.rows = [listed(7, { templateData: JSON.stringify(template), isTemplate: 1 })];
    await app.poll(2);
    expect([app.job(7)?.dispatch, app.payload(7)]).toEqual(before);
    app.rows = [listed(7, { templateData: template, isTemplate: 1, scheduleDateTime: iso(START + 2 * HOUR) })];
    await app.poll();
    expect(app.job(7)?.next).toBe(START + 2 * HOUR);
    expect(app.payload(7)['templateData']).toMatchObject({ meta_payloads_by_phone: meta, attachment_base64: 'AAAA' });
    app.rows = [listed(7, { templateData: { ...template, template_body: 'other' }, isTemplate: 1 })];
    await app.poll();
    expect(app.payload(7)['templateData']).toEqual({ ...template, template_body: 'other' });
  });

  it('S-49: an edit of text and time reaches the pending job, which keeps its id', async () => {
    const app = new Listed();
    const { id } = await app.stage.register('bulk', body(7));
    app.rows = [listed(7, { message: 'edited', scheduleDateTime: iso(START + 2 * HOUR) })];
    await app.poll();
    expect(app.job(7)).toMatchObject({ id, next: START + 2 * HOUR });
    await app.stage.run(HOUR + 30 * MINUTE);
    expect(app.stage.messages).toHaveLength(0);
    app.rows = [listed(7, { message: 'edited twice', scheduleDateTime: iso(START + 2 * HOUR) })];
    await app.poll();
    await app.stage.run(HOUR);
    expect(app.stage.messages.map(({ text }) => text)).toEqual(['edited twice', 'edited twice']);
    expect(app.stage.messages[0]?.at).toBeGreaterThanOrEqual(START + 2 * HOUR);
  });

  it('S-49, LI4: an edit never makes a series run out of turn, and a new time of day moves it', async () => {
    const app = new Listed();
    await app.stage.register('recurring', { ...body(9), ...DAILY });
    app.rows = [series(9)];
    await app.poll();
    await app.stage.run(2 * HOUR);
    expect(app.stage.messages).toHaveLength(2);
    app.rows = [series(9, { message: 'edited' })];
    await app.poll();
    await app.stage.run(HOUR);
    expect(app.stage.messages).toHaveLength(2);
    expect(app.job(9)).toMatchObject({ next: START + HOUR + DAY, runs: 1 });
    app.rows = [series(9, { message: 'edited', repeatEvery: 2 })];
    await app.poll();
    expect(app.job(9)?.next).toBe(START + HOUR + 2 * DAY);
    app.rows = [series(9, { message: 'edited', scheduleDateTime: iso(START + 5 * HOUR) })];
    await app.poll();
    await app.stage.run(3 * HOUR);
    expect(app.stage.messages.slice(2).map(({ text }) => text)).toEqual(['edited', 'edited']);
  });

  it('S-49, LI4: a series that has run today does not run again because its hour becomes an earlier one of today', async () => {
    const app = new Listed();
    await app.stage.register('recurring', body(9, DAILY));
    app.rows = [series(9)];
    await app.poll();
    await app.stage.run(HOUR + 20 * MINUTE);
    expect(app.stage.messages).toHaveLength(2);
    const earlier = { scheduleDateTime: iso(START + HOUR / 2) };
    app.rows = [series(9, earlier)];
    await app.poll();
    await app.stage.run(10 * MINUTE);
    expect(app.stage.messages).toHaveLength(2);
    expect(app.job(9)?.next).toBe(START + DAY + HOUR / 2);
    // One that is still to come today is another date of it.
    app.rows = [series(9, { scheduleDateTime: iso(START + 3 * HOUR) })];
    await app.poll();
    expect(app.job(9)?.next).toBe(START + 3 * HOUR);
    await app.stage.run(2 * HOUR);
    expect(app.stage.messages).toHaveLength(4);
  });

  it('SY2: a run in progress is not changed', async () => {
    const app = new Listed();
    await app.stage.register('bulk', body(7, { scheduleDateTime: iso(START), targetPhoneNumbers: phones(5) }));
    app.rows = [listed(7, { scheduleDateTime: iso(START), targetPhoneNumbers: phones(5) })];
    await app.poll();
    await app.stage.run(5_000);
    app.rows = [listed(7, { scheduleDateTime: iso(START + DAY), message: 'edited' })];
    await app.poll();
    await app.stage.run(MINUTE);
    expect(app.stage.messages.map(({ text }) => text)).toEqual(Array(5).fill('hello'));
  });

  it('S-49: what was changed here and not in the app stays', async () => {
    const app = new Listed();
    const { id } = await app.stage.register('bulk', body(7));
    app.rows = [listed(7)];
    await app.poll();
    await app.stage.settle(app.stage.jobs.update(id, { message: 'updated here' }));
    await app.poll();
    app.rows = [listed(7, { targetPhoneNumbers: phones(3) })];
    await app.poll();
    expect(app.payload(7)).toMatchObject({ message: 'updated here', targetPhoneNumbers: phones(3) });
  });

  it('SY4: a change that is newer than the question is not undone by its answer', async () => {
    const app = new Listed();
    const { id } = await app.stage.register('bulk', body(7));
    app.rows = [listed(7)];
    await app.poll();
    app.rows = [listed(7, { message: 'older' })];
    app.meanwhile = () => app.stage.jobs.update(id, { message: 'newer' });
    await app.poll();
    expect(app.payload(7)['message']).toBe('newer');
  });

  it('JM2: a paused job takes the edit and stays paused', async () => {
    const app = new Listed();
    const { id } = await app.stage.register('bulk', body(7));
    app.rows = [listed(7)];
    await app.poll();
    await app.stage.settle(app.stage.jobs.order('pause', id));
    app.rows = [listed(7, { message: 'edited' })];
    await app.poll();
    await app.stage.run(2 * HOUR);
    expect(app.payload(7)['message']).toBe('edited');
    expect(app.stage.messages).toHaveLength(0);
  });

  it('S-51: an edit that makes no sense holds the job and is reported; the next edit lets it go on', async () => {
    const app = new Listed();
    await app.stage.register('bulk', body(7));
    app.rows = [listed(7)];
    await app.poll();
    app.rows = [listed(7, { timezone: 'Mars/Base' })];
    await app.poll(2);
    expect(app.job(7)?.state).toBe('held');
    expect(app.statuses()).toEqual(['failed']);
    app.rows = [listed(7, { message: 'edited' })];
    await app.poll();
    await app.stage.run(2 * HOUR);
    expect(app.stage.messages.map(({ text }) => text)).toEqual(['edited', 'edited']);
  });

  it('recipientTimezones, which the list lacks, stays what the registration said', async () => {
    const app = new Listed();
    await app.stage.register('bulk', body(7, { recipientTimezones: true, workspaceId: 5 }));
    app.rows = [listed(7, { message: 'edited' })];
    await app.poll();
    expect(app.job(7)).toMatchObject({ zones: ['Europe/Berlin'], workspace: '5' });
  });
});

describe('recipients', () => {
  it('late-resolved: before the first send the new list counts, unless it is empty', async () => {
    const app = new Listed();
    const attributes = { [phones(1)[0] ?? '']: { name: 'Ana' } };
    await app.stage.register('bulk', body(7, { targetPhoneNumbers: [] }));
    app.rows = [listed(7, { targetPhoneNumbers: phones(3), recipientAttributes: attributes })];
    await app.poll();
    expect(app.job(7)?.recipients).toBe(3);
    expect(app.payload(7)['recipientAttributes']).toMatchObject(attributes);
    app.rows = [listed(7, { targetPhoneNumbers: [] })];
    await app.poll();
    await app.stage.run(2 * HOUR);
    expect(app.stage.sentTo()).toEqual(phones(3));
  });

  it('S-04: after its first run a series keeps whoever the app leaves out as sent, and gains who is new', async () => {
    const app = new Listed();
    await app.stage.register('recurring', { ...body(9), ...DAILY });
    app.rows = [series(9)];
    await app.poll();
    await app.stage.run(2 * HOUR);
    app.rows = [series(9, { targetPhoneNumbers: [`+${phones(1, 1)[0] ?? ''}`, ...phones(1, 5)] })];
    await app.poll();
    app.restart();
    app.rows = [series(9, { targetPhoneNumbers: [] })];
    await app.poll();
    await app.stage.run(DAY);
    expect(app.stage.sentTo().slice(2)).toEqual([...phones(2), ...phones(1, 5)]);
  });
});

describe('a row that is missing', () => {
  it('S-05, S-48: two complete answers hold the job, nothing deletes it, and its return lets it go on', async () => {
    const app = new Listed();
    await app.stage.register('bulk', body(7));
    await app.poll();
    expect(app.job(7)?.state).toBe('active');
    await app.poll();
    expect(app.job(7)?.state).toBe('held');
    await app.stage.run(2 * HOUR);
    await app.poll(5);
    expect(app.stage.messages).toHaveLength(0);
    app.rows = [listed(7)];
    await app.poll();
    await app.stage.run(MINUTE);
    expect(app.stage.sentTo()).toEqual(phones(2));
    expect(app.statuses()).toEqual(['running', 'completed']);
  });

  it('a row in between, or a change made here, starts the count anew', async () => {
    const app = new Listed();
    const { id } = await app.stage.register('bulk', body(7));
    await app.poll();
    app.rows = [listed(7)];
    await app.poll();
    app.rows = [];
    await app.poll();
    expect(app.job(7)?.state).toBe('active');
    await app.stage.settle(app.stage.jobs.update(id, { message: 'updated' }));
    await app.poll();
    expect(app.job(7)?.state).toBe('active');
    await app.poll();
    expect(app.job(7)?.state).toBe('held');
    await app.stage.settle(app.stage.jobs.order('resume', id));
    await app.poll();
    expect(app.job(7)?.state).toBe('active');
  });

  it('SY4: a question that was asked before the job was there does not count', async () => {
    const app = new Listed();
    app.meanwhile = () => app.stage.register('bulk', body(7));
    await app.poll();
    app.meanwhile = () => Promise.resolve();
    await app.poll();
    expect(app.job(7)?.state).toBe('active');
    await app.poll();
    expect(app.job(7)?.state).toBe('held');
  });

  it('S-05: 1,000 rows, a row without an id or a failed answer prove nothing', async () => {
    const app = new Listed();
    await app.stage.register('bulk', body(7));
    const full = Array.from({ length: 1_000 }, (_, index) => listed(100 + index, { timezone: 'Mars/Base' }));
    app.rows = full;
    await app.poll(3);
    app.rows = [{ ...listed(8), id: null, scheduleId: 'x' }];
    await app.poll(3);
    app.answer = DOWN;
    await app.poll(3);
    app.answer = { kind: 'answer', status: 200, body: { ok: false, schedules: [] } };
    await app.poll(3);
    expect(app.job(7)?.state).toBe('active');
  });

  it('S-48: one complete answer is enough for what an earlier process left, before anything of it is sent', async () => {
    const app = new Listed();
    await app.stage.register('bulk', body(7));
    app.stage.life.dead = true;
    await app.stage.run(HOUR + MINUTE);
    app.restart();
    await app.poll();
    await app.stage.run(HOUR);
    expect(app.stage.messages).toHaveLength(0);
    expect(app.job(7)?.state).toBe('held');
  });

  it('reminders, jobs without an id, singles, broadcasts and campaigns are never held', async () => {
    const app = new Listed();
    const { stage } = app;
    const later = { scheduleDateTime: iso(START + HOUR), timezone: 'UTC' };
    const targetContacts = [{ id: 1, phone: phones(1)[0] }];
    const ids = [
      await stage.register('bulk', body(-1_000_123)),
      await stage.register('bulk', body(0)),
      await stage.register('single', { scheduleId: 70, targetPhoneNumber: phones(1)[0], message: 'x', ...later }),
      await stage.register('broadcast', { broadcastId: 71, targetContacts, message: 'x', ...later }),
      await stage.register('campaign', {
        campaignId: 72,
        campaignType: 'custom',
        targetContacts,
        message: 'x',
        ...later,
      }),
    ].map(({ id }) => id);
    await app.poll(4);
    expect(ids.map((id) => stage.life.books.job(id)?.state)).toEqual(Array(5).fill('active'));
  });
});

describe('a row whose job has ended', () => {
  it('S-40: a series that is over says so again, at most once per poll, 30 times', async () => {
    const app = new Listed();
    const endDate = '2026-06-01';
    await app.stage.register('recurring', { ...body(9), ...DAILY, endDate });
    app.rows = [series(9, { endDate })];
    await app.poll();
    await app.stage.run(2 * HOUR);
    expect(app.statuses()).toEqual(['completed']);
    await app.poll(3);
    expect(app.statuses()).toEqual(Array(4).fill('completed'));
    expect(app.stage.told('schedule status').at(-1)).toMatchObject({ totals: { sent: 2 } });
    await app.poll(60);
    expect(app.statuses()).toHaveLength(31);
    expect(app.stage.messages).toHaveLength(2);
  });

  it('a finished one-off says so again once per 10 minutes', async () => {
    const app = new Listed();
    await app.stage.register('bulk', body(7));
    app.rows = [listed(7)];
    await app.poll();
    await app.stage.run(HOUR + MINUTE);
    await app.poll(5);
    expect(app.statuses()).toEqual(['running', 'completed']);
    await app.stage.run(10 * MINUTE);
    await app.poll(5);
    expect(app.statuses()).toEqual(['running', 'completed', 'completed']);
    expect(app.stage.told('schedule status').at(-1)).toMatchObject({ totals: { sent: 2, failed: 0 } });
  });

  it('S-14: what was cancelled here is not woken by its old row, and says nothing', async () => {
    const app = new Listed();
    const { id } = await app.stage.register('bulk', body(7));
    app.rows = [listed(7)];
    await app.poll();
    await app.stage.settle(app.stage.jobs.order('cancel', id));
    await app.poll(3);
    await app.stage.run(2 * HOUR);
    await app.poll(3);
    expect(app.stage.messages).toHaveLength(0);
    expect(app.statuses()).toEqual([]);
  });

  it('S-06, S-12: a row with a new time, whose registration never came, goes out to who is left, under the same id', async () => {
    const app = new Listed();
    const [bad = '', good = ''] = phones(2);
    app.stage.outcome = ({ to }) => (to === bad ? { kind: 'failed', error: 'no', attempted: true } : undefined);
    const { id } = await app.stage.register('bulk', body(7));
    app.rows = [listed(7)];
    await app.poll();
    await app.stage.run(2 * HOUR);
    app.stage.outcome = () => undefined;
    app.rows = [listed(7, { scheduleDateTime: iso(app.stage.time.now() + 5_000), targetPhoneNumbers: [bad] })];
    await app.poll();
    await app.stage.run(MINUTE);
    expect(app.stage.sentTo()).toEqual([good, bad]);
    expect(app.job(7)).toMatchObject({ id, state: 'ended', outcome: 'completed' });
    expect(app.stage.jobs.list(SENDER)).toHaveLength(1);
  });
});

it('S-40: a row that the app cannot move is reported as running after each run', async () => {
  const app = new Listed();
  await app.stage.register('recurring', { ...body(9), ...DAILY });
  app.rows = [series(9, { nextRunAt: null })];
  await app.poll();
  await app.stage.run(2 * HOUR);
  expect(app.statuses()).toEqual(['running']);
  app.rows = [series(9)];
  await app.poll();
  await app.stage.run(DAY);
  expect(app.statuses()).toEqual(['running', 'completed']);
});

it('S-05: 1,000 rows in which nothing is new write nothing, and let others have their turn', async () => {
  const app = new Listed();
  const attributes = Object.fromEntries(phones(20).map((phone) => [phone, { name: 'Ana', email: 'a@b.c', title: '' }]));
  const more = { targetPhoneNumbers: phones(20), recipientAttributes: attributes, scheduleDateTime: iso(START + DAY) };
  app.rows = Array.from({ length: 1_000 }, (_, index) => listed(1 + index, more));
  await app.poll(2);
  // A write would never resolve from here on.
  app.stage.writesLeft = 0;
  let turns = 0;
  let isDone = false;
  const started = performance.now();
  void app.sync.now().then(() => (isDone = true));
  for (; !isDone && turns < 10_000; turns++) {
    app.stage.time.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(isDone).toBe(true);
  expect(turns).toBeGreaterThan(30);
  // About 100 ms where nothing else runs.
  expect(performance.now() - started).toBeLessThan(5_000);
});
