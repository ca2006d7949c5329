/** Calls in the order in which an operator makes them, with a restart in between: what is left of a job that nobody goes on with. */
import { describe, expect, it } from 'vitest';
import { jobBody } from '../../../src/app-client/job-callbacks.ts';
import { mootIn } from '../../../src/scheduler/moot.ts';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { phones, Stage } from './stage.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const now = { immediate: true } as const;
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

describe('what waits in the outbox when somebody pauses or cancels (schedules §7)', () => {
  const bulk = { scheduleId: 7, targetPhoneNumbers: phones(2), message: 'x', timezone: 'UTC' };

  /** What the app would hear if nothing had been posted yet. */
  const heard = (stage: Stage): string[] => {
    const isMoot = mootIn(stage.store);
    return stage.facts.flatMap((fact) => {
      const { body, ...row } = jobBody(fact);
      if (isMoot({ ...row, body: JSON.stringify(body) })) return [];
      return `${fact.kind} ${'status' in fact ? fact.status : ''}`;
    });
  };

  it('MO2: a pause makes moot that it runs, nothing else; a resume says so again before the next recipient', async () => {
    for (const [kind, body, word] of [
      ['bulk', bulk, 'schedule status running'],
      ['broadcast', broadcast(contacts(2)), 'broadcast status processing'],
    ] as const) {
      const stage = new Stage();
      const one = kind === 'bulk' ? 'schedule recipient sent' : 'broadcast recipient sent';
      const { id } = await stage.register(kind, body, now);
      await stage.run(1_000);
      expect(heard(stage)).toEqual([word, one]);
      await stage.settle(stage.jobs.order('pause', id));
      expect(heard(stage)).toEqual([one]);
      stage.restart();
      expect(heard(stage)).toEqual([one]);
      await stage.settle(stage.jobs.order('resume', id));
      await stage.run(MINUTE);
      expect(heard(stage)).toEqual([word, one, word, one, word.replace(/\w+$/, 'completed')]);
    }
  });

  it('MO1, S-14: a cancel makes moot all that is said of the whole, a run of a series that was closed too', async () => {
    const stage = new Stage();
    const series = { ...bulk, repeatInterval: 'daily', targetPhoneNumbers: phones(1) };
    const { id } = await stage.register('recurring', series);
    await stage.run(1_000);
    expect(heard(stage)).toEqual(['schedule recipient sent', 'schedule status completed']);
    await stage.settle(stage.jobs.order('pause', id));
    expect(heard(stage)).toHaveLength(2);
    await stage.settle(stage.jobs.order('cancel', id));
    expect(heard(stage)).toEqual(['schedule recipient sent']);
    await stage.register('recurring', series);
    expect(heard(stage)).toHaveLength(2);
  });

  it('MO2: why a provider stopped it is told, though it is paused by that', async () => {
    const stage = new Stage();
    stage.outcome = () => ({ kind: 'stop', whom: 'run', error: 'paused by Meta' });
    await stage.register('bulk', bulk);
    await stage.run(1_000);
    expect(heard(stage)).toEqual(['schedule status running']);
    expect(stage.told('schedule status').at(-1)).toMatchObject({ reason: 'paused by Meta' });
  });

  it('campaigns have words of their own', async () => {
    const stage = new Stage();
    const body = { campaignId: 5, campaignType: 'custom', customMessage: { message: 'x' } };
    const { id } = await stage.register('campaign', { ...body, targetContacts: contacts(2) }, now);
    await stage.run(1_000);
    await stage.settle(stage.jobs.order('cancel', id));
    expect(heard(stage)).toEqual(['campaign status running', 'campaign recipient sent', 'campaign status cancelled']);
  });
});

it('S-10: a resume that comes while a provider’s stop is being written goes on', async () => {
  const stage = new Stage();
  let isStopped = false;
  stage.outcome = () => (isStopped ? undefined : { kind: 'stop', whom: 'run', error: 'paused by Meta' });
  const body = { scheduleId: 7, targetPhoneNumbers: phones(2), message: 'x', timezone: 'UTC' };
  const { id } = await stage.register('bulk', body);
  const { books } = stage.life;
  const commit = books.commit.bind(books);
  let resumed: Promise<unknown> | undefined;
  books.commit = async (entries, payload) => {
    const writing = commit(entries, payload);
    if (!isStopped && entries.jobs?.some(({ state }) => state === 'paused')) {
      isStopped = true;
      resumed = stage.jobs.order('resume', id);
      await resumed;
    }
    await writing;
  };
  await stage.run(MINUTE);
  expect(resumed).toBeDefined();
  expect(stage.sentTo()).toEqual(phones(2));
});
