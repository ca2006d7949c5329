/** What a flow keeps through stops, refusing disks, late apps and very long delays. */
import { describe, expect, it } from 'vitest';
import { Definitions } from '../../../../src/actors/flows/definitions.ts';
import { flowOf } from '../../../../src/actors/flows/definition.ts';
import type { Store } from '../../../../src/store/store.ts';
import { SimulatedTime } from '../../../helpers/simulated-time.ts';
import { temporaryStore } from '../../../helpers/temporary-store.ts';
import { ANA, ask, CUSTOMER, delay, DEVICE, flow, HOUR, KEY, say, Stage, START } from './stage.ts';

const MINUTE = 60_000;
const DAY = 24 * HOUR;
const ASK = flow([ask('q', 'Name?', 'name'), say('thanks')], ['q>thanks']);

/** The bridge is away for so long. */
function away(stage: Stage, ms: number): void {
  stage.life.dead = true;
  stage.time.advance(ms);
  stage.restart();
}

const resumeDelay = (stage: Stage, variables: object = {}) =>
  stage.settle(
    stage.desk.resumeDelay({
      ...{ flowId: '1', sessionKey: KEY, nodeId: 'd', customer: CUSTOMER, device: DEVICE, provider: '' },
      variables: { ...variables },
    }),
  );

describe('a stop in the middle of something', () => {
  it('VI2, VI4: a message on its way is mirrored under one id, by this process and by the next', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([say('a', 'one', 'two')], []));
    stage.sendMs = 2_000;
    await stage.begin('1');
    await stage.run(1_000);
    await stage.settle(stage.life.runtime.stop());
    await stage.run(5_000);
    expect(stage.mirrors()).toEqual(['one']);
    stage.restart();
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['one', 'two']);
    const ids = stage.told('flow message').map(({ id }) => id);
    expect(stage.mirrors()).toEqual(['one', 'one', 'two']);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^flow_out_\d{13}_[0-9a-f]{8}$/);
  });

  it('what was inside a write when everything stopped runs nothing afterwards', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([ask('q', 'Name?'), say('x'), say('y')], ['q>x', 'x>y']));
    await stage.begin('1');
    await stage.run(5_000);
    const taken = stage.offer('Ana');
    while (stage.life.writing === 0) await Promise.resolve();
    await stage.settle(stage.life.runtime.stop());
    await stage.run(20_000);
    expect(await taken).toBe('consumed');
    expect(stage.texts()).toEqual(['Name?']);
    stage.restart();
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['Name?', 'x', 'y']);
  });
});

describe('a disk that refuses', () => {
  it('SR4: the write that makes a session is tried again each minute: the start is not lost', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    await stage.begin('1');
    stage.isFull = true;
    await stage.run(90_000);
    stage.isFull = false;
    await stage.run(2 * MINUTE);
    expect(stage.texts()).toEqual(['Name?']);
    expect([...stage.store.table('flows/starts').keys()]).toEqual([]);
    expect(stage.desk.counts().failedStarts).toBe(0);
  });

  it('DY1: so is the write that ends a delay, with a session here and without', async () => {
    for (const isHere of [true, false]) {
      const stage = new Stage();
      stage.flows.set('1', flow([delay('d', 3_600), say('b')], ['d>b']));
      if (isHere) await stage.begin('1');
      await stage.run(10_000);
      await resumeDelay(stage);
      stage.isFull = true;
      await stage.run(90_000);
      stage.isFull = false;
      await stage.run(2 * MINUTE);
      expect([isHere, stage.texts()]).toEqual([isHere, ['b']]);
      expect([...stage.store.table('flows/delays').keys()]).toEqual([]);
    }
  });

  it('a deadline without a session that cannot be removed is logged, and removed later', async () => {
    const stage = new Stage();
    const due = stage.store.table('flows/due');
    const place = `${String(START).padStart(15, '0')} ${KEY}`;
    await stage.store.write((batch) => batch.put(due, place, { state: 'waiting', waitsFor: '', forNumber: false }));
    stage.isFull = true;
    await stage.run(2 * MINUTE);
    expect(stage.lines.join('')).toContain('a deadline without a session could not be removed');
    stage.isFull = false;
    await stage.run(2 * MINUTE);
    expect([...due.keys()]).toEqual([]);
  });
});

