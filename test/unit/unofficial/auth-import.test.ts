/** C-52: older logins are taken over once, without a QR, and left as they were; and the way back. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthenticationState, SignalDataSet, SignalDataTypeMap } from '@whiskeysockets/baileys';
import { BufferJSON, useMultiFileAuthState } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileOfKey, keyOfFile } from '../../../src/actors/engines/unofficial/auth-files.ts';
import { importLegacy } from '../../../src/actors/engines/unofficial/auth-import.ts';
import { loadLogin, openAuthState } from '../../../src/actors/engines/unofficial/auth-state.ts';
import { createLog } from '../../../src/log.ts';
import { openDeviceStores } from '../../../src/store/devices.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { DeviceStores, Store } from '../../../src/store/store.ts';
import { program } from '../../helpers/programs.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { allKindsOfKeys, pairedCreds } from './auth-fixtures.ts';

const DIGITS = '5511912345678';

describe('importLegacy', () => {
  let root: string;
  let legacyDir: string;
  let stores: DeviceStores;
  let data: Store;
  let lines: string[];

  const open = () => {
    const log = createLog({ level: 'info', stream: { write: (line) => lines.push(line) } });
    stores = openDeviceStores({ dir: join(root, 'auth'), log, clock: new SimulatedTime() });
    data = openLmdb({ path: join(root, 'data') });
  };
  const close = () => Promise.all([stores.close(), data.close()]);
  const run = () => {
    const log = createLog({ level: 'info', stream: { write: (line) => lines.push(line) } });
    const progress: string[] = [];
    const onProgress = (done: number, total: number) => void progress.push(`${done}/${total}`);
    return importLegacy({ legacyDir, stores, data, log, onProgress }).then((report) => ({ ...report, progress }));
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'import-'));
    legacyDir = join(root, 'baileys_auth');
    mkdirSync(legacyDir);
    lines = [];
    open();
  });
  afterEach(async () => {
    await close();
    rmSync(root, { recursive: true, force: true });
  });

  /** A folder written by Baileys itself. */
  async function legacyLogin(digits: string, keys: SignalDataSet = allKindsOfKeys()): Promise<string> {
    const folder = join(legacyDir, `session_${digits}`);
    const { state, saveCreds } = await useMultiFileAuthState(folder);
    Object.assign(state.creds, pairedCreds(digits));
    await saveCreds();
    await state.keys.set(keys);
    return folder;
  }

  async function valuesOf({ keys }: Pick<AuthenticationState, 'keys'>, ids: SignalDataSet): Promise<unknown> {
    const found: Record<string, unknown> = {};
    for (const [type, rows] of Object.entries(ids))
      found[type] = await keys.get(type as keyof SignalDataTypeMap, Object.keys(rows));
    return found;
  }

  const credsOf = (state: Pick<AuthenticationState, 'creds'>): unknown =>
    JSON.parse(JSON.stringify(state.creds, BufferJSON.replacer));

  it('C-52 a login comes over whole: creds and every key equal to what Baileys reads from the old folder', async () => {
    const keys = allKindsOfKeys();
    const folder = await legacyLogin(DIGITS, keys);
    const report = await run();
    const count = Object.values(keys).reduce((sum, rows) => sum + Object.keys(rows).length, 0);
    expect(report).toEqual({
      imported: [DIGITS],
      incomplete: [],
      failed: [],
      known: [],
      keys: count,
      corrupt: 0,
      progress: ['1/1'],
    });

    const old = (await useMultiFileAuthState(folder)).state;
    const imported = openAuthState(stores.open(DIGITS));
    expect(imported && credsOf(imported)).toEqual(credsOf(old));
    expect(imported && (await valuesOf(imported, keys))).toEqual(await valuesOf(old, keys));
    expect(loadLogin(stores.open(DIGITS))?.paired).toBe(true);
  });

  it('C-52 the old folder is left untouched', async () => {
    const folder = await legacyLogin(DIGITS);
    writeFileSync(join(folder, 'proxy.json'), '{"host":"x"}');
    writeFileSync(join(folder, 'baileys_store.json'), 'not even json');
    const before = fingerprint(folder);
    await run();
    expect(fingerprint(folder)).toEqual(before);
  });

  it('C-52 AI1 once: not again after an unlink, nor over a login that is here already', async () => {
    await legacyLogin(DIGITS);
    await legacyLogin('4915112345678');
    await run();
    await stores.remove(DIGITS);
    await close();
    open();
    expect(await run()).toMatchObject({ imported: [], known: ['4915112345678', DIGITS] });
    expect(stores.exists(DIGITS)).toBe(false);
  });

  it('AI1 a login that is here already is not overwritten, and remembered too', async () => {
    await legacyLogin(DIGITS);
    const own = pairedCreds(DIGITS);
    const store = stores.open(DIGITS);
    store.writeSync((batch) => batch.put(store.table('login'), 'creds', JSON.stringify(own, BufferJSON.replacer)));
    expect(await run()).toMatchObject({ imported: [], known: [DIGITS] });
    expect(loadLogin(store)?.creds.advSecretKey).toBe(own.advSecretKey);
    await stores.remove(DIGITS);
    expect(await run()).toMatchObject({ imported: [], known: [DIGITS] });
  });

  it('AI1 a folder that a crash left without a login is filled at the next start', async () => {
    await legacyLogin(DIGITS);
    stores.open(DIGITS);
    expect(await run()).toMatchObject({ imported: [DIGITS] });
  });

  it('AF2 unreadable, emptied and misshapen key files are counted and left out', async () => {
    const folder = await legacyLogin(DIGITS);
    writeFileSync(join(folder, 'session-123456789012345_1.0.json'), '');
    writeFileSync(join(folder, 'pre-key-7.json'), '{"public":{"type":"Buf');
    writeFileSync(join(folder, 'device-list-5511912345678.json'), '{"0":"no list"}');
    writeFileSync(join(folder, 'identity-key-123456789012345_1.0.json'), 'null');
    const report = await run();
    expect(report).toMatchObject({ imported: [DIGITS], corrupt: 4 });
    const auth = openAuthState(stores.open(DIGITS));
    expect(await auth?.keys.get('session', ['123456789012345_1.0', '123456789012345_1.12'])).toHaveProperty([
      '123456789012345_1.12',
    ]);
    expect(await auth?.keys.get('session', ['123456789012345_1.0'])).toEqual({});
  });

  it('AF2 without usable, paired creds nothing is imported and the number is reported incomplete', async () => {
    const spoil: ((folder: string) => void)[] = [
      (folder) => rmSync(join(folder, 'creds.json')),
      (folder) => writeFileSync(join(folder, 'creds.json'), ''),
      (folder) => writeFileSync(join(folder, 'creds.json'), '{"noiseKey":{"private":{"type":"Buffer","data":"AA=='),
      (folder) => writeFileSync(join(folder, 'creds.json'), '{}'),
      (folder) => {
        const creds = JSON.parse(readFileSync(join(folder, 'creds.json'), 'utf8')) as { account?: unknown };
        delete creds.account;
        writeFileSync(join(folder, 'creds.json'), JSON.stringify(creds));
      },
    ];
    const numbers = spoil.map((_, i) => `491511234567${i}`);
    for (const [i, digits] of numbers.entries()) spoil[i]?.(await legacyLogin(digits, {}));
    await legacyLogin(DIGITS, {});
    expect(await run()).toMatchObject({ imported: [DIGITS], incomplete: numbers, failed: [] });
    expect(stores.list()).toEqual([DIGITS]);
    // Mended, it is imported after all.
    await legacyLogin(numbers[1] ?? '', {});
    expect(await run()).toMatchObject({ imported: [numbers[1]], known: [DIGITS] });
  });

  it('AI3 a folder here that cannot be opened is reported and hinders no other', async () => {
    await legacyLogin(DIGITS);
    await legacyLogin('4915112345678');
    mkdirSync(join(root, 'auth', '4915112345678'));
    writeFileSync(join(root, 'auth', '4915112345678', 'data.mdb'), Buffer.alloc(9000, 7));
    expect(await run()).toMatchObject({ imported: [DIGITS], failed: ['4915112345678'] });
  });

  it('C-01 only session_<digits> folders count; no directory at all is nothing to import', async () => {
    for (const name of ['session_12', 'session_constructor', 'session_+5511912345678', 'sessions', 'session_..'])
      mkdirSync(join(legacyDir, name));
    writeFileSync(join(legacyDir, 'session_5511999999999'), 'a file');
    const nothing = { imported: [], incomplete: [], failed: [], known: [], keys: 0, corrupt: 0, progress: [] };
    expect(await run()).toEqual(nothing);
    rmSync(legacyDir, { recursive: true });
    expect(await run()).toEqual(nothing);
  });

  it('P11 its log lines hold no number and no key', async () => {
    await legacyLogin(DIGITS);
    mkdirSync(join(legacyDir, 'session_4915112345678'));
    await run();
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toMatch(/5511912345678|4915112345678/);
    expect(lines.join('')).toContain('…5678');
  });

  it('no lock-in: export-auth writes a folder that Baileys reads as the same login, and that imports as the same again', {
    timeout: 60_000,
  }, async () => {
    const keys = allKindsOfKeys();
    await legacyLogin(DIGITS, keys);
    await run();
    const before = openAuthState(stores.open(DIGITS));
    const creds = before && credsOf(before);
    const values = before && (await valuesOf(before, keys));
    await close();

    const again = join(root, 'again');
    const output = execFileSync(
      process.execPath,
      [program('scripts/export-auth.ts'), `+${DIGITS}`, join(again, `session_${DIGITS}`)],
      {
        cwd: root,
        env: { PATH: process.env['PATH'] ?? '', AUTH_DIR: join(root, 'auth'), NODE_WEBHOOK_TOKEN: 'x'.repeat(32) },
        encoding: 'utf8',
      },
    );
    expect(output).not.toContain(DIGITS.slice(0, 8));

    const exported = join(again, `session_${DIGITS}`);
    expect(statSync(exported).mode & 0o777).toBe(0o700);
    expect(readdirSync(exported).every((name) => (statSync(join(exported, name)).mode & 0o777) === 0o600)).toBe(true);
    const { state } = await useMultiFileAuthState(exported);
    expect(credsOf(state)).toEqual(creds);
    expect(await valuesOf(state, keys)).toEqual(values);

    rmSync(join(root, 'auth'), { recursive: true });
    rmSync(join(root, 'data'), { recursive: true });
    legacyDir = again;
    open();
    expect(await run()).toMatchObject({ imported: [DIGITS], corrupt: 0 });
    const after = openAuthState(stores.open(DIGITS));
    expect(after && credsOf(after)).toEqual(creds);
    expect(after && (await valuesOf(after, keys))).toEqual(values);
  });
});

