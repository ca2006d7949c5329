import { expect, it } from 'vitest';
import { DailyCount, sentToday } from '../../../src/actors/daily-count.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';

it('S-28, settings §6: counts what is in the same write, goes on after a restart, begins anew each UTC day', async () => {
  const time = new SimulatedTime(Date.UTC(2026, 2, 1, 22));
  const store = temporaryStore();
  const send = async (count: DailyCount) => {
    const writes = [1, 2, 3].map(() => store.write((batch) => count.add(batch)));
    await Promise.all(writes);
  };
  expect(sentToday(store, time.now())).toBe(0);
  await send(new DailyCount(store, time));
  expect(sentToday(store, time.now())).toBe(3);
  const again = new DailyCount(store, time);
  await send(again);
  expect(sentToday(store, time.now())).toBe(6);
  time.advance(2 * 3_600_000);
  expect(sentToday(store, time.now())).toBe(0);
  await send(again);
  expect(sentToday(store, time.now())).toBe(3);
  // Yesterday's row is gone: the table never grows.
  expect([...store.table('daily-count').keys()]).toEqual(['2026-03-02']);
});
