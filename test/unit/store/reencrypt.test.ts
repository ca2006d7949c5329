import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyLmdb, openLmdb } from '../../../src/store/lmdb.ts';
import { reencrypt } from '../../../src/store/reencrypt.ts';

const OLD = 'the old key, long enough';
const NEW = 'the new key, long enough';

describe('reencrypt', () => {
  let root: string;
  let path: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'reencrypt-'));
    path = join(root, 'store');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const make = async (key?: string): Promise<void> => {
    const store = openLmdb({ path, ...(key && { encryptionKey: key }) });
    await store.write((batch) => {
      for (let i = 0; i < 500; i++)
        batch.put(store.table('a/b'), i, { text: `secret ${i}`, bytes: Buffer.alloc(200, i) });
      batch.put(store.table('z'), 'k', 'last');
    });
    await store.close();
  };
  const read = async (key?: string): Promise<unknown[]> => {
    const store = openLmdb({ path, ...(key && { encryptionKey: key }) });
    const rows = [...store.table('a/b').range(), ...store.table('z').range()];
    await store.close();
    return rows;
  };

  it('C-10 switches encryption on, to another key, and off, with every row kept', async () => {
    await make();
    const rows = await read();
    expect(rows).toHaveLength(501);
    expect(await reencrypt(path, undefined, OLD)).toEqual({ kind: 'converted', rows: 501 });
    expect(readFileSync(join(path, 'data.mdb')).includes('secret')).toBe(false);
    expect(await read(OLD)).toEqual(rows);
    expect(await reencrypt(path, OLD, NEW)).toEqual({ kind: 'converted', rows: 501 });
    expect(await read(NEW)).toEqual(rows);
    expect(await reencrypt(path, OLD, NEW)).toEqual({ kind: 'already' });
    expect(await reencrypt(path, NEW, undefined)).toEqual({ kind: 'converted', rows: 501 });
    expect(await read()).toEqual(rows);
    expect(readdirSync(root)).toEqual(['store']);
  });

  it('a wrong old key changes nothing', async () => {
    await make(OLD);
    const before = readFileSync(join(path, 'data.mdb'));
    await expect(reencrypt(path, 'not the key, but long', NEW)).rejects.toThrow(/another AUTH_ENCRYPTION_KEY/);
    expect(readFileSync(join(path, 'data.mdb')).equals(before)).toBe(true);
    expect(await read(OLD)).toHaveLength(501);
  });

  it('RE1 broken off at any of its steps, it is taken up again', async () => {
    await make();
    const rows = await read();
    await copyLmdb({ path }, { path: `${path}.converting`, encryptionKey: OLD });
    expect(await reencrypt(path, undefined, NEW)).toEqual({ kind: 'converted', rows: 501 });

    await copyLmdb({ path, encryptionKey: NEW }, { path: `${path}.converting` });
    renameSync(path, `${path}.old`);
    expect(await reencrypt(path, NEW, undefined)).toEqual({ kind: 'converted', rows: 501 });

    await copyLmdb({ path }, { path: `${path}.converting`, encryptionKey: OLD });
    renameSync(path, `${path}.old`);
    renameSync(`${path}.converting`, path);
    expect(await reencrypt(path, undefined, OLD)).toEqual({ kind: 'already' });
    expect(await read(OLD)).toEqual(rows);
    expect(readdirSync(root)).toEqual(['store']);
  });
});
