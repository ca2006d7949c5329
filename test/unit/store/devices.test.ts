import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openLmdbDirectly } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { openDeviceStores } from '../../../src/store/devices.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { DeviceStores } from '../../../src/store/store.ts';
import { StoreUnusable } from '../../../src/store/unusable.ts';
import { packPlain } from '../../../src/store/values.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const A = '5511912345678';
const B = '4915112345678';
const DAY = 86_400_000;
const KEY = 'a key of at least sixteen';

describe('device stores', () => {
  let root: string;
  let dir: string;
  let time: SimulatedTime;
  let lines: string[];
  let stores: DeviceStores;

  const open = (encryptionKey?: string): DeviceStores => {
    const log = createLog({ level: 'info', stream: { write: (line) => lines.push(line) } });
    stores = openDeviceStores({ dir, log, clock: time, ...(encryptionKey !== undefined && { encryptionKey }) });
    return stores;
  };
  const reopen = async (encryptionKey?: string): Promise<DeviceStores> => {
    await stores.close();
    return open(encryptionKey);
  };
  const put = (digits: string, value = 'x') => {
    const store = stores.open(digits);
    return store.write((batch) => batch.put(store.table('t'), 'k', value));
  };
  const get = (digits: string) => stores.open(digits).table('t').get('k');
  const reasonOf = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      if (error instanceof StoreUnusable) return error.reason;
      throw error;
    }
    return 'opened';
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'devices-'));
    dir = join(root, 'deep', 'auth');
    time = new SimulatedTime();
    lines = [];
    open();
  });
  afterEach(async () => {
    await stores.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('lists the digits of the folders, sorted, and nothing else', async () => {
    await put(A);
    await put(B);
    mkdirSync(join(dir, 'lost+found'));
    mkdirSync(join(dir, '123'));
    writeFileSync(join(dir, '5511999999999'), 'a file');
    await stores.remove(B);
    expect(stores.list()).toEqual([A]);
    await put(B);
    expect(stores.list()).toEqual([B, A]);
    expect([stores.exists(A), stores.exists('5511900000000')]).toEqual([true, false]);
    expect(stores.open(A)).toBe(stores.open(A));
  });

  it('C-01 D1 nothing but 6 to 20 bare digits reaches a path', async () => {
    const hostile = [
      '',
      '.',
      '..',
      '../x',
      '..%2f..%2fetc',
      '/etc/passwd',
      '12345',
      '1'.repeat(21),
      `+${A}`,
      `${A}/../x`,
      `${A}\0`,
      'constructor',
      '__proto__',
      '.removed',
      '５５１１９１２３４５６７８',
    ];
    for (const input of hostile) {
      expect(() => stores.open(input), input).toThrow(/6 to 20 digits/);
      await expect(stores.remove(input), input).rejects.toThrow(/6 to 20 digits/);
      expect(stores.exists(input), input).toBe(false);
    }
    expect(readdirSync(dir)).toEqual([]);
    expect(readdirSync(join(root, 'deep'))).toEqual(['auth']);
  });

  it('C-10 folders are 0700 and files 0600 under any umask, also those made by others', async () => {
    const before = process.umask(0);
    try {
      await put(A);
      chmodSync(join(dir, A), 0o755);
      chmodSync(join(dir, A, 'data.mdb'), 0o644);
      await reopen();
      await put(A);
      await stores.remove(A);
      await put(A);
    } finally {
      process.umask(before);
    }
    const modes = (path: string): string[] => [
      (statSync(path).mode & 0o777).toString(8),
      ...(statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => modes(join(path, name))) : []),
    ];
    const found = modes(dir);
    expect(found.filter((mode) => mode === '600')).toHaveLength(4);
    expect(new Set(found)).toEqual(new Set(['700', '600']));
  });

  it('C-17 D2 remove moves aside, keeps 30 days, and the number can begin anew', async () => {
    await put(A, 'first');
    const at = time.now();
    await stores.remove(A);
    expect(stores.exists(A)).toBe(false);
    expect(readdirSync(join(dir, '.removed'))).toEqual([`${A}-${at}`]);
    expect(get(A)).toBeUndefined();
    await put(A, 'second');
    time.advance(DAY);
    await stores.remove(A);
    expect(readdirSync(join(dir, '.removed'))).toHaveLength(2);

    const aside = openLmdb({ path: join(dir, '.removed', `${A}-${at}`) });
    expect(aside.table('t').get('k')).toBe('first');
    await aside.close();

    time.advance(29 * DAY - 1);
    await reopen();
    expect(readdirSync(join(dir, '.removed'))).toHaveLength(2);
    time.advance(1);
    await reopen();
    expect(readdirSync(join(dir, '.removed'))).toEqual([`${A}-${at + DAY}`]);
    await put(B);
    time.advance(DAY);
    await stores.remove(B);
    expect(readdirSync(join(dir, '.removed'))).toEqual([`${B}-${time.now()}`]);
  });

  it('D2 what is not ours in .removed stays; removing what is not there is harmless', async () => {
    mkdirSync(join(dir, '.removed', 'notes'), { recursive: true });
    time.advance(365 * DAY);
    await stores.remove(A);
    await reopen();
    expect(readdirSync(join(dir, '.removed'))).toEqual(['notes']);
  });

  it('a closed collection opens nothing more', async () => {
    await put(A);
    const store = stores.open(A);
    await stores.close();
    expect(() => store.table('t')).toThrow(/closed/);
    expect(() => stores.open(A)).toThrow(/closed/);
  });

  describe('D3 a folder that cannot be opened is reported, left alone, and hinders no other', () => {
    const content = (digits: string) => readFileSync(join(dir, digits, 'data.mdb'));

    /** Every damage must be an error, never a crash of the process: lmdb alone would take all numbers down. */
    const damages: Record<string, (file: string) => void> = {
      'a file of other bytes': (file) => writeFileSync(file, Buffer.alloc(40_000, 0x5a)),
      'a short file': (file) => writeFileSync(file, 'short'),
      'a zeroed header': (file) =>
        writeFileSync(file, Buffer.concat([Buffer.alloc(8192), readFileSync(file).subarray(8192)])),
      'one header page of another format': (file) => {
        const bytes = readFileSync(file);
        bytes.writeUInt32LE(99, 4096 + 28);
        writeFileSync(file, bytes);
      },
      'pages that were zeroed': (file) =>
        writeFileSync(
          file,
          Buffer.concat([readFileSync(file).subarray(0, 8192), Buffer.alloc(readFileSync(file).length - 8192)]),
        ),
      'a file that was cut off behind its header': (file) => truncateSync(file, 8192),
      'a folder in place of the file': (file) => {
        rmSync(file);
        mkdirSync(file);
      },
    };
    for (const [what, damage] of Object.entries(damages)) {
      it(what, async () => {
        await put(A, 'v'.repeat(30_000));
        await put(B);
        await reopen();
        damage(join(dir, A, 'data.mdb'));
        expect(reasonOf(() => stores.open(A))).toBe('unreadable');
        expect(get(B)).toBe('x');
        expect(stores.list()).toContain(A);
        expect(lines.join('')).toContain('unreadable');
        expect(lines.join('')).not.toContain(A);
      });
    }

    it('a newer schema is refused by naming both versions and the folder, and nothing is touched', async () => {
      await put(A);
      await stores.close();
      const path = join(dir, A);
      const raw = openLmdbDirectly<Buffer, Buffer>({
        path,
        noSubdir: false,
        overlappingSync: false,
        keyEncoding: 'binary',
        encoding: 'binary',
        maxDbs: 1,
      });
      raw.putSync(Buffer.from('STORE\0schema'), packPlain({ schema: 7, something: 'new' }));
      await raw.close();
      const before = content(A);
      open();
      expect(() => stores.open(A)).toThrow(new RegExp(`${path}.*schema 7.*up to 1`));
      expect(reasonOf(() => stores.open(A))).toBe('newer-schema');
      expect(content(A).equals(before)).toBe(true);
    });

    it('a database that is not ours is refused, and nothing is touched', async () => {
      const path = join(dir, A);
      mkdirSync(path);
      const raw = openLmdbDirectly({ path, noSubdir: false, overlappingSync: false, maxDbs: 1 });
      raw.putSync('somebody', { else: 's' });
      await raw.close();
      const before = content(A);
      expect(reasonOf(() => stores.open(A))).toBe('foreign');
      expect(content(A).equals(before)).toBe(true);
    });

    it('after the reason is gone the same number opens', async () => {
      await put(A);
      await stores.close();
      cpSync(join(dir, A), join(root, 'backup'), { recursive: true });
      writeFileSync(join(dir, A, 'data.mdb'), Buffer.alloc(9000, 1));
      open();
      expect(reasonOf(() => stores.open(A))).toBe('unreadable');
      cpSync(join(root, 'backup'), join(dir, A), { recursive: true });
      expect(get(A)).toBe('x');
    });
  });

  describe('C-10 encryption at rest', () => {
    it('neither value is in the files, and the right key opens them', async () => {
      await reopen(KEY);
      await put(A, 'a secret that must not be found');
      await put(B, 'a secret that must not be found');
      await reopen(KEY);
      expect([get(A), get(B)]).toEqual(['a secret that must not be found', 'a secret that must not be found']);
      expect(readFileSync(join(dir, A, 'data.mdb')).includes('a secret')).toBe(false);
      await reopen('another key of sixteen');
      expect(existsSync(join(dir, A))).toBe(true);
    });

    it('a wrong, missing or unwanted key is a clear error, and nothing is changed', async () => {
      await put(A);
      await reopen(KEY);
      await put(B);
      const before = [A, B].map((digits) => readFileSync(join(dir, digits, 'data.mdb')));
      expect(reasonOf(() => stores.open(A))).toBe('not-encrypted');
      await reopen('another key of sixteen');
      expect(reasonOf(() => stores.open(B))).toBe('wrong-key');
      await reopen();
      expect(reasonOf(() => stores.open(B))).toBe('key-missing');
      expect(get(A)).toBe('x');
      await stores.close();
      expect(
        [A, B].map((digits, i) => readFileSync(join(dir, digits, 'data.mdb')).equals(before[i] ?? Buffer.alloc(0))),
      ).toEqual([true, true]);
      open(KEY);
      expect(get(B)).toBe('x');
    });

    it('a value that was changed or moved to another row on disk does not open', async () => {
      await reopen(KEY);
      const store = stores.open(A);
      await store.write((batch) => {
        batch.put(store.table('t'), 'mine', 'secret 1');
        batch.put(store.table('t'), 'yours', 'secret 2');
      });
      await stores.close();
      const raw = openLmdbDirectly<Buffer, Buffer>({
        path: join(dir, A),
        noSubdir: false,
        overlappingSync: false,
        keyEncoding: 'binary',
        encoding: 'binary',
        maxDbs: 1,
      });
      const rows = [...raw.getRange({ start: Buffer.from('t\0') })];
      const [mine, yours] = rows.map(({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }));
      if (!mine || !yours) throw new Error('two rows expected');
      raw.putSync(yours.key, mine.value);
      await raw.close();
      open(KEY);
      expect(stores.open(A).table('t').get('mine')).toBe('secret 1');
      expect(() => stores.open(A).table('t').get('yours')).toThrow();
    });
  });
});
