/** Calls in the order in which an operator makes them, with a restart in between: what is left of a job that nobody goes on with. */
import { expect, it } from 'vitest';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { Stage } from './stage.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const now = { immediate: true } as const;
const phones = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `49151${String(10_000_000 + index)}`);
const contacts = (count: number): Fields[] => phones(count).map((phone, index) => ({ id: index + 1, phone }));
const broadcast = (targetContacts: readonly Fields[]): Fields => ({ broadcastId: 9, targetContacts, message: 'hello' });

/** The process is away for more than a day. */
async function away(stage: Stage, open = true): Promise<void> {
  stage.life.dead = true;
  await stage.run(2 * DAY);
  stage.restart(open);
}

it('bulk §1.3: a part that is dispatched after an interrupted run was closed says nothing false of those who are not listed', async () => {
  const stage = new Stage();
  await stage.register('broadcast', broadcast(contacts(4)), now);
  await stage.run(1_000);
  await away(stage);
  await stage.run(5 * MINUTE);
  await stage.register('broadcast', broadcast(contacts(2).slice(1)), now);
  await stage.run(MINUTE);
  expect(stage.sentTo()).toEqual(phones(2));
  expect(stage.told('broadcast recipient').filter(({ status }) => status === 'failed')).toEqual([]);
  expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 2, failed: 0 });
});

it('S-14, bulk §1.3: a cancelled broadcast that is dispatched anew goes to those whom it lists now', async () => {
  const stage = new Stage();
  const { id } = await stage.register('broadcast', broadcast(contacts(4)), now);
  await stage.run(1_000);
  await stage.settle(stage.jobs.order('cancel', id));
  await stage.register('broadcast', broadcast(contacts(3)), now);
  await stage.run(MINUTE / 2);
  expect(stage.sentTo()).toEqual(phones(3));
  expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 3, failed: 0 });
  await stage.register('broadcast', broadcast(contacts(4)), now);
  await stage.run(MINUTE);
  expect(stage.sentTo()).toEqual(phones(4));
});

it('S-48, S-14: an interrupted run that the app cancelled meanwhile is told no last word', async () => {
  const stage = new Stage();
  const body = { scheduleId: 7, targetPhoneNumbers: phones(4), message: 'x', timezone: 'UTC' };
  const { id } = await stage.register('bulk', body);
  await stage.run(1_000);
  const told = stage.facts.length;
  await away(stage, false);
  await stage.run(MINUTE);
  await stage.settle(stage.life.scheduler.order('hold', id, 'not in the list'));
  stage.life.scheduler.openGate();
  await stage.run(MINUTE);
  expect([stage.facts.slice(told), stage.jobs.job(id)?.state]).toEqual([[], 'held']);
});

it('S-12: an interrupted run that is registered again before the app has answered is not closed, but sent', async () => {
  const stage = new Stage();
  const body = { scheduleId: 7, targetPhoneNumbers: phones(4), message: 'x', timezone: 'UTC' };
  await stage.register('bulk', body);
  await stage.run(1_000);
  await away(stage, false);
  await stage.run(1_000);
  await stage.register('bulk', body);
  await stage.run(3_500);
  stage.life.scheduler.openGate();
  await stage.run(MINUTE);
  expect(stage.sentTo()).toEqual(phones(4));
  expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 4 } });
});
