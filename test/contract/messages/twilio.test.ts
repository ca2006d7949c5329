/** Contract messages §1.2, §1.3, §10 through a running bridge and the loopback Twilio (C-55). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Bridge } from '../../helpers/bridge.ts';
import { CommonStage, NO_FAULTS } from '../../helpers/common-stage.ts';
import { call } from '../../helpers/json-http.ts';

const PHONE = '5511912345679';
const TO = '4915112345678';
const seen = z.array(
  z.object({ form: z.record(z.string(), z.string()), status: z.number(), sid: z.string().optional() }),
);

let common: CommonStage;
let bridge: Bridge;
let count = 0;

const control = (path: string, body?: unknown) =>
  call(`${common.stage.world.control}${path}`, body === undefined ? {} : { body });
const send = (route: string, body: object, headers: Record<string, string> = {}) =>
  bridge.call(`/api/${route}/${PHONE}`, { body: { targetPhoneNumber: TO, provider: 'twilio', ...body }, headers });

/** What Twilio was asked since the last look. */
async function reached() {
  const all = seen.parse((await control('/twilio/requests')).body);
  const fresh = all.slice(count);
  count = all.length;
  return fresh;
}

beforeAll(async () => {
  common = await CommonStage.enter();
  ({ bridge } = common);
  const twilio_account_sid = `AC${'0'.repeat(32)}`;
  const credentials = { twilio_account_sid, twilio_auth_token: 'twilio-token', twilio_from_number: `+${PHONE}` };
  await control('/app/settings', { phone: PHONE, use_twilio: true, ...credentials });
});
afterAll(async () => {
  expect(await common.leave()).toEqual(NO_FAULTS);
});

describe('messages §10 through the bridge', () => {
  it('a text: 200 with the sid twice, form fields, the status callback as the app verifies it', async () => {
    const { status, body } = await send('send-message', { message: 'hello' });
    const [request] = await reached();
    const sid = request?.sid;
    expect([status, body]).toEqual([
      200,
      { success: true, message: 'MESSAGE SENT SUCCESSFULLY', id: sid, messageId: sid },
    ]);
    const StatusCallback = `${common.stage.world.env['APP_DOMAIN_NAME']}/api/twilio/status`;
    const addresses = { From: `whatsapp:+${PHONE}`, To: `whatsapp:+${TO}` };
    expect(request?.form).toEqual({ ...addresses, Body: 'hello', StatusCallback });
  });

  it('C-55 a location with the body that Twilio wants; media by its public link', async () => {
    expect((await send('send-location', { latitude: 1, longitude: '2.5000000' })).status).toBe(200);
    expect((await send('send-media-message', { file: 'https://93.184.216.34/a.png', caption: 'look' })).status).toBe(
      200,
    );
    const [pin, image] = await reached();
    expect(pin?.form).toMatchObject({ PersistentAction: expect.stringMatching(/^geo:1,2\.5/), Body: 'Location' });
    expect(image?.form).toMatchObject({ MediaUrl: 'https://93.184.216.34/a.png', Body: 'look' });
  });

  it('§3 media without a public link: 422 and no request', async () => {
    const file_base64 = Buffer.from('bytes').toString('base64');
    const media = { file_base64, filetype: 'image/png', fileName: 'a.png' };
    for (const route of ['send-media-only', 'send-media-message'])
      expect(await send(route, media)).toMatchObject({
        status: 422,
        body: { success: false, error: 'Twilio needs a public media URL' },
      });
    expect(await reached()).toEqual([]);
  });

  it('a refusal: 500 with the code; one request', async () => {
    await control('/twilio/mode', { error: { code: 63016, status: 400 } });
    const { status, body } = await send('send-message', { message: 'late' });
    await control('/twilio/mode', {});
    expect(status).toBe(500);
    expect(body).toMatchObject({ success: false, error: expect.stringContaining('63016'), errorCode: 63016 });
    expect(await reached()).toHaveLength(1);
  });

  it('a connection that breaks after the message: 504, and an equal key does not send it again', async () => {
    await control('/twilio/mode', { cut: true });
    const headers = { 'idempotency-key': 'once' };
    const first = await send('send-message', { message: 'in doubt' }, headers);
    await control('/twilio/mode', {});
    const second = await send('send-message', { message: 'in doubt' }, headers);
    expect([first.status, second.status]).toEqual([504, 504]);
    expect(await reached()).toHaveLength(1);
  });
});
