/** Contract settings §3, §4: cache-bust, background look-ups, what survives a restart. */
import { describe, expect, it } from 'vitest';
import type { AppAnswer, AppClient } from '../../../src/app-client/client.ts';
import { Settings } from '../../../src/app-client/settings.ts';
import { SettingsRows } from '../../../src/app-client/settings-rows.ts';
import { sleep } from '../../../src/clock.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';
import { quiet } from '../../property/outbox/app.ts';

const PHONE = '5511987654321';
const OTHER = '4915112345678';
const down: AppAnswer = { kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' };
const HOUR = 3_600_000;

type Options = { store?: Store; encrypted?: boolean; inUse?: string[]; time?: SimulatedTime };

/** An app whose credentials carry `app.version`; `app.answers` false: away; it takes `app.ms` to answer. */
function world({ store = temporaryStore(), encrypted = true, inUse = [], time = new SimulatedTime() }: Options = {}) {
  const app = { version: 1, answers: true, ms: 0 };
  const asked: { at: number; phone: string; workspace: string | undefined }[] = [];
  const start = time.now();
  const client: AppClient = {
    get: async (_, query, { timeoutMs }) => {
      asked.push({ at: time.now() - start, phone: query['phone'] ?? '', workspace: query['workspace_id'] });
      const body = { use_facebook_api: 1, facebook_token: `v${app.version}`, facebook_phone_id: query['phone'] };
      if (app.ms > 0) await sleep(time, Math.min(app.ms, timeoutMs));
      return app.answers && app.ms < timeoutMs ? { kind: 'answer', status: 200, body } : down;
    },
    post: () => Promise.reject(new Error('no look-up posts')),
  };
  const rows = new SettingsRows(store, encrypted);
  const settings = new Settings({ client, rows, inUse: () => inUse, clock: time, log: quiet });
  const token = async (workspace?: string, phone = PHONE) =>
    (await settings.of(phone, workspace, time.now() + 18_000))?.credentials.cloud?.token;
  return { time, app, asked, settings, token };
}

describe('settings §3: cache-bust', () => {
  it('C-31 every entry of the number under all workspaces goes, stale copies included; other numbers stay', async () => {
    const { time, app, asked, settings, token } = world();
    await Promise.all([token(), token('1'), token('2'), token('1', OTHER)]);
    time.advance(HOUR);
    app.answers = false;
    expect(await token()).toBe('v1');
    expect(await settings.bust(PHONE)).toBe(3);
    expect([await token(), await token('1'), await token('2')]).toEqual([undefined, undefined, undefined]);
    expect(await token('1', OTHER)).toBe('v1');
    expect(asked.length).toBeGreaterThan(4);
    expect(await settings.bust(undefined)).toBe(4);
    expect(await token('1', OTHER)).toBeUndefined();
  });

  it('SE5 an answer that was asked for before the bust is not served after it', async () => {
    const { time, app, settings, token } = world();
    app.ms = 1_000;
    const waiting = token();
    await time.advanceAsync(500);
    app.version = 2;
    const busted = settings.bust(PHONE);
    await time.advanceAsync(2_000);
    await busted;
    expect(await waiting).toBe('v2');
  });

  it('RF2 the refetch runs in the background, at most one per number and second', async () => {
    const { time, asked, settings, token } = world();
    await Promise.all([token(), token('1'), token('2')]);
    settings.start();
    const before = asked.length;
    for (let i = 0; i < 50; i += 1) {
      void settings.bust(PHONE);
      await time.advanceAsync(100);
    }
    await time.advanceAsync(5_000);
    const background = asked.slice(before);
    expect(background.length).toBeGreaterThanOrEqual(5);
    expect(background.length).toBeLessThanOrEqual(11);
    const gaps = background.slice(1).map(({ at }, i) => at - (background[i]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    settings.stop();
  });

  it('a token rotated in the app: the send after the bust uses it', async () => {
    const { app, settings, token } = world();
    expect(await token('7')).toBe('v1');
    app.version = 2;
    expect(await token('7')).toBe('v1');
    await settings.bust(PHONE);
    expect(await token('7')).toBe('v2');
  });
});

describe('settings §4: background refresh', () => {
  it('C-30 SE6 numbers used in the last 24 h are refetched before they are 5 min old; sends then never ask', async () => {
    const { time, app, asked, settings, token } = world();
    await token();
    settings.start();
    for (let minute = 0; minute < 60; minute += 1) {
      app.version += 1;
      await time.advanceAsync(60_000);
      const before = asked.length;
      await token();
      expect(asked).toHaveLength(before);
    }
    const gaps = asked.slice(1).map(({ at }, i) => at - (asked[i]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(270_000);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(240_000);
    settings.stop();
  });

  it('not used for 24 h: no longer refetched, still there', async () => {
    const { time, app, asked, settings, token } = world();
    await token();
    settings.start();
    await time.advanceAsync(25 * HOUR);
    const before = asked.length;
    await time.advanceAsync(2 * HOUR);
    expect(asked).toHaveLength(before);
    app.answers = false;
    expect(await token()).toBe('v1');
    settings.stop();
  });

  it('warm-up at start: the numbers of this bridge, before anybody sends', async () => {
    const { time, asked, settings, token } = world({ inUse: [PHONE, OTHER] });
    settings.start();
    await time.advanceAsync(1_000);
    expect(asked.map(({ phone }) => phone).toSorted()).toEqual([OTHER, PHONE].toSorted());
    expect(await token()).toBe('v1');
    expect(asked).toHaveLength(2);
    settings.stop();
  });

  it('RF3 an app that is away is not asked for every number in a row', async () => {
    const inUse = Array.from({ length: 200 }, (_, i) => String(5511900000000 + i));
    const { time, app, asked, settings } = world({ inUse });
    app.answers = false;
    settings.start();
    await time.advanceAsync(29_000);
    expect(asked.length).toBeLessThanOrEqual(4);
    app.answers = true;
    await time.advanceAsync(60_000);
    expect(new Set(asked.map(({ phone }) => phone)).size).toBe(200);
    settings.stop();
  });

  it('a settings answer that takes 30 s does not slow the sends of a number whose settings are known', async () => {
    const { time, app, settings, token } = world();
    await token();
    settings.start();
    app.ms = 30_000;
    let longest = 0;
    for (let second = 0; second < 1_800; second += 1) {
      const start = time.now();
      let ended = -1;
      void token().then((found) => {
        expect(found).toBe('v1');
        ended = time.now();
      });
      await time.advanceAsync(1_000);
      longest = Math.max(longest, ended < 0 ? Number.POSITIVE_INFINITY : ended - start);
    }
    console.log(`settings answer of 30 s: 1,800 sends over 30 min waited ${longest} ms at most`);
    expect(longest).toBe(0);
    settings.stop();
  });
});

describe('settings §4: over a restart', () => {
  const restarted = async (encrypted: boolean) => {
    const store = temporaryStore();
    const first = world({ store, encrypted });
    await first.token('1');
    // The row is written behind the answer; a later write is committed after it (ST5).
    await store.write((batch) => batch.put(store.table('after'), 1, true));
    const second = world({ store, encrypted, time: first.time });
    second.app.answers = false;
    return { store, second };
  };

  it('encrypted: the last good value is there, for its own workspace only', async () => {
    const { second } = await restarted(true);
    expect([await second.token('1'), await second.token(), await second.token('2')]).toEqual([
      'v1',
      undefined,
      undefined,
    ]);
  });

  it('SR1 not encrypted: nothing of an entry with credentials, but the number is warmed up', async () => {
    const { store, second } = await restarted(false);
    expect(JSON.stringify([...store.table('settings').range()])).not.toContain('v1');
    expect(await second.token('1')).toBeUndefined();
    second.app.answers = true;
    second.settings.start();
    await second.time.advanceAsync(60_000);
    expect(await second.token('1')).toBe('v1');
    second.settings.stop();
  });

  it('a bust is on disk when it is answered', async () => {
    const { store, second } = await restarted(true);
    await second.settings.bust(PHONE);
    const third = world({ store });
    third.app.answers = false;
    expect(await third.token('1')).toBeUndefined();
  });
});