describe('DF2: the definition of a session stays as long as it may need it', () => {
  /** So many other flows are started that old definitions are looked at. */
  async function others(stage: Stage): Promise<void> {
    for (let number = 0; number < 70; number++) {
      const id = `other ${number}`;
      stage.flows.set(id, flow([say('x', id)], []));
      await stage.begin(id, { customer: `552199${String(number).padStart(7, '0')}` });
    }
    await stage.run(10_000);
  }
  const hashes = (stage: Stage) => [...stage.store.table('flows/definitions').keys()];

  it.each([
    ['a delay', flow([delay('d', (60 * DAY) / 1_000), say('after')], ['d>after']), 60 * DAY],
    ['a timer', flow([{ ...ask('q', 'Name?'), timeout: (60 * DAY) / 1_000 }, say('after')], ['q:2>after']), 60 * DAY],
  ])('%s that is longer than any wait goes on where it is wired to', async (_, definition, ms) => {
    const stage = new Stage();
    stage.isDelayParked = false;
    stage.flows.set('1', definition);
    await stage.begin('1');
    await stage.run(10_000);
    away(stage, 50 * DAY);
    await others(stage);
    away(stage, ms - 50 * DAY);
    await stage.run(10_000);
    expect(stage.texts()).toContain('after');
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('one that nobody can need any more is removed', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    await stage.begin('1');
    await stage.run(10_000);
    const [hash] = hashes(stage);
    away(stage, 29 * DAY);
    await others(stage);
    expect(hashes(stage)).toContain(hash);
    // Then it ends, and 30 days after that nothing can come back to it.
    away(stage, 2 * DAY);
    await stage.run(MINUTE);
    away(stage, 33 * DAY);
    // Marks of its days go first.
    for (let round = 0; round < 2; round++) {
      away(stage, DAY);
      await others(stage);
    }
    expect(hashes(stage)).not.toContain(hash);
  });

  it.each([
    ['by its own time', (stage: Stage) => stage.run(31 * MINUTE)],
    ['by the app', (stage: Stage) => resumeDelay(stage)],
  ])('a session whose definition is gone all the same ends %s with that reason', async (_, wake) => {
    const stage = new Stage();
    stage.flows.set('1', flow([delay('d', 600), say('after')], ['d>after']));
    await stage.begin('1', { subscriber: 7 });
    await stage.run(10_000);
    const [hash = ''] = hashes(stage);
    await stage.store.write((batch) => batch.remove(stage.store.table('flows/definitions'), hash));
    stage.restart();
    await wake(stage);
    await stage.run(1_000);
    expect(stage.lines.join('')).toMatch(/"level":"warn".*"reason":"the definition of its flow is gone"/);
    expect(stage.told('flow complete')).toEqual([]);
  });

  it('UP2: also that of a session which an earlier version wrote without marks of its days', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    await stage.begin('1');
    await stage.run(10_000);
    const [hash] = hashes(stage);
    const uses = stage.store.table('flows/uses');
    await stage.store.write((batch) => [...uses.keys()].forEach((use) => batch.remove(uses, use)));
    stage.restart();
    await others(stage);
    expect(hashes(stage)).toContain(hash);
  });

  it('a new start on one that is gone, while an old session marks its days, has it again', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    await stage.begin('1');
    await stage.run(10_000);
    const [hash = ''] = hashes(stage);
    await stage.store.write((batch) => batch.remove(stage.store.table('flows/definitions'), hash));
    stage.restart();
    await stage.begin('1');
    await stage.run(10_000);
    stage.restart();
    expect(await stage.says('Ana')).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'Name?', 'thanks']);
  });

  it('a write of a session reads no definition', async () => {
    const time = new SimulatedTime(START);
    const own = temporaryStore();
    let reads = 0;
    const store: Store = {
      ...own,
      table: <V>(name: string) => {
        const table = own.table<V>(name);
        const get = (key: string | number) => {
          reads += name === 'flows/definitions' ? 1 : 0;
          return table.get(key);
        };
        return name === 'flows/definitions' ? { ...table, get } : table;
      },
    };
    const definition = () => Promise.resolve({ kind: 'ok', value: ASK } as const);
    const options = { store, app: { definition }, ttlMs: 720 * HOUR, clock: time };
    const definitions = new Definitions({ ...options, read: (_, read) => flowOf(read) });
    const found = await definitions.fetch('1');
    reads = 0;
    if (found.kind !== 'ok') throw new TypeError(found.kind);
    const { hash } = found.value;
    for (const at of [START, START, START + 3 * DAY]) await store.write((batch) => definitions.use(batch, hash, at));
    expect(reads).toBe(0);
  });
});

it('UP1: a reply that an earlier version kept stops nothing: it is dropped, and logged', async () => {
  const stage = new Stage();
  stage.flows.set('1', ASK);
  await stage.begin('1');
  await stage.run(10_000);
  const replies = stage.store.table('flows/replies');
  const place = `${KEY} ${String(START * 1_000).padStart(17, '0')}`;
  await stage.store.write((batch) => batch.put(replies, place, { id: 'A', text: 'secret', at: START }));
  stage.restart();
  expect(await stage.says('Ana')).toBe('consumed');
  await stage.run(10_000);
  expect(stage.texts()).toEqual(['Name?', 'thanks']);
  expect([...replies.keys()]).toEqual([]);
  expect(stage.lines.join('')).toMatch(/"level":"warn".*"count":1.*replies that an earlier version kept are dropped/);
  expect(stage.lines.join('')).not.toContain('secret');
});

