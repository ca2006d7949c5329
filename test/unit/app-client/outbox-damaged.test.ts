/** One row that cannot be read is that row's trouble alone (H4). */
import { expect, it, onTestFinished } from 'vitest';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { deadLettersOf, type Row, rowsOf } from '../../../src/app-client/outbox-rows.ts';
import type { Key, Store } from '../../../src/store/store.ts';
import { memoryFolder, memoryStore } from '../../helpers/memory-store.ts';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { appAtHand, inbound, pass, quiet, ROOMY, type Seen, written } from '../../property/outbox/app.ts';

const ANA = '5511999990000';
const BOB = '5511999991111';

/** An outbox before an app that is away until `app.here`; its disk does not give back the rows in `unreadable`. */
function stage() {
  const time = new SimulatedTime();
  const unreadable = new Set<Key>();
  const isHere = { now: false };
  const app = appAtHand(() => (isHere.now ? {} : { cut: 'before' }));
  const folder = memoryFolder();
  const open = () => {
    const inner = folder.open();
    const table = <V>(name: string) => {
      const whole = inner.table<V>(name);
      const get = (key: Key) => {
        if (unreadable.has(key)) throw new Error('does not unseal');
        return whole.get(key);
      };
      const range: typeof whole.range = function* (bounds) {
        for (const key of whole.keys(bounds)) yield { key, value: get(key) as V };
      };
      return { ...whole, get, range };
    };
    const store: Store = { ...inner, table };
    const options = {
      ...ROOMY,
      attachments: NO_ATTACHMENTS,
      client: app.client,
      clock: time,
      log: quiet,
      random: () => 0.5,
    };
    const outbox = openOutbox(options);
    onTestFinished(() => outbox.drain(0));
    const data = memoryStore();
    outbox.attach('data', data);
    return { inner, store, data, outbox, queue: outbox.attach('number', store) };
  };
  const taken = (seen: readonly Seen[]) =>
    seen.filter(({ answer }) => answer.cut === undefined).map(({ body }) => body['wa_message_id']);
  return {
    ...{ time, unreadable, open },
    appIsBack: () => (isHere.now = true),
    taken: () => taken(app.seen),
    pass: async (store: Store, ms: number) => {
      await written(store);
      await pass(time, () => false, ms);
      await written(store);
    },
  };
}

it('H4: a row that cannot be read when its turn comes stays on disk; its line and every other line go on', async () => {
  const s = stage();
  const { inner, store, queue, outbox } = s.open();
  await queue.append([inbound(ANA, 'A1'), inbound(ANA, 'A2'), inbound(BOB, 'B1')]);
  await s.pass(store, 3_000);
  const [first] = [...rowsOf(inner).keys()];
  s.unreadable.add(first ?? expect.fail());
  s.appIsBack();
  await s.pass(store, 60_000);
  await queue.append([inbound(ANA, 'A3'), inbound(BOB, 'B2')]);
  await s.pass(store, 5_000);
  expect(s.taken().toSorted()).toEqual(['A2', 'A3', 'B1', 'B2']);
  expect([...rowsOf(inner).keys()]).toEqual([first]);
  expect(outbox.stats().pending).toBe(0);
});

it('H4: rows that cannot be read, or are none, keep no start from the others, no page from its reader', async () => {
  const s = stage();
  const before = s.open();
  await before.queue.append([inbound(ANA, 'A1'), inbound(ANA, 'A2'), inbound(BOB, 'B1')]);
  await before.outbox.drain(0);
  const [first] = [...rowsOf(before.inner).keys()];
  s.unreadable.add(first ?? expect.fail());
  const nonsense = [5, null, { body: 7 }, { row: {} }];
  await before.inner.write((batch) =>
    nonsense.forEach((value, at) => {
      batch.put(rowsOf(before.inner), at + 1, value as unknown as Row);
      batch.put(deadLettersOf(before.inner), at + 1, value as never);
    }),
  );
  await before.inner.close();

  const { store, outbox, inner } = s.open();
  outbox.complete();
  const events = (await outbox.admin.events(undefined, 10)) ?? expect.fail();
  expect(events.items.map(({ body }) => body['wa_message_id'])).toEqual(['A2', 'B1']);
  expect(outbox.admin.deadLetters(undefined, 10).items).toEqual([]);
  expect(await outbox.admin.replay({})).toBe(0);
  s.appIsBack();
  await s.pass(store, 60_000);
  expect(s.taken().toSorted()).toEqual(['A2', 'B1']);
  expect([...rowsOf(inner).keys()]).toEqual([1, 2, 3, 4, first]);
});

it('H4 O7: a row that cannot be read keeps no login from being put away', async () => {
  const s = stage();
  const { inner, data, store, queue, outbox } = s.open();
  await queue.append([inbound(ANA, 'A1'), inbound(ANA, 'A2'), inbound(BOB, 'B1')]);
  const [first] = [...rowsOf(inner).keys()];
  s.unreadable.add(first ?? expect.fail());
  await outbox.detach('number');
  expect([...rowsOf(data).keys()]).toHaveLength(2);
  s.appIsBack();
  await s.pass(store, 60_000);
  await written(data);
  expect(s.taken().toSorted()).toEqual(['A2', 'B1']);
});
