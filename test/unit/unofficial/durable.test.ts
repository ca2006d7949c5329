import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SignalKeyStore } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SharedCaches } from '../../../src/actors/engines/unofficial/caches.ts';
import { DiskFirst, type FrameSocket } from '../../../src/actors/engines/unofficial/disk-first.ts';
import { durableKeys } from '../../../src/actors/engines/unofficial/durable-keys.ts';
import { guardListeners } from '../../../src/actors/engines/unofficial/guard.ts';
import { RideAlong } from '../../../src/actors/engines/unofficial/ride-along.ts';
import { failed, ofAck, ofError } from '../../../src/actors/engines/unofficial/send-outcome.ts';
import { SessionCache } from '../../../src/actors/engines/unofficial/session-cache.ts';
import { systemClock } from '../../../src/clock.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';

let dir: string;
let store: Store;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'durable-'));
  store = openLmdb({ path: join(dir, 'store') });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});
const table = () => store.table<number>('rows');

describe('ride along', () => {
  it('leaves with the next departure, and nobody is told before it is durable', async () => {
    const ride = new RideAlong(store, systemClock);
    const added = ride.add((batch) => batch.put(table(), 'a', 1));
    expect(table().has('a')).toBe(false);
    await ride.depart();
    expect(table().get('a')).toBe(1);
    await added;
  });

  it('leaves by itself after a moment', async () => {
    const ride = new RideAlong(store, systemClock);
    await Promise.all([
      ride.add((batch) => batch.put(table(), 'a', 1)),
      ride.add((batch) => batch.put(table(), 'b', 2)),
    ]);
    expect([table().get('a'), table().get('b')]).toEqual([1, 2]);
  });

  it('tells everybody whose change was lost', async () => {
    const ride = new RideAlong({ ...store, write: () => Promise.reject(new Error('full')) }, systemClock);
    const added = ride.add(() => undefined);
    await expect(ride.depart()).rejects.toThrow('full');
    await expect(added).rejects.toThrow('full');
  });
});

describe('durable keys', () => {
  const session = (n: number) => ({ session: { 'x.0': Buffer.of(n) } });
  const keysOn = (set: SignalKeyStore['set'], watch: Partial<Parameters<typeof durableKeys>[4]> = {}) => {
    const keys: SignalKeyStore = { get: () => ({}), set };
    const ride = new RideAlong(store, systemClock);
    const sessions = new SessionCache(keys, new SharedCaches(systemClock).forSocket().sessions);
    const all = { ended: () => false, onSet: () => undefined, onFailure: () => undefined, ...watch };
    const gate = new DiskFirst();
    return { keys: durableKeys(keys, ride, sessions, gate, all), ride, sessions, gate };
  };
  const preKey = { 'pre-key': { '1': null } } as const;

  it('DK1 a failed write is told before the library hears of it', async () => {
    const heard: string[] = [];
    const { keys } = keysOn(() => Promise.reject(new Error('full')), { onFailure: () => heard.push('failure') });
    await expect(
      Promise.resolve(keys.set(preKey)).catch((error: unknown) => {
        heard.push('library');
        throw error;
      }),
    ).rejects.toThrow('full');
    expect(heard).toEqual(['failure', 'library']);
  });

  it('DK2 nothing is written after the end', async () => {
    let writes = 0;
    const { keys } = keysOn(
      () => {
        writes += 1;
      },
      { ended: () => true },
    );
    await expect(keys.set(session(1))).rejects.toThrow('ended');
    expect(writes).toBe(0);
  });

  it('DK4 what rides along is durable with the write', async () => {
    const { keys, ride } = keysOn(() => undefined);
    const recorded = ride.add((batch) => batch.put(table(), 'record', 1));
    await keys.set(session(1));
    await recorded;
    expect(table().get('record')).toBe(1);
  });
});

