/**
 * What every adapter of the store port must do (ST1-ST5 and the words of `src/store/store.ts`), also the one in memory
 * that other tests stand on. The part with kill -9 is in crash.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch, Key, Range, Store } from '../../../src/store/store.ts';
import { anyCharacter } from '../../helpers/any-text.ts';

export function storeConformance(name: string, openStore: (path: string) => Store): void {
  describe(`store port: ${name}`, () => {
    let folder: string;
    let store: Store;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'store-'));
      store = openStore(join(folder, 's'));
    });
    afterEach(async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const reopen = async (): Promise<void> => {
      await store.close();
      store = openStore(join(folder, 's'));
    };
    const fill = (table: string, keys: readonly Key[]): Promise<void> =>
      store.write((batch) => {
        for (const key of keys) batch.put(store.table<string>(table), key, `value of ${key}`);
      });

    describe('reading and writing', () => {
      it('a table has what was put, and nothing else', async () => {
        const table = store.table<string>('a');
        await fill('a', ['k', 7]);
        expect([table.get('k'), table.get(7), table.get('7'), table.get('none')]).toEqual([
          'value of k',
          'value of 7',
          undefined,
          undefined,
        ]);
        expect([table.has('k'), table.has('none')]).toEqual([true, false]);
      });

      it('tables do not see each other, also when one name begins with the other', async () => {
        await fill('a', ['k']);
        await fill('a-b', ['k', 1]);
        await fill('a/b', ['x']);
        expect([...store.table('a').keys()]).toEqual(['k']);
        expect([...store.table('a-b').keys()]).toEqual([1, 'k']);
        expect([...store.table('a/b').keys({ reverse: true })]).toEqual(['x']);
      });

      it('names of tables follow the port; anything else throws', () => {
        for (const bad of ['', 'A', '1a', 'a b', 'a\0b', '../x', 'STORE'])
          expect(() => store.table(bad)).toThrow(/table name/);
      });

      it('the last change of a key in one batch wins; a removed row is gone', async () => {
        const table = store.table<number>('a');
        await store.write((batch) => {
          batch.put(table, 'k', 1);
          batch.remove(table, 'k');
          batch.put(table, 'k', 2);
          batch.put(table, 'gone', 1);
          batch.remove(table, 'gone');
          batch.remove(table, 'never was');
        });
        expect([...table.range()]).toEqual([{ key: 'k', value: 2 }]);
        await store.write((batch) => batch.remove(table, 'k'));
        expect(table.has('k')).toBe(false);
      });

      it('ST2 rows survive closing and opening again', async () => {
        await fill('a', [1, 'k']);
        store.writeSync((batch) => batch.put(store.table('a'), 'sync', true));
        await reopen();
        expect([...store.table('a').keys()]).toEqual([1, 'k', 'sync']);
      });

      it('an empty change resolves', async () => {
        await store.write(() => undefined);
        store.writeSync(() => undefined);
        expect([...store.table('a').keys()]).toEqual([]);
      });

      it('values of 16 MiB come back whole, singly and in a range', async () => {
        const table = store.table<{ body: Uint8Array }>('big');
        const bodies = [1, 2].map((seed) => Buffer.alloc(16 * 2 ** 20, `body ${seed} `));
        await store.write((batch) => batch.put(table, 0, { body: bodies[0] as Buffer }));
        store.writeSync((batch) => batch.put(table, 1, { body: bodies[1] as Buffer }));
        const same = (a: Uint8Array | undefined, b: Buffer | undefined) => a && b && Buffer.compare(a, b) === 0;
        expect(same(table.get(0)?.body, bodies[0])).toBe(true);
        let seen = 0;
        for (const { key, value } of table.range()) if (same(value.body, bodies[Number(key)])) seen++;
        expect(seen).toBe(2);
      });
    });

    describe('ST1 a write is all or nothing', () => {
      it('a change that throws rejects, and nothing of it is written', async () => {
        const table = store.table<number>('a');
        const half = (batch: Batch): void => {
          batch.put(table, 'half', 1);
          throw new Error('changed my mind');
        };
        await expect(store.write(half)).rejects.toThrow('changed my mind');
        expect(() => store.writeSync(half)).toThrow('changed my mind');
        await fill('b', ['later']);
        expect(table.has('half')).toBe(false);
      });

      it('a value or key that cannot be stored rejects its own write only', async () => {
        const table = store.table<unknown>('a');
        const bad: ((batch: Batch) => void)[] = [
          (batch) => batch.put(table, 'k', undefined),
          (batch) => batch.put(table, 'x'.repeat(5000), 1),
          (batch) => batch.put(table, Number.NaN, 1),
        ];
        const writes = bad.map((change) =>
          store.write((batch) => {
            batch.put(table, 'before', 1);
            change(batch);
          }),
        );
        const good = fill('b', ['good']);
        expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual([
          'rejected',
          'rejected',
          'rejected',
        ]);
        await good;
        expect([table.has('before'), store.table('b').has('good')]).toEqual([false, true]);
      });

      it('a batch is dead after its function has returned', async () => {
        let kept: Batch | undefined;
        await store.write((batch) => {
          kept = batch;
          batch.put(store.table('a'), 'k', 1);
        });
        expect(() => kept?.put(store.table('a'), 'late', 1)).toThrow(/only valid inside/);
        expect(() => kept?.remove(store.table('a'), 'k')).toThrow(/only valid inside/);
        expect([...store.table('a').keys()]).toEqual(['k']);
      });
    });

    describe('ST3 order and ranges', () => {
      it('numbers by value, then strings by code unit', async () => {
        const ordered: Key[] = [
          ...[
            Number.NEGATIVE_INFINITY,
            -1e300,
            -7.5,
            -7,
            -1e-300,
            0,
            5e-324,
            1,
            1.5,
            10,
            2 ** 53,
            Number.POSITIVE_INFINITY,
          ],
          ...[
            '',
            '\0',
            '\0a',
            '\x01',
            '0',
            '10',
            '9',
            'A',
            'a',
            'a\0',
            'aa',
            'b',
            'é',
            '\ud800',
            '\u{1f600}',
            '\ue000',
            '\uffff',
          ],
        ];
        await fill('a', ordered.toReversed());
        expect([...store.table('a').keys()]).toEqual(ordered);
        expect([...store.table('a').keys({ reverse: true })]).toEqual(ordered.toReversed());
      });

      it('from is inclusive, to is exclusive, in the direction of travel; limit counts rows', async () => {
        await fill('a', [1, 2, 3, 'a', 'b']);
        const keys = (range: Range) => [...store.table('a').keys(range)];
        expect(keys({ from: 2, to: 'b' })).toEqual([2, 3, 'a']);
        expect(keys({ from: 1.5 })).toEqual([2, 3, 'a', 'b']);
        expect(keys({ to: 2 })).toEqual([1]);
        expect(keys({ from: 3, to: 1, reverse: true })).toEqual([3, 2]);
        expect(keys({ from: 'aa', reverse: true })).toEqual(['a', 3, 2, 1]);
        expect(keys({ to: 3, reverse: true })).toEqual(['b', 'a']);
        expect(keys({ limit: 2 })).toEqual([1, 2]);
        expect(keys({ limit: 2, reverse: true })).toEqual(['b', 'a']);
        expect(keys({ limit: 0 })).toEqual([]);
        expect(keys({ from: 3, to: 3 })).toEqual([]);
        expect(keys({ from: 'b', to: 1 })).toEqual([]);
      });

      it('any batches and any range give what a sorted list gives', async () => {
        const key = fc.oneof(
          fc.integer({ min: -9, max: 9 }),
          fc.double({ noNaN: true }),
          fc.string({ maxLength: 3, unit: anyCharacter }),
        );
        const change = fc.record({ key, value: fc.option(fc.nat(), { nil: undefined }) });
        const range = fc.record(
          { from: key, to: key, limit: fc.nat({ max: 8 }), reverse: fc.boolean() },
          { requiredKeys: [] },
        );
        let count = 0;
        const property = fc.asyncProperty(
          fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 5 }),
          fc.array(range, { maxLength: 6 }),
          async (batches, ranges) => {
            const table = store.table<number>(`t${++count}`);
            const model = new Map<Key, number>();
            const writes = batches.map((changes) =>
              store.write((batch) => {
                for (const { key: k, value } of changes) {
                  const plain = k === 0 ? 0 : k;
                  if (value === undefined) {
                    batch.remove(table, k);
                    model.delete(plain);
                  } else {
                    batch.put(table, k, value);
                    model.set(plain, value);
                  }
                }
              }),
            );
            await Promise.all(writes);
            for (const wanted of [{}, { reverse: true }, ...ranges]) {
              const expected = select(model, wanted);
              expect([...table.range(wanted)]).toEqual(expected);
              expect([...table.keys(wanted)]).toEqual(expected.map((row) => row.key));
            }
          },
        );
        await fc.assert(property, { numRuns: 60 });
      });

      it('10,000 rows: all there, in order, from any point', async () => {
        const table = store.table<string>('many');
        await fill(
          'many',
          Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 10_000),
        );
        expect([...table.keys()]).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
        expect([...table.range({ from: 9_998 })].map(({ value }) => value)).toEqual(['value of 9998', 'value of 9999']);
        await store.write((batch) => {
          for (let i = 0; i < 10_000; i += 2) batch.remove(table, i);
        });
        expect([...table.keys({ limit: 3 })]).toEqual([1, 3, 5]);
        expect([...table.keys()].length).toBe(5_000);
      });

      it('an iteration sees one snapshot, and may be left half-way', async () => {
        await fill('a', [1, 2, 3]);
        const table = store.table<string>('a');
        const seen: Key[] = [];
        for (const { key } of table.range()) {
          seen.push(key);
          await store.write((batch) => {
            batch.put(table, 2.5, 'new');
            batch.remove(table, 3);
          });
        }
        expect(seen).toEqual([1, 2, 3]);
        for (const key of table.keys()) if (key === 2) break;
        expect([...table.keys()]).toEqual([1, 2, 2.5]);
      });

      it('a range can be iterated again and then sees what is new', async () => {
        await fill('a', [1]);
        const rows = store.table('a').keys();
        expect([...rows]).toEqual([1]);
        await fill('a', [2]);
        expect([...rows]).toEqual([1, 2]);
      });
    });

    describe('ST4 values', () => {
      it('JSON types and bytes come back equal, bytes as Buffer', async () => {
        const table = store.table<unknown>('v');
        const value = {
          text: 'é\u{1f600}\0',
          no: null,
          yes: true,
          n: -1.5e300,
          big: 2 ** 53,
          list: [[], {}],
          __proto: 1,
          bytes: new Uint8Array([0, 255]),
        };
        await store.write((batch) => batch.put(table, 'k', value));
        await reopen();
        const back = store.table<{ bytes: Buffer }>('v').get('k');
        expect(back).toEqual({ ...value, bytes: Buffer.from([0, 255]) });
        expect(Buffer.isBuffer(back?.bytes)).toBe(true);
        const top = store.table<unknown>('v');
        await store.write((batch) => batch.put(top, 'top', Buffer.from('bare')));
        expect(top.get('top')).toEqual(Buffer.from('bare'));
      });

      it('any JSON value comes back equal', async () => {
        const table = store.table<unknown>('v');
        // Text has no minus zero, and the property name `__proto__` is not plain data (values.ts).
        const json = fc
          .json({ maxDepth: 3 })
          .map((text) => JSON.parse(text.replaceAll('__proto__', 'proto')) as unknown);
        const property = fc.asyncProperty(fc.array(json, { minLength: 1, maxLength: 10 }), async (values) => {
          await store.write((batch) => values.forEach((value, i) => batch.put(table, i, value)));
          for (const [i, value] of values.entries()) expect(table.get(i)).toEqual(value);
        });
        await fc.assert(property, { numRuns: 40 });
      });

      it('what the caller changes after put or get changes nothing in the store', async () => {
        const table = store.table<{ list: number[]; bytes: Uint8Array }>('v');
        const value = { list: [1], bytes: new Uint8Array([1, 2, 3]) };
        const writing = store.write((batch) => {
          batch.put(table, 'k', value);
          value.list.push(2);
          value.bytes[0] = 99;
        });
        value.bytes[1] = 99;
        await writing;
        const first = table.get('k');
        expect(first).toEqual({ list: [1], bytes: Buffer.from([1, 2, 3]) });
        first?.bytes.fill(0);
        first?.list.push(9);
        const ranged = [...table.range()][0]?.value;
        ranged?.bytes.fill(7);
        expect(table.get('k')).toEqual({ list: [1], bytes: Buffer.from([1, 2, 3]) });
      });

      it('a value that was read stays what it is while others are read and written', async () => {
        const table = store.table<Uint8Array>('v');
        await store.write((batch) => {
          for (let i = 0; i < 50; i++) batch.put(table, i, Buffer.alloc(300, i));
        });
        const read = Array.from({ length: 50 }, (_, i) => table.get(i));
        const ranged = [...table.range()].map((row) => row.value);
        await store.write((batch) => {
          for (let i = 0; i < 50; i++) batch.put(table, i, Buffer.alloc(300, 200));
        });
        for (const list of [read, ranged]) {
          expect(list.every((bytes, i) => bytes && Buffer.compare(bytes, Buffer.alloc(300, i)) === 0)).toBe(true);
        }
      });
    });

    describe('ST5 order of visibility', () => {
      it('writes become visible in the order of their calls', async () => {
        const table = store.table<number>('a');
        const writes = Array.from({ length: 200 }, (_, i) => store.write((batch) => batch.put(table, 'k', i)));
        const seen: (number | undefined)[] = [];
        for (const write of writes) {
          await write;
          seen.push(table.get('k'));
        }
        expect(seen).toEqual(seen.toSorted((a, b) => Number(a) - Number(b)));
        expect(table.get('k')).toBe(199);
      });

      it('writeSync is visible at once and overtakes no earlier write, under any interleaving', async () => {
        const table = store.table<number>('a');
        const writes: Promise<void>[] = [];
        for (let i = 0; i < 600; i++) {
          writes.push(store.write((batch) => batch.put(table, 'k', 2 * i)));
          writes.push(store.write((batch) => batch.put(table, `async ${i}`, i)));
          if (i % 3 === 0) await new Promise(setImmediate);
          if (i % 7 === 0) await Promise.resolve();
          store.writeSync((batch) => batch.put(table, 'k', 2 * i + 1));
          expect(table.get('k')).toBe(2 * i + 1);
          expect(table.get(`async ${i}`)).toBe(i);
          if (i % 50 === 0) await Promise.all(writes);
        }
        await Promise.all(writes);
        await fill('b', ['last']);
        expect(table.get('k')).toBe(1199);
        await reopen();
        await fill('b', ['first of the next run']);
        expect(store.table('a').get('k')).toBe(1199);
        expect([...store.table('b').keys()]).toEqual(['first of the next run', 'last']);
      });
    });

    describe('closing', () => {
      it('waits for writes in flight, twice is once, and later calls throw', async () => {
        const table = store.table<number>('a');
        const writes = [1, 2, 3].map((i) => store.write((batch) => batch.put(table, i, i)));
        await Promise.all([store.close(), store.close()]);
        await Promise.all(writes);
        const calls = [
          () => table.get(1),
          () => table.has(1),
          () => [...table.range()],
          () => [...table.keys()],
          () => store.table('a'),
          () => store.writeSync((batch) => batch.put(table, 4, 4)),
        ];
        for (const call of calls) expect(call).toThrow(/closed/);
        await expect(store.write((batch) => batch.put(table, 4, 4))).rejects.toThrow(/closed/);
        await reopen();
        expect([...store.table('a').keys()]).toEqual([1, 2, 3]);
      });

      it('an iteration that is still open throws instead of going on', async () => {
        await fill('a', [1, 2, 3]);
        const rows = store.table('a').range()[Symbol.iterator]();
        expect(rows.next().value).toMatchObject({ key: 1 });
        await store.close();
        expect(() => rows.next()).toThrow(/closed/);
        expect(rows.next().done).toBe(true);
      });
    });
  });
}

/** The port's words on ranges, on a plain map. */
function select(model: Map<Key, number>, { from, to, limit, reverse }: Range): { key: Key; value: number }[] {
  const rows = [...model].map(([key, value]) => ({ key, value })).sort((a, b) => order(a.key, b.key));
  if (reverse) rows.reverse();
  const sign = reverse ? -1 : 1;
  return rows
    .filter(({ key }) => from === undefined || sign * order(key, from) >= 0)
    .filter(({ key }) => to === undefined || sign * order(key, to) < 0)
    .slice(0, limit);
}

function order(a: Key, b: Key): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
