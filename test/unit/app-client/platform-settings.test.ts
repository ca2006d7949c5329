/** Contract settings §2, §3: the platform's engine and pacing. */
import { describe, expect, it } from 'vitest';
import type { AppAnswer, AppClient } from '../../../src/app-client/client.ts';
import { PlatformSettings } from '../../../src/app-client/platform-settings.ts';
import { pacingOf } from '../../../src/app-client/settings-answer.ts';
import { sleep } from '../../../src/clock.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';
import { quiet } from '../../property/outbox/app.ts';

const DEFAULTS = { gap: 3, inBatches: false, batch: 50, pause: 5 };
const PACING = { success: true, msg_gap: 7, batches_gap: 20, bw_msg_gap: 9, enable_batches: 1 };

function world(store = temporaryStore()) {
  const time = new SimulatedTime();
  const app = { answers: true, ms: 0, pacing: PACING as object };
  const asked: [path: string, timeoutMs: number, at: number][] = [];
  const client: AppClient = {
    get: async (path, query, { timeoutMs }): Promise<AppAnswer> => {
      expect(query).toEqual({});
      asked.push([path, timeoutMs, time.now()]);
      if (app.ms > 0) await sleep(time, Math.min(app.ms, timeoutMs));
      if (!app.answers || app.ms > timeoutMs) return { kind: 'no answer', why: 'timeout', detail: 'AbortError' };
      const engine = { use_facebook_api: true, facebook_token: '', facebook_phone_id: '' };
      return { kind: 'answer', status: 200, body: path === '/api/whatsapp-settings' ? engine : app.pacing };
    },
    post: () => Promise.reject(new Error('no look-up posts')),
  };
  return { time, app, asked, store, platform: new PlatformSettings({ client, store, clock: time, log: quiet }) };
}

describe('settings §2: pacing', () => {
  const read = (body: unknown, status = 200) => pacingOf({ kind: 'answer', status, body });

  it.each([
    [{}, { gap: 7, inBatches: true, batch: 20, pause: 9 }],
    [
      { msg_gap: '12', enable_batches: '0' },
      { gap: 12, inBatches: false },
    ],
    [
      { msg_gap: 0, batches_gap: 0, bw_msg_gap: 0 },
      { gap: 3, batch: 50, pause: 5 },
    ],
    [
      { msg_gap: 601, batches_gap: 10_001, bw_msg_gap: 1_441 },
      { gap: 3, batch: 50, pause: 5 },
    ],
    [{ msg_gap: 'fast', batches_gap: null, bw_msg_gap: 2.5, enable_batches: null }, { ...DEFAULTS }],
    [
      { msg_gap: -1, batches_gap: undefined },
      { gap: 3, batch: 50 },
    ],
  ])('invalid or 0 is the default: %j', (fields, expected) => {
    expect(read({ ...PACING, ...fields })).toMatchObject(expected);
  });

  it.each([
    ['<html>', 200],
    [{ ...PACING, success: false }, 200],
    [null, 200],
    [PACING, 500],
  ])('AN1 no answer: %j %i', (body, status) => {
    expect(read(body, status)).toBeUndefined();
  });
});

describe('settings §3: reading them', () => {
  it('at start (engine 50 s, pacing 5 s), hourly, and PS3 30 s after a failure; PS1 the last good values stay', async () => {
    const { time, app, asked, platform } = world();
    expect(platform.current()).toEqual({
      useCloud: false,
      hasCloudCredentials: false,
      engineReadAt: null,
      pacing: DEFAULTS,
      pacingReadAt: null,
    });
    platform.start();
    const start = time.now();
    const answers = async () => {
      await time.advanceAsync(0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await time.advanceAsync(0);
    };
    await answers();
    expect(asked).toEqual([
      ['/api/whatsapp-settings', 50_000, start],
      ['/api/whatsapp-message-settings', 5_000, start],
    ]);
    expect(platform.current()).toMatchObject({ useCloud: true, engineReadAt: start, pacing: { gap: 7 } });
    app.answers = false;
    await time.advanceAsync(3_600_000);
    expect(asked.slice(2).map(([, ms]) => ms)).toEqual([8_000, 5_000]);
    expect(platform.current()).toMatchObject({ useCloud: true, pacing: { gap: 7 }, pacingReadAt: start });
    await time.advanceAsync(30_000);
    expect(asked).toHaveLength(6);
    platform.stop();
  });

  it('refresh: both in parallel, within the limit, the last good values when the app is slow', async () => {
    const { time, app, asked, platform } = world();
    await platform.refresh(3_000);
    app.ms = 30_000;
    app.pacing = { ...PACING, msg_gap: 8 };
    const start = time.now();
    const both = Promise.all([platform.refresh(3_000), platform.refresh(3_000)]);
    await time.advanceAsync(3_000);
    for (const values of await both) expect(values).toMatchObject({ useCloud: true, pacing: { gap: 7 } });
    expect(time.now() - start).toBe(3_000);
    expect(asked).toHaveLength(4);
    await time.advanceAsync(60_000);
  });

  it('PS1 the last good values are there after a restart beside a silent app', async () => {
    const { store, platform } = world();
    await platform.refresh(3_000);
    expect(world(store).platform.current()).toMatchObject({ useCloud: true, pacing: { gap: 7, inBatches: true } });
  });
});
