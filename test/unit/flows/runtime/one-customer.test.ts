/** One customer, one session: by whatever names and spellings they are known (contract flows §6.1; one-session.ts OS1, OS2). */
import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../../src/phone.ts';
import { ANA, ask, CUSTOMER, DEVICE, flow, HOUR, KEY, say, Stage } from './stage.ts';

const ASK = flow([ask('q', 'Name?', 'name'), say('thanks')], ['q>thanks']);
const LID: Identity = { lid: '99887766554433' };
const BOTH: Identity = { ...LID, ...ANA };
const LID_KEY = `${DEVICE}_99887766554433`;
const OTHER_SPELLING = '551188887777';
const OTHER_KEY = `${DEVICE}_${OTHER_SPELLING}`;
const MINUTE = 60_000;

const keys = (stage: Stage) => [...stage.store.table('flows/sessions').keys()];
const isParked = (stage: Stage, key: string) =>
  stage.told('flow park').findLast(({ session }) => session === key)?.snapshot !== undefined;

async function asked(customer = CUSTOMER): Promise<Stage> {
  const stage = new Stage();
  stage.flows.set('1', ASK);
  await stage.begin('1', { customer });
  await stage.run(10_000);
  return stage;
}

/** As automations start it for a message. */
async function byMessage(stage: Stage, contact: Identity): Promise<void> {
  stage.flows.set('1', ASK);
  await stage.byKeyword('shop', { keyword: false }, { contact });
  await stage.run(10_000);
}

describe('a start under another spelling of the number', () => {
  it('takes back what the app keeps of the session that it replaces: that one does not rise again', async () => {
    const stage = await asked();
    expect(isParked(stage, KEY)).toBe(true);
    await stage.begin('1', { customer: OTHER_SPELLING });
    await stage.run(10_000);
    expect(isParked(stage, KEY)).toBe(false);
    expect(isParked(stage, OTHER_KEY)).toBe(true);
    expect(keys(stage)).toEqual([OTHER_KEY]);
  });

  it('runs to its question, and hears the answer, though the process is killed after any of its writes', async () => {
    for (const dies of ['after', 'before'] as const)
      for (let write = 1; write < 9; write++) {
        const stage = await asked();
        stage.dies = dies;
        stage.writesLeft = write;
        await stage.begin('1', { customer: OTHER_SPELLING });
        await stage.run(30_000);
        stage.restart();
        expect([write, await stage.says('Ana', { id: 'A' })]).toEqual([write, 'consumed']);
        await stage.run(10_000);
        expect([write, stage.texts()]).toEqual([write, ['Name?', 'Name?', 'thanks']]);
      }
  });
});

describe('a session under the LID and one under the phone turn out to be one customer', () => {
  it('the one under the phone hears the message, the other is gone here and at the app', async () => {
    const stage = await asked();
    await byMessage(stage, LID);
    expect(keys(stage)).toEqual([LID_KEY, KEY].toSorted());
    expect(await stage.says('Ana', { contact: BOTH })).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'Name?', 'thanks']);
    expect(keys(stage)).toEqual([KEY]);
    expect(isParked(stage, LID_KEY)).toBe(false);
    expect([...stage.store.table('flows/due').keys()]).toHaveLength(1);
    expect(stage.row()?.contact).toEqual(BOTH);
    expect(stage.desk.counts()).toMatchObject({ active: 0, waiting: 0 });
  });

  it('one that was left behind under a name of its own goes when it falls due', async () => {
    const stage = await asked();
    await byMessage(stage, LID);
    // As an earlier version left it.
    const row = stage.row()!;
    await stage.store.write((batch) => {
      batch.put(stage.store.table('flows/sessions'), KEY, { ...row, contact: BOTH });
      batch.put(stage.store.table('flows/names'), `${DEVICE} 99887766554433@lid`, KEY);
    });
    stage.life.dead = true;
    stage.time.advance(15 * MINUTE);
    stage.restart();
    await stage.run(MINUTE);
    expect(keys(stage)).toEqual([KEY]);
    expect(isParked(stage, LID_KEY)).toBe(false);
    expect(stage.row()?.wait?.node).toBe('q');
    expect(await stage.says('Ana', { contact: LID })).toBe('consumed');
  });

  it('one that has ended hears nothing: the one that waits under the LID does, and goes on under the phone', async () => {
    const stage = await asked();
    await stage.says('Ana');
    await stage.run(10_000);
    expect(stage.row()?.ended?.how).toBe('completed');
    await byMessage(stage, LID);
    expect(await stage.says('Bia', { contact: BOTH })).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'thanks', 'Name?', 'thanks']);
    expect(stage.vars()).toMatchObject({ name: 'Bia' });
    expect(keys(stage)).toEqual([KEY]);
    expect([...stage.store.table('flows/due').keys()]).toHaveLength(1);
    expect([isParked(stage, KEY), isParked(stage, LID_KEY)]).toEqual([false, false]);
  });

  it('a start for both replaces both', async () => {
    const stage = await asked();
    await byMessage(stage, LID);
    await byMessage(stage, BOTH);
    expect(keys(stage)).toEqual([KEY]);
    expect([isParked(stage, KEY), isParked(stage, LID_KEY)]).toEqual([true, false]);
  });

  it('§6.1: once the number is known, the app keeps the session under it, and no more under the LID', async () => {
    const stage = new Stage();
    await byMessage(stage, LID);
    expect(isParked(stage, LID_KEY)).toBe(true);
    expect(await stage.says('', { contact: BOTH, media: 'image' })).toBe('not consumed');
    await stage.run(1_000);
    expect([isParked(stage, KEY), isParked(stage, LID_KEY)]).toEqual([true, false]);
  });
});

it('names that only an earlier session of theirs had still lead to them, and are forgotten with the last one', async () => {
  const stage = new Stage();
  await byMessage(stage, LID);
  await stage.says('', { contact: BOTH, media: 'image' });
  await stage.run(1_000);
  await stage.begin('1');
  await stage.run(10_000);
  expect(await stage.says('Ana', { contact: LID })).toBe('consumed');
  await stage.run(HOUR);
  expect(stage.texts()).toEqual(['Name?', 'Name?', 'thanks']);
  for (const table of ['sessions', 'places', 'due', 'names'])
    expect([table, [...stage.store.table(`flows/${table}`).keys()]]).toEqual([table, []]);
});

it('MB1, F-21: two messages at once, one under each name that a session has, are handled one after the other', async () => {
  const stage = new Stage();
  await byMessage(stage, LID);
  await stage.says('', { contact: BOTH, media: 'image' });
  await stage.run(1_000);
  const both = [stage.offer('Ana', { contact: ANA }), stage.offer('Bia', { contact: LID })];
  expect(await stage.settle(Promise.all(both))).toEqual(['consumed', 'not consumed']);
  await stage.run(10_000);
  expect(stage.texts()).toEqual(['Name?', 'thanks']);
  expect(stage.vars()).toMatchObject({ name: 'Ana' });
});
