/** What `POST /forget` of a world leaves, and a world that is asked without a socket (test/helpers/json-http.ts). */
// Before the library is loaded, as the other files of this process need it.
import './strict-signatures.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call } from '../../helpers/json-http.ts';
import { Providers } from '../../helpers/providers.ts';
import { World } from '../../helpers/world.ts';

const [PHONE, CUSTOMER] = ['5511987654321', '4915112345678'];
const TWILIO = `AC${'1'.repeat(32)}`;

let world: World;
beforeAll(async () => {
  world = await World.here();
});
afterAll(() => world.stop());

const control = (path: string, body?: object) => call(`${world.control}${path}`, body ? { body } : {});
const app = (path: string, body?: object) =>
  call(`${world.env['APP_DOMAIN_NAME']}${path}`, { headers: { 'x-node-token': world.token }, ...(body && { body }) });
const graph = (token: string, id = '109876543210') =>
  call(`${world.env['META_GRAPH_URL']}/v23.0/${id}/messages`, {
    headers: { authorization: `Bearer ${token}` },
    body: { messaging_product: 'whatsapp', to: CUSTOMER, type: 'text', text: { body: 'x' } },
  });
const twilio = (sid: string, token: string) =>
  call(`${world.env['TWILIO_API_URL']}/2010-04-01/Accounts/${sid}/Messages.json`, {
    headers: {
      authorization: `Basic ${btoa(`${sid}:${token}`)}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: `To=whatsapp:%2B${CUSTOMER}&From=whatsapp:%2B${PHONE}&Body=x`,
  });
const keyword = async () => (await app(`/api/keyword-replies?keyword=hi&mobile=${CUSTOMER}&phone=${PHONE}`)).body;
const gap = async () => (await app('/api/whatsapp-message-settings')).body;

it('app and vendors are as new after `forget`: what they were told, how they behave, and what they were asked', async () => {
  const asNew = { keyword: await keyword(), gap: await gap() };
  const providers = new Providers(world);
  await world.app('keyword', { keyword: 'hi', phone: PHONE, answer: { reply_type: 'custom', reply: 'hello' } });
  await world.app('message-settings', { msg_gap: 77 });
  await world.app('file', { path: '/uploads/a.png', base64: 'eA==', type: 'image/png' });
  await world.app('next-answer', { path: 'update-status', body: { ok: false } });
  await app('/api/nothing-of-this', {});
  await providers.accept('graph', '5', 'own-token');
  await providers.accept('twilio', TWILIO, 'own-token');
  await control('/graph/token', { token: 'rotated' });
  for (const vendor of ['graph', 'twilio']) await control(`/${vendor}/mode`, { error: { code: 1, status: 400 } });
  await providers.refuse({ vendor: 'graph', phone: PHONE, id: '7', token: '' }, { status: 429 });
  expect(await keyword()).not.toEqual(asNew.keyword);
  expect(await gap()).not.toEqual(asNew.gap);
  expect((await app('/uploads/a.png')).status).toBe(200);
  expect((await graph('rotated')).status).toBe(400);
  expect((await twilio(TWILIO, 'own-token')).status).toBe(400);
  expect(await world.violations()).not.toEqual([]);
  await world.appMode('down');

  await world.forget();
  expect([await world.appRequests(), await world.violations()]).toEqual([[], []]);
  for (const vendor of ['graph', 'twilio']) expect((await control(`/${vendor}/requests`)).body).toEqual([]);
  expect({ keyword: await keyword(), gap: await gap() }).toEqual(asNew);
  expect((await app('/uploads/a.png')).status).toBe(404);
  const status = { wid: PHONE, status: 'Ready' };
  expect((await app('/api/update-status', status)).body).toMatchObject({ ok: true });
  const answers = [graph('rotated'), graph('meta-token'), graph('own-token', '5'), graph('meta-token', '7')];
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([401, 200, 401, 200]);
  expect((await twilio(TWILIO, 'own-token')).status).toBe(401);
  expect((await twilio(`AC${'0'.repeat(32)}`, 'twilio-token')).status).toBe(201);
});

it('without a socket statuses, bodies and refusals are the same', async () => {
  const far = world.control.replace('127.0.0.1', 'localhost');
  const asked: [string, object?][] = [
    ['/app/requests?after=0'],
    ['/phones', { phone: PHONE }],
    ['/phones', { phone: 'nobody' }],
    ['/app/mode', { mode: 'sideways' }],
    ['/nowhere'],
  ];
  for (const [path, body] of asked) {
    const options = body ? { body } : {};
    expect([path, await call(`${world.control}${path}`, options)]).toEqual([
      path,
      await call(`${far}${path}`, options),
    ]);
  }
  expect(await call(`${world.control}/phones`, { body: '{"phone":' })).toEqual({
    ...{ status: 400, body: { error: 'the body is not JSON' } },
  });
  await expect(call(`${world.control}/numbers/${PHONE}/next-login`, { timeoutMs: 20 })).rejects.toThrow(/timeout/);
});
