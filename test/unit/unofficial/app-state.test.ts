/** What the whole bridge cannot be made to show of app state: a phone that has shared no key, and what is asked for when. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppState } from '../../../src/actors/engines/unofficial/app-state.ts';
import { newPairingState } from '../../../src/actors/engines/unofficial/auth-state.ts';
import { createLog } from '../../../src/log.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

describe('app state', () => {
  let dir: string;
  let store: Store;
  const clock = new SimulatedTime();
  const log = createLog({ level: 'fatal', stream: { write: () => undefined } });
  const auth = newPairingState();
  let read: string[][];
  /** Whether the phone's answer can be decrypted. */
  let readable: boolean;
  const patches: unknown[] = [];
  const socket = () => ({
    appPatch: (patch: unknown) => {
      patches.push(patch);
      return Promise.resolve();
    },
    resyncAppState: async (collections: readonly string[]) => {
      read.push([...collections]);
      const state = { version: 1, hash: Buffer.alloc(128), indexValueMap: {} };
      if (readable) await auth.keys.set({ 'app-state-sync-version': { critical_unblock_low: state } });
    },
  });
  const connect = () => new AppState({ socket, auth, store, clock, log });
  const pass = async (ms: number) => {
    await clock.advanceAsync(ms);
    await new Promise((resolve) => setTimeout(resolve, 30));
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'app-state-'));
    store = openLmdb({ path: dir });
    read = [];
    readable = true;
    delete auth.creds.myAppStateKeyId;
  });
  afterEach(async () => {
    expect(clock.pending).toBe(0);
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('messages §6 star without the phone’s key: failed, with what to do about it', async () => {
    const target = { id: 'A', fromMe: true };
    const answer = await connect().star('49170111@s.whatsapp.net', target, true, clock.now() + 8_000);
    expect(answer).toEqual({ kind: 'failed', error: expect.stringContaining('open WhatsApp on the phone') });
    expect(patches).toEqual([]);
  });

  it('a star in a group names the author, when it is somebody else’s message', async () => {
    auth.creds.myAppStateKeyId = 'AAAAAAAB';
    const group = '120363000000000001@g.us';
    const participant = '49170111@s.whatsapp.net';
    const deadline = clock.now() + 8_000;
    await connect().star(group, { id: 'A', fromMe: false, participant }, true, deadline);
    await connect().star(group, { id: 'B', fromMe: true }, false, deadline);
    expect(patches).toMatchObject([
      { index: ['star', group, 'A', '0', participant], syncAction: { starAction: { starred: true } } },
      { index: ['star', group, 'B', '1', '0'], syncAction: { starAction: { starred: false } } },
    ]);
  });

  it('AP1, AP2 only the address book is read, once per login, and not before there is a key', async () => {
    const first = connect();
    first.opened();
    await pass(60_000);
    expect(read).toEqual([]);
    auth.creds.myAppStateKeyId = 'AAAAAAAB';
    first.keyArrived();
    await pass(1_000);
    expect(read).toEqual([['critical_unblock_low']]);
    await vi.waitUntil(() => store.table('app-state').has('critical_unblock_low'), { timeout: 5_000 });
    const second = connect();
    second.opened();
    await pass(60_000);
    expect(read.length).toBe(1);
  });

  it('AP2 what could not be decrypted is read again by the next connection; an ended one reads nothing', async () => {
    auth.creds.myAppStateKeyId = 'AAAAAAAB';
    readable = false;
    const first = connect();
    first.opened();
    await pass(8_000);
    expect(read.length).toBe(1);
    readable = true;
    const second = connect();
    second.opened();
    second.stop();
    await pass(8_000);
    expect(read.length).toBe(1);
    const third = connect();
    third.opened();
    await pass(8_000);
    expect(read.length).toBe(2);
  });
});