describe('disk first', () => {
  const byHand = () => {
    let resolve: () => void = () => undefined;
    let reject: (error: Error) => void = () => undefined;
    const promise = new Promise<void>((yes, no) => {
      [resolve, reject] = [yes, no];
    });
    return { promise, resolve, reject };
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const guarded = () => {
    const gate = new DiskFirst();
    const sent: string[] = [];
    const socket: FrameSocket = { send: (data, done) => [sent.push(Buffer.from(data).toString()), done?.()] };
    gate.guard(socket);
    const failures: unknown[] = [];
    const waitFor = (stored: Promise<void>) => gate.waitFor(stored, (error) => failures.push(error));
    return { gate, sent, failures, waitFor, send: (text: string) => socket.send(Buffer.from(text)) };
  };

  it('DF1 a frame leaves when the writes before it are durable, in order, and waits for none after it', async () => {
    const { sent, waitFor, send } = guarded();
    send('before');
    const [one, two] = [byHand(), byHand()];
    waitFor(one.promise);
    send('a');
    send('b');
    waitFor(two.promise);
    send('c');
    expect(sent).toEqual(['before']);
    one.resolve();
    await settled();
    expect(sent).toEqual(['before', 'a', 'b']);
    two.resolve();
    await settled();
    send('d');
    expect(sent).toEqual(['before', 'a', 'b', 'c', 'd']);
  });

  it('DF2 after a failed write nothing leaves any more, and it is told', async () => {
    const { sent, failures, waitFor, send } = guarded();
    const [one, two] = [byHand(), byHand()];
    waitFor(one.promise);
    send('a');
    waitFor(two.promise);
    send('b');
    one.reject(new Error('full'));
    await settled();
    two.resolve();
    await settled();
    send('c');
    expect(sent).toEqual([]);
    expect(failures).toHaveLength(1);
  });

  it('DF3 DK5 the library goes on ahead of the disk, until 64 writes are on their way', async () => {
    const disk = byHand();
    const gate = new DiskFirst();
    const keys: SignalKeyStore = { get: () => ({}), set: () => disk.promise };
    const sessions = new SessionCache(keys, new SharedCaches(systemClock).forSocket().sessions);
    const watch = { ended: () => false, onSet: () => undefined, onFailure: () => undefined };
    const durable = durableKeys(keys, new RideAlong(store, systemClock), sessions, gate, watch);
    for (let n = 0; n < 64; n++) await durable.set({ session: { [`${n}.0`]: Buffer.of(n) } });
    expect((await durable.get('session', ['63.0']))['63.0']).toEqual(Buffer.of(63));
    let done = false;
    const next = Promise.resolve(durable.set({ session: { 'x.0': Buffer.of(1) } })).then(() => {
      done = true;
    });
    await settled();
    expect(done).toBe(false);
    disk.resolve();
    await next;
  });
});

describe('session cache', () => {
  it('SC1 gives what was written last, also when a write overtakes a read', async () => {
    const disk = new Map<string, Uint8Array>([['x.0', Buffer.of(1)]]);
    let release: () => void = () => undefined;
    const slow: SignalKeyStore = {
      get: async () => {
        const read = { 'x.0': disk.get('x.0') };
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return read as never;
      },
      set: () => undefined,
    };
    const cache = new SessionCache(slow, new SharedCaches(systemClock).forSocket().sessions);
    const overtaken = cache.get(['x.0']);
    disk.set('x.0', Buffer.of(2));
    cache.handedOver({ session: { 'x.0': Buffer.of(2) } }, Promise.resolve());
    release();
    await overtaken;
    expect(await cache.get(['x.0'])).toEqual({ 'x.0': Buffer.of(2) });
    const removed = Promise.resolve();
    cache.handedOver({ session: { 'x.0': null } }, removed);
    await removed;
    disk.delete('x.0');
    const gone = cache.get(['x.0']);
    release();
    expect((await gone)['x.0']).toBeUndefined();
  });
});

describe('guard (P1)', () => {
  it('an exception and a rejection of a listener go to the fault handler, the others still run', async () => {
    const faults: unknown[] = [];
    const emitter = new EventEmitter();
    let ran = 0;
    emitter.on('stanza', () => {
      throw new Error('sync');
    });
    const rejecting = (): unknown => Promise.reject(new Error('async'));
    emitter.on('stanza', rejecting);
    emitter.on('stanza', () => {
      ran += 1;
    });
    guardListeners(emitter, (error) => faults.push((error as Error).message));
    emitter.emit('stanza');
    await new Promise((resolve) => setImmediate(resolve));
    expect(faults).toEqual(['sync', 'async']);
    expect(ran).toBe(1);
  });
});

describe('send outcomes (E2)', () => {
  it.each([
    ['All encryptions failed', true, 'failed'],
    ['Connection Closed', true, 'failed'],
    ['write EPIPE', true, 'unknown'],
    ['write EPIPE', false, 'failed'],
  ])('%s, encrypted %s: %s', (text, encrypted, kind) => {
    expect(ofError('A', new Error(text), encrypted).result.kind).toBe(kind);
  });

  it("carries WhatsApp's code, not the library's", () => {
    const refused = Object.assign(new Error('rate-overlimit'), { data: 429, output: { statusCode: 500 } });
    expect(ofError('A', refused, false)).toEqual(failed('A', 'rate-overlimit', { code: 429 }));
    expect(ofAck({ kind: 'refused', code: 463 }, 'A', 'x')).toMatchObject({ kind: 'failed', code: 463 });
  });
});