describe('AF1 file names', () => {
  it('are the ones Baileys uses, and lead back to the same type and id', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'names-'));
    try {
      const keys = allKindsOfKeys(2);
      const { state } = await useMultiFileAuthState(folder);
      await state.keys.set(keys);
      const names = new Set(readdirSync(folder));
      for (const [type, rows] of Object.entries(keys)) {
        for (const id of Object.keys(rows)) {
          const name = fileOfKey(type as keyof SignalDataTypeMap, id);
          expect(names.delete(name), name).toBe(true);
          expect(keyOfFile(name)).toEqual({ name, type, id });
        }
      }
      expect([...names]).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('other files of an old folder are none of a key', () => {
    for (const name of [
      'creds.json',
      'proxy.json',
      'baileys_store.json',
      'session-.json',
      'session-1.0.json.tmp',
      'pre-key',
    ]) {
      expect(keyOfFile(name)).toBeUndefined();
    }
  });
});

function fingerprint(folder: string): Record<string, string> {
  const files = readdirSync(folder).map((name) => {
    const { mtimeMs, mode } = statSync(join(folder, name));
    return [
      name,
      `${mtimeMs} ${mode} ${createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')}`,
    ];
  });
  return { '.': String(statSync(folder).mtimeMs), ...Object.fromEntries(files) };
}