describe('F-55, DY2: a delay goes on once, whoever ends it', () => {
  const LOOP = flow([delay('d', 600), say('a')], ['d>a', 'a>d']);

  it('a resume that comes after the bridge went on by itself does not end the next delay of the same node', async () => {
    const stage = new Stage();
    stage.flows.set('1', LOOP);
    await stage.begin('1');
    await stage.run(20 * MINUTE + 10_000);
    expect(stage.texts()).toEqual(['a']);
    const [first, second] = stage.delays;
    await resumeDelay(stage, first?.variables);
    await stage.run(MINUTE);
    expect(stage.texts()).toEqual(['a']);
    await resumeDelay(stage, second?.variables);
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['a', 'a']);
    expect(Object.keys(stage.vars())).not.toContain('__delay');
  });

  it('nor one of an earlier session, nor does it make a session of one that is over', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([delay('d', 600), say('b')], ['d>b']));
    await stage.begin('1');
    await stage.run(10_000);
    await stage.begin('1');
    await stage.run(10_000);
    const [first, second] = stage.delays;
    await resumeDelay(stage, first?.variables);
    await stage.run(10_000);
    expect(stage.texts()).toEqual([]);
    // The app is away, the bridge goes on by itself, and the session is forgotten.
    await stage.run(HOUR);
    expect(stage.texts()).toEqual(['b']);
    expect(stage.row()).toBeUndefined();
    await resumeDelay(stage, second?.variables);
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['b']);
  });
});

describe('DY4: a delay that the app keeps makes no session again of one that ended while it slept', () => {
  const DAYS = 40;
  const sleeping = async (seconds: number): Promise<Stage> => {
    const stage = new Stage();
    stage.flows.set('1', flow([delay('d', seconds), say('b')], ['d>b'])).set('2', flow([say('c')], []));
    await stage.begin('1');
    await stage.run(10_000);
    return stage;
  };

  it.each([
    ['a take-over', (stage: Stage) => stage.desk.end(CUSTOMER, undefined), []],
    ['an opt-out', (stage: Stage) => stage.life.runtime.flows.end(DEVICE, ANA), []],
    ['the end of the login', (stage: Stage) => stage.life.runtime.unlinked(DEVICE), []],
    ['a flow that took its place, and is over too', (stage: Stage) => stage.begin('2'), ['c']],
  ])('%s', async (_, happens, texts) => {
    const stage = await sleeping(3_600);
    await stage.settle<unknown>(happens(stage));
    // The session is forgotten by then.
    await stage.run(HOUR);
    expect(stage.row()).toBeUndefined();
    await resumeDelay(stage, stage.delays[0]?.variables);
    await stage.run(MINUTE);
    expect([stage.texts(), [...stage.store.table('flows/delays').keys()]]).toEqual([texts, []]);
  });

  it('nor of one that ended while the app was being asked to keep it', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([delay('d', 3_600), say('b')], ['d>b']));
    await stage.begin('1');
    stage.callMs = 5_000;
    while (stage.delays.length === 0) await stage.run(100);
    await stage.settle(stage.desk.end(CUSTOMER, undefined));
    expect(stage.row()?.ended?.how).toBe('aborted');
    await stage.run(HOUR);
    await resumeDelay(stage, stage.delays[0]?.variables);
    await stage.run(MINUTE);
    expect(stage.texts()).toEqual([]);
  });

  it('however long it sleeps, and though much else was remembered and forgotten since', async () => {
    const stage = await sleeping((DAYS * DAY) / 1_000);
    await stage.settle(stage.desk.end(CUSTOMER, undefined));
    away(stage, DAYS * DAY);
    for (let number = 0; number < 70; number++)
      await stage.begin('2', { customer: `552199${String(number).padStart(7, '0')}`, once: `order ${number}` });
    await stage.run(10_000);
    await resumeDelay(stage, stage.delays[0]?.variables);
    await stage.run(MINUTE);
    expect(stage.texts()).not.toContain('b');
  });
});

