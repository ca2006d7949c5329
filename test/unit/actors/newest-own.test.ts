import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LidMap } from '../../../src/actors/lid-map.ts';
import { NewestOwn, newestOwn } from '../../../src/actors/newest-own.ts';
import type { Clock } from '../../../src/clock.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';

let dir: string;
let store: Store;
let now = 1_700_000_000_000;
const clock: Clock = { now: () => now++, setTimeout: () => ({ id: 0 }), clearTimeout: () => undefined };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'newest-'));
  store = openLmdb({ path: dir });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

it('messages §6: the newest of a chat, found by phone, by LID and by every spelling of the number', async () => {
  const newest = new NewestOwn(store, clock);
  await store.write((batch) => {
    newest.record(batch, '5541987654321@s.whatsapp.net', 'A');
    newest.record(batch, '5541987654321@s.whatsapp.net', 'B');
    newest.record(batch, '1-2@g.us', 'G');
    new LidMap(store).learn(batch, [{ pn: '5541987654321', lid: '777' }] as never);
  });
  const asked = ['5541987654321@s.whatsapp.net', '554187654321@s.whatsapp.net', '777@lid', '1-2@g.us'];
  expect(asked.map((to) => newestOwn(store, to))).toEqual(['B', 'B', 'B', 'G']);
  expect(newestOwn(store, '4915112345678@s.whatsapp.net')).toBeUndefined();
});
