/** Contract settings §3 through the real bridge and the app's peer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bridge } from '../helpers/bridge.ts';
import { eventually } from '../helpers/eventually.ts';
import { call } from '../helpers/json-http.ts';
import { Stage } from '../helpers/stage.ts';

const PHONE = '4917012340001';
const PACING = { msg_gap: 7, enable_batches: 1, batches_gap: 20, bw_msg_gap: 9 };

describe('settings §3 with the app', () => {
  let stage: Stage;
  let bridge: Bridge;
  const look = async (path: string) => (await bridge.call(path)).body;
  const lookUps = async () =>
    (await stage.world.appRequests({ path: '/api/whatsapp-settings' })).filter(
      ({ body }) => (body as { phone?: string }).phone === PHONE,
    );

  beforeAll(async () => {
    stage = await Stage.forTest();
    await call(`${stage.world.control}/app/message-settings`, { body: PACING });
    await call(`${stage.world.control}/app/settings`, { body: { use_facebook_api: true } });
    bridge = await stage.bridge();
  });
  afterAll(async () => {
    expect(await stage.world.violations()).toEqual([]);
    await stage.strike();
  });

  it('README §9 engine and pacing are read at start and shown', async () => {
    const shown = async () => (await look('/api/current-message-settings')) as { settings: { msg_gap: number } };
    await eventually(async () => (await shown()).settings.msg_gap === 7, { what: 'pacing is read', withinMs: 10_000 });
    expect(await look('/api/current-settings')).toMatchObject({ settings: { use_facebook_api: true } });
    expect(await look('/')).toMatchObject({ whatsappApi: 'Facebook', messageSettings: { msg_gap: '7s' } });
  });

  it('refresh-settings tells what the admin just saved', async () => {
    await call(`${stage.world.control}/app/message-settings`, { body: { ...PACING, msg_gap: 11 } });
    expect(await look('/api/refresh-settings')).toMatchObject({ success: true, messageSettings: { msg_gap: 11 } });
  });

  it('cache-bust of a number that sends: answered within 2 s, and the app is asked again', async () => {
    await bridge.sendText(PHONE, { to: '4917012340002', text: 'x' });
    const before = (await lookUps()).length;
    expect(before).toBeGreaterThan(0);
    const start = Date.now();
    expect(await bridge.call('/api/cache-bust', { body: { phone: PHONE } })).toMatchObject({
      status: 200,
      body: { ok: true, flushed: 1, phone: PHONE },
    });
    expect(Date.now() - start).toBeLessThan(2_000);
    await eventually(async () => (await lookUps()).length > before, { what: 'a new look-up', withinMs: 10_000 });
  });

  it('an app that hangs: refresh-settings answers 200 with the last good values before the app gives up (4 s)', async () => {
    await stage.world.appMode('slow', 30_000);
    const start = Date.now();
    expect(await look('/api/refresh-settings')).toMatchObject({ success: true, messageSettings: { msg_gap: 11 } });
    expect(Date.now() - start).toBeLessThan(4_000);
  });

  it('after kill -9 and a restart beside the hanging app the last good values apply', async () => {
    await bridge.kill9();
    await bridge.restart();
    expect(await look('/api/current-message-settings')).toMatchObject({ settings: { msg_gap: 11 } });
    await stage.world.appMode('ok');
  });
});
