/** What the books let go (contract schedules §12, §13). */
import { expect, it } from 'vitest';
import { createLog } from '../../../src/log.ts';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { Replies } from '../../../src/scheduler/replies.ts';
import { Retention } from '../../../src/scheduler/retention.ts';
import { digits } from '../../property/outbox/app.ts';
import { phones, SENDER, Stage, START } from './stage.ts';

const HOUR = 3_600_000;
const DAY = 86_400_000;
const bulk = (scheduleId: number, more: Fields = {}): Fields => ({
  scheduleId,
  targetPhoneNumbers: phones(2),
  message: 'hello',
  scheduleDateTime: new Date(START).toISOString(),
  timezone: 'UTC',
  ...more,
});

/** `ms` later than it is for everybody else, who would count the seconds until then. */
const retentionOf = (stage: Stage, ms = 0): Retention =>
  new Retention({
    ...{ books: stage.life.books, store: stage.store },
    clock: {
      now: () => stage.time.now() + ms,
      setTimeout: (fn, wait) => stage.time.setTimeout(fn, wait),
      clearTimeout: (timer) => stage.time.clearTimeout(timer),
    },
    log: createLog({ level: 'warn', stream: { write: (line) => stage.lines.push(line) } }),
  });

/** One round, after that time. */
async function round(stage: Stage, ms = 0): Promise<void> {
  const retention = retentionOf(stage, ms);
  retention.start();
  for (let time = 0; time < 40; time++) {
    await stage.run(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await stage.settle(retention.stop());
}
const keys = (stage: Stage, table: string): number => [...stage.store.table(table).keys()].length;
const TABLES = ['jobs', 'ledger', 'job-payloads', 'job-of-ledger', 'job-messages', 'jobs-by-number', 'campaign-sends'];

it('RT1: a job that ended 30 days ago is forgotten with all that was kept of it, no other one', async () => {
  const stage = new Stage();
  await stage.register('bulk', bulk(7));
  const contacts = phones(2).map((phone, index) => ({ id: index + 1, phone }));
  const message = { campaignType: 'custom', customMessage: { message: 'x' }, message: 'x' };
  await stage.register('campaign', { campaignId: 8, targetContacts: contacts, ...message });
  await stage.run(HOUR);
  expect(TABLES.map((table) => keys(stage, table) > 0)).toEqual(TABLES.map(() => true));
  await round(stage, 29 * DAY);
  expect(keys(stage, 'jobs')).toBe(2);
  const later = await stage.register('bulk', bulk(9, { scheduleDateTime: new Date(START + 90 * DAY).toISOString() }));
  await round(stage, 31 * DAY);
  expect([...stage.life.books.jobs()].map(({ id }) => id)).toEqual([later.id]);
  expect(TABLES.map((table) => keys(stage, table))).toEqual([1, 0, 1, 1, 0, 1, 0]);
  expect(stage.lines).toEqual([]);
});

it('RT1: a registration anew keeps its ledger when the job before it is forgotten', async () => {
  const stage = new Stage();
  await stage.register('bulk', bulk(7));
  await stage.run(HOUR);
  await stage.run(DAY);
  await stage.register('bulk', bulk(7));
  await stage.run(HOUR);
  await round(stage, 30 * DAY - HOUR);
  expect([...stage.life.books.jobs()]).toHaveLength(1);
  expect([...stage.life.books.rows('schedule-7')]).toHaveLength(2);
});

/** Rows of two recipients for each of so many days before the first run. */
async function earlier(stage: Stage, ledger: string, days: number): Promise<void> {
  const { books } = stage.life;
  const rows = [...books.rows(ledger)].flatMap(([place, row]) =>
    Array.from({ length: days }, (_, day) => {
      const occurrence = START - (day + 1) * DAY;
      const earlierRow = { ...row, id: `m${row.n}-${day}`, sentAt: occurrence };
      return [{ ...place, occurrence }, earlierRow] as const;
    }),
  );
  await books.commit({ rows });
}

it('RT2, S-41: old occurrences of a series become totals, and its counters stay cumulative', async () => {
  const stage = new Stage();
  await stage.register('recurring', bulk(9, { repeatInterval: 'daily', repeatEvery: 1 }));
  await stage.run(HOUR);
  await earlier(stage, 'schedule-9', 40);
  await round(stage);
  const left = [...stage.life.books.rows('schedule-9')];
  expect(Math.min(...left.map(([{ occurrence }]) => occurrence))).toBe(START - 29 * DAY);
  expect(left).toHaveLength(60);
  expect(keys(stage, 'job-messages')).toBe(60);
  expect(stage.jobs.list(SENDER)[0]?.totals).toMatchObject({ total: 82, sent: 82 });
  stage.restart();
  await stage.run(DAY);
  expect(stage.told('schedule status').at(-1)?.totals).toMatchObject({ sent: 84 });
  await round(stage);
  await round(stage);
  expect(stage.jobs.list(SENDER)[0]?.totals).toMatchObject({ total: 84, sent: 84 });
});

it('RT2: an occurrence that is still open is not folded, and goes on', async () => {
  const stage = new Stage();
  const { id } = await stage.register('recurring', bulk(9, { repeatInterval: 'monthly', repeatEvery: 2 }));
  await stage.run(1_000);
  await stage.settle(stage.jobs.order('pause', id));
  await round(stage, 40 * DAY);
  expect([...stage.life.books.rows('schedule-9')]).toHaveLength(2);
  await stage.settle(stage.jobs.order('resume', id));
  await stage.run(HOUR);
  expect(stage.sentTo().sort()).toEqual(phones(2));
});

it('RT2: what finds a campaign by its customer goes after 30 days, also while its ledger stays', async () => {
  const stage = new Stage();
  const daily = { campaignType: 'custom', isRecurring: true, recurringTime: '13:00', message: 'x' };
  const targetContacts = phones(2).map((phone, index) => ({ id: index + 1, phone }));
  const body = { campaignId: 8, targetContacts, customMessage: { message: 'x' }, ...daily };
  await stage.register('campaign', body, { immediate: true });
  await stage.run(2 * HOUR);
  await earlier(stage, 'campaign-8', 40);
  expect(keys(stage, 'campaign-sends')).toBe(82);
  await round(stage, 10 * DAY);
  expect(keys(stage, 'campaign-sends')).toBe(40);
  const replies = new Replies(stage.life.books, stage.life.runs);
  const contact = { pn: digits(phones(1)[0] ?? '') };
  await stage.settle(replies.onCustomer({ device: SENDER, contact, text: 'hi', kind: 'text', at: stage.time.now() }));
  expect(stage.told('campaign reply')).toHaveLength(1);
});

it('RT3: a long ledger goes in small steps, between which everybody else has a turn', async () => {
  const stage = new Stage();
  const { id } = await stage.register('bulk', bulk(7));
  await stage.run(HOUR);
  const { books } = stage.life;
  const [[place, row] = expect.fail()] = books.rows('schedule-7');
  const entry = (n: number) =>
    [
      { ...place, n },
      { ...row, n, id: `m${n}` },
    ] as const;
  await books.commit({ rows: Array.from({ length: 1_000 }, (_, index) => entry(index + 2)) });
  const retention = retentionOf(stage, 31 * DAY);
  retention.start();
  const sizes = [keys(stage, 'ledger')];
  while (stage.store.table('jobs').has(id)) {
    stage.time.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
    sizes.push(keys(stage, 'ledger'));
  }
  await stage.settle(retention.stop());
  expect(Math.max(...sizes.slice(1).map((size, index) => (sizes[index] ?? 0) - size))).toBeLessThanOrEqual(50);
  expect([keys(stage, 'ledger'), keys(stage, 'job-messages'), keys(stage, 'ledger-folded')]).toEqual([0, 0, 0]);
});
