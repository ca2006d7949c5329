/** Contract clients §9 on the whole bridge: all that a number does goes through its proxy, and the app hears how that goes. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { call } from '../helpers/json-http.ts';
import { Stage } from '../helpers/stage.ts';
import type { Bridge } from '../helpers/bridge.ts';
import { startHttpProxy } from '../loopback/proxies/http-connect.ts';
import { type IpEcho, startIpEcho } from '../loopback/proxies/ip-echo.ts';
import type { Proxy } from '../loopback/proxies/proxy.ts';
import { startSocks5Proxy } from '../loopback/proxies/socks5.ts';

const PHONE = '5511987654321';
const CONTACT = '491701234567';
const account = { username: 'user:1', password: 'pass@word/2' };
const PDF = Buffer.from('%PDF ').toString('base64');

let stage: Stage;
let bridge: Bridge;
let echo: IpEcho;
/** Paired before the bridge has ever heard of the app, and without a proxy there. */
let plain: string;
beforeAll(async () => {
  stage = await Stage.forTest();
  echo = await startIpEcho();
  await stage.world.appMode('500');
  const paired = await stage.paired(1, { PROXY_PROBE_URL: echo.url });
  bridge = paired.bridge;
  plain = paired.phones[0] ?? expect.fail('no number was paired');
  for (const phone of [PHONE, CONTACT]) await stage.world.addPhone(phone);
});
afterAll(async () => {
  expect(await stage.world.violations()).toEqual([]);
  await stage.strike();
  await echo.close();
});

const control = async (path: string, body: object) => {
  const { status } = await call(`${stage.world.control}${path}`, { body });
  expect(status).toBeLessThan(300);
};
/** The app gives the number this proxy. */
const through = (type: 'http' | 'socks5', { port }: Pick<Proxy, 'port'>) =>
  control('/app/settings', { phone: PHONE, proxy: { enabled: true, type, host: '127.0.0.1', port, ...account } });
const bodies = async (path: string) =>
  (await stage.world.appRequests({ path })).map(({ body }) => body as Record<string, unknown>);
const statuses = async () => (await bodies('update-status')).map(({ status }) => status);
const reconnect = async () => {
  const again = stage.world.nextLogin(PHONE);
  await stage.world.closeNumber(PHONE, 'tcp');
  await again;
  await bridge.allConnected([PHONE], 30_000);
};
/** Both ways: an upload and a download. */
const exchange = async () => {
  const media = { targetPhoneNumber: CONTACT, file_base64: PDF, filetype: 'application/pdf', fileName: 'a.pdf' };
  const sent = await bridge.call(`/api/send-media-only/${PHONE}`, { body: media, timeoutMs: 20_000 });
  expect(sent).toMatchObject({ status: 200, body: { message: 'MEDIA SENT SUCCESSFULLY' } });
  const id = await stage.world.contactSends(CONTACT, { to: PHONE, document: { base64: PDF, fileName: 'b.pdf' } });
  const told = await eventually(
    async () => (await bodies('inbound-message')).find((body) => body['wa_message_id'] === id),
    { what: 'the app has the document', withinMs: 15_000 },
  );
  expect(told['media_base64']).toBe(PDF);
};

it('the app away and never heard of: no number goes out before its first answer, then by itself', async () => {
  const why = async () => (await bridge.call(`/api/client-history/${plain}`)).body;
  await eventually(async () => JSON.stringify(await why()).includes('the app has not said yet'), {
    what: 'the number is held back',
    withinMs: 15_000,
  });
  expect(await bridge.connected([plain])).toEqual([]);
  await stage.world.appMode('ok');
  await bridge.allConnected([plain], 60_000);
}, 180_000);

it('pairing, reconnects, uploads and downloads go through it; a dead one is `Connection Failed`, never a direct connection', async () => {
  const proxies = { http: await startHttpProxy(account), socks5: await startSocks5Proxy(account) };
  await through('http', proxies.http);
  await stage.world.scan(PHONE, await bridge.qr(PHONE));
  await bridge.allConnected([PHONE], 30_000);
  for (const type of ['http', 'socks5'] as const) {
    await through(type, proxies[type]);
    await reconnect();
    const before = proxies[type].tunnels.length;
    await exchange();
    const { WHATSAPP_MEDIA_HOST: host } = stage.world.env;
    // A tunnel for the upload and one for the download.
    expect(proxies[type].tunnels.slice(before)).toEqual([host, host]);
  }
  expect(await bodies('devices/proxy-result')).toEqual([
    { phone_number: PHONE, proxy_status: 'ok', proxy_egress_ip: '127.0.0.1' },
    { phone_number: PHONE, proxy_status: 'ok', proxy_egress_ip: '127.0.0.1' },
  ]);

  await proxies.socks5.close();
  await proxies.http.close();
  await stage.world.closeNumber(PHONE, 'tcp');
  await bridge.call(`/api/terminate-client/${PHONE}`);
  const from = (await statuses()).length;
  const starting = bridge.call(`/api/initialize-client/${PHONE}`, { timeoutMs: 35_000 });
  await eventually(async () => (await statuses()).slice(from).includes('Connection Failed'), {
    what: 'the app hears of it',
    withinMs: 15_000,
  });
  expect((await bodies('devices/proxy-result')).at(-1)).toMatchObject({
    phone_number: PHONE,
    proxy_status: 'unreachable',
  });

  const alive = await startHttpProxy(account);
  await through('http', alive);
  expect(await starting).toMatchObject({ status: 200, body: { status: 'connected' } });
  expect((await bodies('devices/proxy-result')).at(-1)).toMatchObject({ proxy_status: 'ok' });
  await exchange();
  await alive.close();
}, 180_000);

it('the app away at a later start: what it said last holds, none as well', async () => {
  await bridge.kill9();
  await stage.world.appMode('500');
  await bridge.restart();
  await bridge.allConnected([plain], 60_000);
  expect(await bodies('devices/proxy-result')).not.toContainEqual(expect.objectContaining({ phone_number: plain }));
}, 180_000);
