/** Contract messages §1.3, §3, §9 through a running bridge and the loopback Graph API. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Bridge } from '../../helpers/bridge.ts';
import { CommonStage, NO_FAULTS } from '../../helpers/common-stage.ts';
import { call } from '../../helpers/json-http.ts';

const PHONE = '5511912345678';
const TO = '4915112345678';
const seen = z.array(z.object({ path: z.string(), body: z.unknown(), status: z.number(), id: z.string().optional() }));

let common: CommonStage;
let bridge: Bridge;
let count = 0;

const control = (path: string, body?: unknown) =>
  call(`${common.stage.world.control}${path}`, body === undefined ? {} : { body });
const settings = (fields: object) => control('/app/settings', { phone: PHONE, ...fields });
const mode = (body: object) => control('/graph/mode', body);
const send = (route: string, body: object, headers: Record<string, string> = {}) =>
  bridge.call(`/api/${route}/${PHONE}`, { body: { targetPhoneNumber: TO, ...body }, headers });

/** What reached Meta since the last look. */
async function reached() {
  const all = seen.parse((await control('/graph/requests')).body);
  const fresh = all.slice(count);
  count = all.length;
  return fresh;
}

beforeAll(async () => {
  common = await CommonStage.enter();
  ({ bridge } = common);
  await settings({ use_facebook_api: true, facebook_token: 'meta-token', facebook_phone_id: '109876543210' });
}, 60_000);
afterAll(async () => {
  expect(await common.leave()).toEqual(NO_FAULTS);
});

describe('messages §9 through the bridge', () => {
  it('a text: 200 {success, messageId, id}, the envelope of §9, the footer of §1.5', async () => {
    const { status, body } = await send('send-message', { message: 'hello', footer: 'Team' });
    const [request] = await reached();
    expect([status, body]).toEqual([200, { success: true, messageId: request?.id, id: request?.id }]);
    expect(request?.path).toBe('/v23.0/109876543210/messages');
    expect(request?.body).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: TO,
      biz_opaque_callback_data: expect.stringMatching(/^3EB0[0-9A-F]{18}$/),
      type: 'text',
      text: { body: 'hello\n\nTeam', preview_url: false },
    });
  });

  it('C-28 media of which only base64 exists is uploaded and sent by id; a location follows', async () => {
    const file_base64 = Buffer.from('a picture').toString('base64');
    const fields = { file_base64, filetype: 'image/png', caption: 'look', location: { lat: 1, lng: 2 } };
    expect((await send('send-media-message', fields)).status).toBe(200);
    await expect.poll(async () => seen.parse((await control('/graph/requests')).body).length).toBe(count + 3);
    const [upload, image, pin] = await reached();
    expect(upload).toMatchObject({ path: '/v23.0/109876543210/media', body: { type: 'image/png' } });
    expect(image?.body).toMatchObject({ type: 'image', image: { id: expect.any(String), caption: 'look' } });
    expect(pin?.body).toMatchObject({ type: 'location', location: { latitude: 1, longitude: 2 } });
  });

  it('a refusal: 500 {success:false, error} with code and trace; one request', async () => {
    await mode({ error: { code: 131047, status: 400, details: 'More than 24 hours have passed' } });
    const { status, body } = await send('send-message', { message: 'late' });
    const error = '131047: More than 24 hours have passed (code 131047, trace Atrace)';
    expect([status, body]).toEqual([500, { success: false, error }]);
    await mode({});
    expect(await reached()).toHaveLength(1);
  });

  it('a connection that breaks after the message: 504, and an equal key does not send it again', async () => {
    await mode({ cut: true });
    const headers = { 'idempotency-key': 'once' };
    const first = await send('send-message', { message: 'in doubt' }, headers);
    await mode({});
    const second = await send('send-message', { message: 'in doubt' }, headers);
    expect([first.status, second.status]).toEqual([504, 504]);
    expect(first.body).toMatchObject({ success: false, error: 'waba did not answer in time; outcome unknown' });
    expect(await reached()).toHaveLength(1);
  });

  it('a rotated token: settings are asked for again once, and the message goes out under the new one', async () => {
    await control('/graph/token', { token: 'rotated' });
    await settings({ use_facebook_api: true, facebook_token: 'rotated', facebook_phone_id: '109876543210' });
    expect((await send('send-message', { message: 'after' })).status).toBe(200);
    expect((await reached()).map(({ status }) => status)).toEqual([401, 200]);
  });

  it('killed in the middle of a call: a repeat under the same key is `unknown`, never a second message', async () => {
    await mode({ slowMs: 5_000 });
    const headers = { 'idempotency-key': 'killed' };
    const cut = send('send-message', { message: 'once only' }, headers).catch(() => undefined);
    await expect.poll(async () => seen.parse((await control('/graph/requests')).body).length).toBe(count + 1);
    await bridge.kill9();
    await cut;
    await mode({});
    await bridge.restart();
    expect((await send('send-message', { message: 'once only' }, headers)).status).toBe(504);
    expect(await reached()).toHaveLength(1);
  }, 30_000);
});
