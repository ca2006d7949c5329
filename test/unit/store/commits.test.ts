/** Group commit and the place of synchronous writes, against a database whose commits the test ends by hand. */
import { describe, expect, it } from 'vitest';
import { openCommits } from '../../../src/store/commits.ts';
import type { Transactions } from '../../../src/store/commits.ts';

const MARKERS = Buffer.from('M');
const change = (key: string, value?: string) => [
  { key: Buffer.from(key), value: value === undefined ? undefined : Buffer.from(value) },
];

/** Collects asynchronous commits; `run` applies the oldest as lmdb's thread would, `fail` lets it fail. */
class HandDriven implements Transactions {
  readonly rows = new Map<string, string>();
  readonly commits: {
    unless: string;
    ops: (() => void)[];
    resolve: (done: boolean) => void;
    reject: (error: Error) => void;
  }[] = [];
  failSync = false;
  #target: (() => void)[] | undefined;

  put(key: Buffer, value: Buffer): void {
    this.#record(() => this.rows.set(String(key), String(value)));
  }
  remove(key: Buffer): void {
    this.#record(() => this.rows.delete(String(key)));
  }
  ifNoExists(key: Buffer, action: () => void): Promise<boolean> {
    const ops: (() => void)[] = [];
    this.#into(ops, action);
    return new Promise((resolve, reject) => this.commits.push({ unless: String(key), ops, resolve, reject }));
  }
  transactionSync(action: () => void): void {
    const ops: (() => void)[] = [];
    this.#into(ops, action);
    if (this.failSync) throw new Error('the disk refuses');
    for (const op of ops) op();
  }
  async run(): Promise<void> {
    const commit = this.commits.shift();
    const validated = commit !== undefined && !this.rows.has(commit.unless);
    if (validated) for (const op of commit.ops) op();
    commit?.resolve(validated);
    await settled();
  }
  async fail(): Promise<void> {
    const error = Object.assign(new Error('Commit failed'), { commitError: Promise.reject(new Error('ENOSPC')) });
    this.commits.shift()?.reject(error);
    await settled();
  }
  #record(op: () => void): void {
    if (!this.#target) throw new Error('outside a transaction');
    this.#target.push(op);
  }
  #into(ops: (() => void)[], action: () => void): void {
    this.#target = ops;
    action();
    this.#target = undefined;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setup() {
  const db = new HandDriven();
  const commits = openCommits(db, MARKERS);
  const log: string[] = [];
  const write = (key: string, value?: string) =>
    void commits.write(change(key, value)).then(
      () => log.push(`${key} done`),
      (error: Error) => log.push(`${key} failed: ${error.message}`),
    );
  const rows = () => Object.fromEntries([...db.rows].filter(([key]) => !key.startsWith('M')));
  return { db, commits, log, write, rows };
}

describe('commits', () => {
  it('L2 writes of one turn share a commit; those that come meanwhile share the next', async () => {
    const { db, log, write, rows } = setup();
    write('a', '1');
    write('b', '1');
    await settled();
    write('c', '1');
    write('a', '2');
    await settled();
    expect([db.commits.length, log]).toEqual([1, []]);
    await db.run();
    expect([log, rows()]).toEqual([['a done', 'b done'], { a: '1', b: '1' }]);
    await db.run();
    expect([log.length, rows(), db.commits.length]).toEqual([4, { a: '2', b: '1', c: '1' }, 0]);
  });

  it('L6 a failed commit rejects its writes and those that wait behind it, and later ones go on', async () => {
    const { db, log, write, rows } = setup();
    write('a', '1');
    await settled();
    write('b', '1');
    await db.fail();
    expect(log).toEqual(['a failed: The store could not commit', 'b failed: The store could not commit']);
    write('c', '1');
    await settled();
    await db.run();
    expect([log[2], rows()]).toEqual(['c done', { c: '1' }]);
  });

  it('L3 a synchronous write first applies the commit under way and the waiting ones', async () => {
    const { db, commits, log, write, rows } = setup();
    write('k', '1');
    write('a', '1');
    await settled();
    write('k', '2');
    commits.writeSync(change('k', '3'));
    expect(rows()).toEqual({ k: '3', a: '1' });
    await settled();
    expect(log).toEqual(['k done']);
    await db.run();
    expect([rows(), log]).toEqual([{ k: '3', a: '1' }, ['k done', 'k done', 'a done']]);
  });

  it('L3 the same when lmdb had run the commit already', async () => {
    const { db, commits, write, rows } = setup();
    write('k', '1');
    await settled();
    const running = db.run();
    commits.writeSync(change('k', '2'));
    await running;
    write('other', '1');
    await settled();
    await db.run();
    expect(rows()).toEqual({ k: '2', other: '1' });
  });

  it('L3 a commit under way that fails after a synchronous write took it along is done all the same', async () => {
    const { db, commits, log, write, rows } = setup();
    write('a', '1');
    await settled();
    commits.writeSync(change('k', '1'));
    await db.fail();
    expect([log, rows()]).toEqual([['a done'], { a: '1', k: '1' }]);
  });

  it('a synchronous write that fails changes nothing and takes nothing along', async () => {
    const { db, commits, log, write, rows } = setup();
    write('a', '1');
    await settled();
    write('b', '1');
    db.failSync = true;
    expect(() => commits.writeSync(change('k', '1'))).toThrow('the disk refuses');
    await db.run();
    await db.run();
    expect([log, rows()]).toEqual([['a done', 'b done'], { a: '1', b: '1' }]);
  });

  it('markers are removed by the next commit, and again if that one fails', async () => {
    const { db, commits, write } = setup();
    const markers = () => [...db.rows.keys()].filter((key) => key.startsWith('M'));
    write('a', '1');
    await settled();
    commits.writeSync(change('k', '1'));
    await db.run();
    expect(markers()).toHaveLength(1);
    write('b', '1');
    await settled();
    await db.fail();
    expect(markers()).toHaveLength(1);
    write('b', '1');
    await settled();
    await db.run();
    expect(markers()).toEqual([]);
  });

  it('idle waits for what is under way and what waits', async () => {
    const { db, commits, log, write } = setup();
    write('a', '1');
    await settled();
    write('b', '1');
    void commits.idle().then(() => log.push('idle'));
    await db.run();
    await db.run();
    expect(log).toEqual(['a done', 'b done', 'idle']);
  });
});
