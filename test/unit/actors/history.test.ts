import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { History } from '../../../src/actors/history.ts';
import { createLog } from '../../../src/log.ts';
import type { Verdict } from '../../../src/machines/close-reason.ts';
import { defaultRestartPolicy } from '../../../src/machines/restart.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';
import { buildHouse } from '../../helpers/house.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const A = '5511987654321';
const DAY_MS = 24 * 60 * 60_000;

describe('history of a number', () => {
  const time = new SimulatedTime();
  const log = createLog({ level: 'silent' });
  let dir: string;
  let store: Store;
  const open = () => new History({ store, clock: time, log });
  /** Until everything noted so far is on disk: a write after it is. */
  const settle = async () => {
    await Promise.resolve();
    await store.write((batch) => batch.put(store.table('marks'), 'written', true));
  };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'history-'));
    store = openLmdb({ path: dir });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const ended = (verdict: Verdict, text = 'Connection Terminated', code = 428) =>
    ({ type: 'ended', state: 'restoring', reason: { code, text }, verdict }) as const;

  it('an end and the move it leads to are one entry, with cause, next step and its time', async () => {
    const history = open();
    history.note(A, ended({ kind: 'retry', delay: 4_000 }));
    history.note(A, { type: 'transition', from: 'connected', to: 'restoring', why: 'Connection Terminated (428)' });
    await settle();
    expect(history.of(A)).toEqual([
      {
        at: time.now(),
        state: 'restoring',
        cause: 'Connection Terminated',
        code: 428,
        next: 'reconnect',
        nextAt: time.now() + 4_000,
      },
    ]);
  });

  it('a try that fails again is an entry too, though the state stays', async () => {
    const history = open();
    history.note(A, ended({ kind: 'retry', delay: 6_000 }, 'WebSocket Error (ECONNREFUSED)', 408));
    await settle();
    expect(history.of(A)).toMatchObject([{ state: 'restoring', code: 408, next: 'reconnect' }]);
  });

  it('says what somebody has to do, and no reconnect for a number that was stopped', async () => {
    const history = open();
    history.note(A, ended({ kind: 'stop', because: 'refused' }, 'Connection Failure', 403));
    await settle();
    history.note(A, ended({ kind: 'forget', ours: false, pairAgain: false }, 'conflict', 401));
    await settle();
    history.note(A, ended({ kind: 'retry', delay: 4_000 }));
    history.note(A, { type: 'transition', from: 'connecting', to: 'disconnected', why: 'closed' });
    await settle();
    history.crashed(A, undefined);
    await settle();
    expect(history.of(A).map(({ next }) => next)).toEqual(['start', 'pair', undefined, 'start']);
  });

  it('HI2 keeps the newest 200, also over a restart, and numbers do not mix', async () => {
    const first = open();
    for (let i = 1; i <= 150; i++)
      first.note(A, { type: 'transition', from: 'qr', to: 'connecting', why: `move ${i}` });
    first.note('55119876543', { type: 'transition', from: 'qr', to: 'connecting', why: 'a shorter number' });
    await settle();
    const second = open();
    for (let i = 151; i <= 230; i++)
      second.note(A, { type: 'transition', from: 'qr', to: 'connecting', why: `move ${i}` });
    await settle();
    const causes = second.of(A).map(({ cause }) => cause);
    expect(causes).toHaveLength(200);
    expect([causes[0], causes.at(-1)]).toEqual(['move 31', 'move 230']);
    expect(second.of('55119876543')).toHaveLength(1);
    expect(second.of('4915112345678')).toEqual([]);
  });

  it('HI2 forgets numbers that nobody uses any more', async () => {
    const history = open();
    for (let i = 0; i < 40; i++)
      history.note(`49170000${i}`, { type: 'transition', from: 'qr', to: 'connecting', why: 'x' });
    await settle();
    await time.advanceAsync(31 * DAY_MS);
    for (let i = 0; i < 64; i++) history.note(A, { type: 'transition', from: 'qr', to: 'connecting', why: 'y' });
    await settle();
    expect([...store.table('history').keys()].filter((key) => !String(key).startsWith(A))).toEqual([]);
  });

  it('HI3 a full number or a key in a cause is scrubbed', async () => {
    const history = open();
    history.note(A, ended({ kind: 'retry', delay: 1 }, `no route to ${A} with key ${'k'.repeat(60)}`));
    await settle();
    expect(JSON.stringify(history.of(A))).not.toMatch(/5511987654321|kkkk/);
  });
});

describe('history of a life', () => {
  it('HI4 tells drop, reconnect and logout of a number whose login is gone; a crash without its words', async () => {
    const house = buildHouse({ paired: [A], restartPolicy: defaultRestartPolicy });
    house.supervisor.command(A, { type: 'restore' });
    await house.time.advanceAsync(5_000);
    const close = (code: number, text: string) =>
      house.engine.of(A).at(-1)?.tell({ type: 'closed', reason: { code, text } });
    close(503, 'Stream Errored (unknown)');
    await house.time.advanceAsync(10_000);
    close(401, 'Stream Errored (conflict)');
    await house.time.advanceAsync(5_000);
    await vi.waitFor(() =>
      expect(house.history.of(A).map(({ state, cause, code, next }) => [state, cause, code, next])).toEqual([
        ['restoring', 'restore', undefined, undefined],
        ['connected', 'settled', undefined, undefined],
        ['restoring', 'Stream Errored (unknown)', 503, 'reconnect'],
        ['connected', 'settled', undefined, undefined],
        ['disconnected', 'Stream Errored (conflict)', 401, 'pair'],
      ]),
    );
    await house.close();
  });
});
