import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SignalDataSet, SignalDataTypeMap, SignalKeyStore } from '@whiskeysockets/baileys';
import { addTransactionCapability, proto } from '@whiskeysockets/baileys';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  JOURNAL_TABLE,
  loadLogin,
  newPairingState,
  openAuthState,
  putLogin,
} from '../../../src/actors/engines/unofficial/auth-state.ts';
import type { AuthState } from '../../../src/actors/engines/unofficial/auth-state.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Key, Store } from '../../../src/store/store.ts';
import { allKindsOfKeys, pairedCreds } from './auth-fixtures.ts';

const DIGITS = '5511912345678';

describe('the saved login', () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'auth-'));
    store = openLmdb({ path: join(folder, DIGITS) });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const reopen = async (): Promise<void> => {
    await store.close();
    store = openLmdb({ path: join(folder, DIGITS) });
  };
  const save = (creds = pairedCreds(DIGITS), keys: SignalDataSet = {}) =>
    store.write((batch) => putLogin(store, batch, creds, keys));
  const openState = (): AuthState => {
    const auth = openAuthState(store);
    if (!auth) throw new Error('no login');
    return auth;
  };
  const everyKey = async (keys: SignalKeyStore, ids: SignalDataSet): Promise<unknown> => {
    const found: Record<string, unknown> = {};
    for (const [type, rows] of Object.entries(ids)) {
      found[type] = await keys.get(type as keyof SignalDataTypeMap, Object.keys(rows));
    }
    return found;
  };

  it('AS4 no login is undefined; paired needs me and account, whatever registered says', async () => {
    expect([loadLogin(store), openAuthState(store)]).toEqual([undefined, undefined]);
    const creds = pairedCreds(DIGITS);
    creds.registered = false;
    await save(creds);
    expect(loadLogin(store)).toMatchObject({ paired: true, copy: 'current' });
    const { account, ...halfPaired } = creds;
    expect(account).toBeDefined();
    await save({ ...halfPaired, registered: true });
    expect(loadLogin(store)).toMatchObject({ paired: false });
  });

  it('creds come back as they were, bytes as bytes, after closing and opening', async () => {
    const creds = pairedCreds(DIGITS);
    await save(creds);
    await reopen();
    const back = openState().creds;
    expect(Buffer.from(back.noiseKey.private)).toEqual(Buffer.from(creds.noiseKey.private));
    expect(Buffer.from(back.signedPreKey.signature)).toEqual(Buffer.from(creds.signedPreKey.signature));
    expect(back.routingInfo).toEqual(creds.routingInfo);
    expect(back.me).toEqual(creds.me);
    const encode = (account: unknown) =>
      Buffer.from(proto.ADVSignedDeviceIdentity.encode(account as proto.IADVSignedDeviceIdentity).finish());
    expect(encode(back.account)).toEqual(encode(creds.account));
  });

  it('AS2 saveCreds is on disk when it returns, and keeps the copy before as a second row', async () => {
    await save();
    const auth = openState();
    auth.creds.nextPreKeyId = 77;
    auth.saveCreds();
    expect(loadLogin(store)?.creds.nextPreKeyId).toBe(77);
    auth.creds.nextPreKeyId = 88;
    auth.saveCreds();
    auth.saveCreds();
    await store.write((batch) => batch.put(store.table('login'), 'creds', '{"noiseKey":'));
    expect(loadLogin(store)).toMatchObject({ copy: 'previous', paired: true, creds: { nextPreKeyId: 77 } });
    // An unreadable copy must not push the good one out.
    openState().saveCreds();
    await store.write((batch) => batch.remove(store.table('login'), 'creds'));
    expect(loadLogin(store)).toMatchObject({ copy: 'previous', creds: { nextPreKeyId: 77 } });
  });

  it('AS2 a copy that the disk does not give back is a damaged one; when neither comes, that is not "no login"', async () => {
    await save();
    const auth = openState();
    auth.creds.nextPreKeyId = 77;
    auth.saveCreds();
    const damaged = (...keys: unknown[]): Store => ({
      ...store,
      table: <V>(name: string) => {
        const table = store.table<V>(name);
        const get = (key: Key) => {
          if (name === 'login' && keys.includes(key)) throw new Error('does not unseal');
          return table.get(key);
        };
        return { ...table, get };
      },
    });
    const half = damaged('creds');
    expect(loadLogin(half)).toMatchObject({ copy: 'previous', paired: true });
    openAuthState(half)?.saveCreds();
    expect(loadLogin(store)).toMatchObject({ copy: 'current', paired: true });
    expect(() => loadLogin(damaged('creds', 'creds-previous'))).toThrow('does not unseal');
  });

  it('creds that lost a part a login needs are not a login', async () => {
    await store.write((batch) =>
      batch.put(store.table('login'), 'creds', JSON.stringify({ me: { id: 'x' }, account: {} })),
    );
    expect(loadLogin(store)).toBeUndefined();
  });

  it('every type of key comes back as it was put, app-state keys as protobuf messages', async () => {
    const data = allKindsOfKeys();
    await save(pairedCreds(DIGITS));
    await openState().keys.set(data);
    await reopen();
    const { keys } = openState();
    expect(await everyKey(keys, data)).toEqual(plain(data));
    const revived = (await keys.get('app-state-sync-key', ['AAAAAN8/']))['AAAAAN8/'];
    expect(revived).toBeInstanceOf(proto.Message.AppStateSyncKeyData);
    expect(await keys.get('session', ['nobody.0'])).toEqual({});
  });

  it('AS1 one keys.set is one store.write over all types, the journal included, and null removes', async () => {
    await save();
    const { keys } = openState();
    await keys.set({ 'pre-key': { 5: { public: Buffer.of(1), private: Buffer.of(2) } } });
    const write = vi.spyOn(store, 'write');
    const journal = { '000-1': { hash: 'h', attrs: { id: 'A' }, plaintext: Buffer.from('secret'), at: 1 } };
    await keys.set({
      session: { '1.0': Buffer.of(9) },
      'identity-key': { '1.0': Buffer.of(8) },
      'pre-key': { 5: null },
      journal,
    } as SignalDataSet);
    expect(write).toHaveBeenCalledTimes(1);
    write.mockRestore();
    expect([...store.table(JOURNAL_TABLE).range()]).toEqual([{ key: '000-1', value: journal['000-1'] }]);
    expect(await keys.get('pre-key', ['5'])).toEqual({});
    expect(await keys.get('session', ['1.0'])).toEqual({ '1.0': Buffer.of(9) });
  });

  it('AS1 a keys.set that cannot be stored as a whole stores nothing', async () => {
    await save();
    const { keys } = openState();
    const tooLong = 'x'.repeat(3000);
    await expect(keys.set({ session: { '1.0': Buffer.of(9), [tooLong]: Buffer.of(9) } })).rejects.toThrow(
      /longer than/,
    );
    expect(await keys.get('session', ['1.0'])).toEqual({});
  });

  it("AS1 what Baileys' own transaction collects arrives in one store.write", async () => {
    await save();
    const write = vi.spyOn(store, 'write');
    const keys = addTransactionCapability(openState().keys, pino({ level: 'silent' }), {
      maxCommitRetries: 1,
      delayBetweenTriesMs: 1,
    });
    await keys.transaction(async () => {
      await keys.set({ session: { '1.0': Buffer.of(1) } });
      await keys.set({ 'lid-mapping': { '1': '2' } });
      await keys.set({ 'pre-key': { 1: null } });
    }, 'me');
    expect(write).toHaveBeenCalledTimes(1);
    write.mockRestore();
    expect(await openState().keys.get('session', ['1.0'])).toEqual({ '1.0': Buffer.of(1) });
  });

  it('AS3 keys.get hands out fresh objects', async () => {
    await save();
    const { keys } = openState();
    await keys.set({ 'device-list': { '1': ['0'] } });
    (await keys.get('device-list', ['1']))['1']?.push('9');
    expect(await keys.get('device-list', ['1'])).toEqual({ '1': ['0'] });
  });

  it('a key id like __proto__ is just a key', async () => {
    await save();
    const { keys } = openState();
    await keys.set({ 'lid-mapping': JSON.parse('{"__proto__":"1","constructor":"2"}') as Record<string, string> });
    expect(await keys.get('lid-mapping', ['constructor', 'toString'])).toEqual({ constructor: '2' });
    expect([...store.table('signal/lid-mapping').keys()]).toEqual(['__proto__', 'constructor']);
  });

  describe('AS5 a pairing attempt', () => {
    it('leaves nothing on disk until it has succeeded; then all of it, and it goes on there', async () => {
      const attempt = newPairingState();
      const data = allKindsOfKeys(3);
      await attempt.keys.set(data);
      await attempt.keys.set({ 'pre-key': { 2: null } });
      Object.assign(attempt.creds, { me: { id: 'half' } });
      attempt.saveCreds();
      expect(readdirSync(folder)).toEqual([DIGITS]);
      expect(loadLogin(store)).toBeUndefined();

      Object.assign(attempt.creds, pairedCreds(DIGITS));
      attempt.persistTo(store);
      await reopen();
      expect(loadLogin(store)).toMatchObject({ paired: true, creds: { me: { name: 'Shop é' } } });
      const expected = plain(data) as { 'pre-key': Record<string, unknown> };
      delete expected['pre-key'][2];
      expect(await everyKey(openState().keys, data)).toEqual(expected);
    });

    it('after success its keys and creds are saved in the store', async () => {
      const attempt = newPairingState();
      Object.assign(attempt.creds, pairedCreds(DIGITS));
      attempt.persistTo(store);
      await attempt.keys.set({ 'lid-mapping': { '1': '2' } });
      attempt.creds.nextPreKeyId = 99;
      attempt.saveCreds();
      expect(await openState().keys.get('lid-mapping', ['1'])).toEqual({ '1': '2' });
      expect(loadLogin(store)?.creds.nextPreKeyId).toBe(99);
    });

    it('behaves in memory as on disk: fresh objects, app-state keys as protobuf messages', async () => {
      const { keys } = newPairingState();
      const value = ['0'];
      await keys.set({ 'device-list': { '1': value }, ...allKindsOfKeys(1) });
      await keys.set({ 'device-list': { '1': value } });
      value.push('changed');
      (await keys.get('device-list', ['1']))['1']?.push('9');
      expect(await keys.get('device-list', ['1'])).toEqual({ '1': ['0'] });
      const revived = (await keys.get('app-state-sync-key', ['AAAAAN8/']))['AAAAAN8/'];
      expect(revived).toBeInstanceOf(proto.Message.AppStateSyncKeyData);
    });
  });
});

/** The same data with every byte field a Buffer, as a store gives it back. */
function plain(data: SignalDataSet): unknown {
  const visit = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value);
    if (Array.isArray(value)) return value.map(visit);
    if (value && Object.getPrototypeOf(value) === Object.prototype) {
      return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, visit(field)]));
    }
    return value;
  };
  return visit(data);
}
