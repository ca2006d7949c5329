/** Contract settings §3: the settings routes, word for word. */
import { describe, expect, it } from 'vitest';
import { harness, PHONE, TOKEN } from '../unit/http/harness.ts';

const READ = {
  useCloud: true,
  hasCloudCredentials: true,
  engineReadAt: Date.UTC(2026, 0, 1),
  pacing: { gap: 7, inBatches: true, batch: 20, pause: 9 },
  pacingReadAt: Date.UTC(2026, 0, 2),
};
const ENGINE_TIME = '2026-01-01T00:00:00.000Z';
const PACING_TIME = '2026-01-02T00:00:00.000Z';
const PACING = { msg_gap: 7, enable_batches: 1, batches_gap: 20, bw_msg_gap: 9 };

describe('settings §3 POST /api/cache-bust', () => {
  const path = '/api/cache-bust';

  it('one number, in any of the ways in which the app writes digits', async () => {
    for (const phone of [PHONE, `+${PHONE}`, Number(PHONE)]) {
      const { call, settings } = harness();
      expect(await call(path, { body: { phone } })).toMatchObject({
        status: 200,
        body: { ok: true, flushed: 2, phone: PHONE },
      });
      expect(settings.busted).toEqual([PHONE]);
    }
  });

  it.each([{ phone: null }, { phone: '' }, {}])('%j is everything', async (body) => {
    const { call, settings } = harness();
    expect((await call(path, { body })).body).toEqual({ ok: true, flushed: 2, phone: '(all)' });
    expect(settings.busted).toEqual([undefined]);
  });

  it.each([{ phone: '../etc' }, { phone: '12' }, { phone: {} }])('%j is refused and busts nothing', async (body) => {
    const { call, settings } = harness();
    expect(await call(path, { body })).toMatchObject({ status: 400 });
    expect(settings.busted).toEqual([]);
  });

  it('T: the token in the header only, also from this machine', async () => {
    const { call, settings } = harness({ auth: { mode: 'loopback', token: TOKEN } });
    for (const body of [{ phone: PHONE }, { phone: PHONE, node_token: TOKEN }])
      expect(await call(path, { body, from: '127.0.0.1', token: null })).toMatchObject({ status: 401 });
    expect(settings.busted).toEqual([]);
  });
});

describe('settings §3 the GET routes', () => {
  it('refresh-settings gives the look-ups 3 s and answers what applies then', async () => {
    const { call, settings } = harness();
    settings.known = READ;
    expect(await call('/api/refresh-settings')).toMatchObject({
      status: 200,
      body: {
        success: true,
        message: expect.any(String),
        whatsappSettings: { use_facebook_api: true, last_fetched: ENGINE_TIME },
        messageSettings: { ...PACING, last_fetched: PACING_TIME },
      },
    });
    expect(settings.limits).toEqual([3_000]);
  });

  it('current-message-settings', async () => {
    const { call, settings } = harness();
    settings.known = READ;
    expect((await call('/api/current-message-settings')).body).toEqual({
      success: true,
      settings: { ...PACING, bw_msg_gap_ms: 540_000, last_fetched: PACING_TIME },
    });
  });

  it('current-settings tells whether there are credentials, never which', async () => {
    const { call, settings } = harness();
    settings.known = READ;
    expect((await call('/api/current-settings')).body).toEqual({
      success: true,
      settings: { use_facebook_api: true, has_facebook_credentials: true, last_fetched: ENGINE_TIME },
    });
  });

  it.each(['refresh-settings', 'current-message-settings', 'current-settings'])('%s needs a caller', async (route) => {
    expect(await harness().call(`/api/${route}`, { token: null })).toMatchObject({ status: 401 });
    const { settings } = (await harness().call('/api/current-settings')).body as { settings: object };
    expect(settings).toEqual({ use_facebook_api: false, has_facebook_credentials: false, last_fetched: null });
  });
});
