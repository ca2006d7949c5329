import { afterAll, describe, expect, it } from 'vitest';
import type { Line } from '../../../src/app-client/outbox-chain.ts';
import { Lines } from '../../../src/app-client/outbox-lines.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { Home } from '../../../src/app-client/outbox-home.ts';
import { memoryFolder } from '../../helpers/memory-store.ts';
import { quiet } from '../../property/outbox/app.ts';

const temp = memoryFolder();
const clock = new SimulatedTime();
const store = temp.open();
const home = new Home(store, clock, quiet);
afterAll(async () => {
  await store.close();
  temp.remove();
});

function lines() {
  const all = new Lines(clock);
  const row = { home, path: '/p', lane: 'inbound', state: 'waiting', first: true } as const;
  const add = (seq: number, ...keys: string[]) =>
    all.add(
      { ...row, seq, supersede: undefined, attachment: undefined, device: '5511900000001', bytes: 10, ageFrom: 0 },
      keys,
    );
  return { all, add };
}

function order(line: Line): number[] {
  const seqs: number[] = [];
  for (let entry = line.head; entry; entry = entry.next) seqs.push(entry.seq);
  return seqs;
}

describe('Lines', () => {
  it('L1: rows of one key are one line in order of their numbers, however they come', () => {
    const { all, add } = lines();
    for (const seq of [3, 1, 4, 2]) add(seq, 'a');
    const other = add(9, 'b');
    expect([...all.all()].map(order)).toEqual([[1, 2, 3, 4], [9]]);
    expect(all.tally.rows).toBe(5);
    expect(all.oldest()).toBe(1);
    all.drop(other);
    expect([...all.all()]).toHaveLength(1);
  });

  it('L3: a row with phone and LID joins the two lines, with what is in flight', () => {
    const { all, add } = lines();
    const byLid = add(1, 'lid');
    const flying = all.take(byLid.line);
    add(2, 'lid');
    add(3, 'phone');
    add(4, 'phone', 'lid');
    add(5, 'lid');
    add(6, 'phone');
    const [line, ...more] = all.all();
    expect(more).toEqual([]);
    expect(line && order(line)).toEqual([2, 3, 4, 5, 6]);
    expect(line?.busy).toBe(1);
    expect(flying && order(all.putBack(flying))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(line?.busy).toBe(0);
  });

  it('L2: an empty line is forgotten with all its keys', () => {
    const { all, add } = lines();
    const one = add(1, 'phone', 'lid');
    all.take(one.line);
    expect(all.tally.rows).toBe(1);
    all.drop(one);
    expect(all.tally.rows).toBe(0);
    expect(all.oldest()).toBeUndefined();
    expect([...all.all()]).toEqual([]);
    expect(add(2, 'lid').line).not.toBe(one.line);
  });
});