describe('an ending is not held up by the app (§1.3: within 2 s)', () => {
  /** A session at rest, or one whose message is looked up for the next half minute. */
  async function asking(isHeldUp: boolean): Promise<Stage> {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    await stage.byKeyword('menu');
    await stage.run(10_000);
    await stage.byKeyword('shop');
    await stage.run(10_000);
    stage.onLookUp = async () => {
      await new Promise<void>((resolve) => stage.time.setTimeout(resolve, 30_000));
      return { kind: 'none', why: 'notallow' };
    };
    if (isHeldUp) void stage.offer('menu');
    await stage.run(1_000);
    return stage;
  }

  it('F-23: nor is the end of a number, by a start that asks for its flow', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    await stage.begin('1');
    await stage.run(10_000);
    stage.callMs = 20_000;
    await stage.begin('1');
    const before = stage.time.now();
    await stage.settle(stage.life.runtime.unlinked(DEVICE));
    expect(stage.time.now() - before).toBeLessThan(2_000);
  });

  it('a take-over counts a session whose message is being looked up, and ends it afterwards', async () => {
    const stage = await asking(true);
    const before = stage.time.now();
    expect(await stage.settle(stage.desk.end(CUSTOMER, undefined))).toBe(1);
    expect(stage.time.now() - before).toBeLessThan(2_000);
    await stage.run(MINUTE);
    expect(stage.row()?.ended?.how).toBe('aborted');
    expect(stage.texts()).toEqual(['Name?', 'Name?']);
  });

  describe('EO1: nor undone by a process that stops before it is done', () => {
    const ended = (stage: Stage) => [...stage.store.table('flows/end-orders').keys()];

    it.each([
      ['a take-over', (stage: Stage) => stage.desk.end(CUSTOMER, undefined)],
      ['an opt-out', (stage: Stage) => stage.life.runtime.flows.end(DEVICE, ANA)],
      ['the end of the login', (stage: Stage) => stage.life.runtime.unlinked(DEVICE)],
    ])('%s', async (_, end) => {
      const stage = await asking(true);
      await stage.settle<unknown>(end(stage));
      expect(stage.row()?.ended).toBeUndefined();
      stage.restart();
      await stage.run(10_000);
      expect(stage.row()?.ended?.how).toBe('aborted');
      expect(await stage.says('Ana')).toBe('not consumed');
      expect(stage.texts()).toEqual(['Name?', 'Name?']);
      expect(ended(stage)).toEqual([]);
    });

    it.each([
      ['at rest', false],
      ['held up', true],
    ])(
      'an order that the disk refuses changes nothing of a session %s, and its caller hears so',
      async (_, isHeldUp) => {
        const stage = await asking(isHeldUp);
        stage.isFull = true;
        const told = stage.desk.end(CUSTOMER, undefined).then(String, () => 'refused');
        expect(await stage.settle(told)).toBe('refused');
        stage.isFull = false;
        await stage.run(2 * MINUTE);
        expect(stage.row()?.ended?.how).not.toBe('aborted');
        if (!isHeldUp) expect(await stage.says('Ana')).toBe('consumed');
        await stage.run(10_000);
        expect(stage.texts()).toEqual(['Name?', 'Name?', 'thanks']);
      },
    );

    it('one that the disk has is carried out, though that is refused at first', async () => {
      const stage = await asking(true);
      expect(await stage.settle(stage.desk.end(CUSTOMER, undefined))).toBe(1);
      stage.isFull = true;
      await stage.run(MINUTE);
      stage.isFull = false;
      await stage.run(2 * MINUTE);
      expect([stage.row()?.ended?.how, ended(stage)]).toEqual(['aborted', []]);
      expect(stage.texts()).toEqual(['Name?', 'Name?']);
    });

    it('nor does one that is tried again hold up the session that is there by then', async () => {
      const stage = await asking(true);
      await stage.settle(stage.desk.end(CUSTOMER, undefined));
      stage.isFull = true;
      await stage.run(MINUTE);
      stage.isFull = false;
      stage.flows.set('2', flow([say('a'), say('b')], ['a>b']));
      stage.sendMs = MINUTE;
      await stage.begin('2');
      await stage.run(5 * MINUTE);
      expect([stage.texts(), stage.row()?.ended?.how]).toEqual([['Name?', 'Name?', 'a', 'b'], 'completed']);
      expect(ended(stage)).toEqual([]);
    });

    it('what was ordered for an earlier session ends no later one', async () => {
      const stage = new Stage();
      stage.flows.set('1', ASK);
      await stage.begin('1');
      await stage.run(10_000);
      const order = { key: KEY, how: 'aborted', why: 'somebody took over' };
      await stage.store.write((batch) => batch.put(stage.store.table('flows/end-orders'), 'earlier', order));
      stage.restart();
      await stage.run(10_000);
      expect(await stage.says('Ana')).toBe('consumed');
      expect(ended(stage)).toEqual([]);
    });

    it('nothing is left of it when it comes at once, or behind a step', async () => {
      for (const ms of [10_000, 500]) {
        const stage = new Stage();
        stage.flows.set('1', ASK);
        stage.sendMs = 1_000;
        await stage.begin('1');
        await stage.run(ms);
        expect(await stage.settle(stage.desk.end(CUSTOMER, undefined))).toBe(1);
        expect([ms, stage.row()?.ended?.how, ended(stage)]).toEqual([ms, 'aborted', []]);
      }
    });
  });
});
