/** Contract README §3: Standard Webhooks signatures, against a verifier that was written from the specification. */
import { afterEach, describe, expect, it } from 'vitest';
import { appClient } from '../../../src/app-client/client.ts';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { signer } from '../../../src/app-client/signing.ts';
import { systemClock } from '../../../src/clock.ts';
import { appAgent } from '../../../src/net.ts';
import { type AppPeer, startAppPeer } from '../../loopback/app/app-peer.ts';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import {
  eventually,
  fastClock,
  inbound,
  quiet,
  receipt,
  ROOMY,
  tempStore,
  written,
} from '../../property/outbox/app.ts';

const ENCODED = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const PLAIN = 'a plain secret of ours: ü€😀';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function appWith(secret: string): Promise<AppPeer> {
  const app = await startAppPeer({ signingSecret: secret });
  cleanups.push(() => app.close());
  return app;
}

const clientOf = (app: AppPeer, signingSecret: string, clock = systemClock) =>
  appClient({ baseUrl: app.url, token: app.token, signingSecret, clock, connections: appAgent(8) });

const headersOf = (app: AppPeer) => app.requests().map(({ headers }) => headers);

describe('README §3 Standard Webhooks', () => {
  it("agrees with the specification's own example", () => {
    const sign = signer('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const headers = sign('msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}', 1_614_265_330_500);
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it.each([ENCODED, PLAIN])('C4 every POST is signed over the bytes that are sent: %s', async (secret) => {
    const app = await appWith(secret);
    const client = clientOf(app, secret);
    await client.post('/api/node-heartbeat', { devices: [], text: 'ü€😀\ud800"\\' }, { timeoutMs: 5_000 });
    await client.post('/api/node-heartbeat', '{"devices":[], "raw": "ü"}', { timeoutMs: 5_000, id: 'evt_1' });
    await client.get('/api/whatsapp-message-settings', {}, { timeoutMs: 5_000 });
    const [ticks, raw, get] = headersOf(app);
    expect(ticks?.['webhook-signature']).toMatch(/^v1,/);
    expect(raw?.['webhook-id']).toBe('evt_1');
    expect(ticks?.['webhook-id']).not.toBe(raw?.['webhook-id']);
    expect(get).not.toHaveProperty('webhook-id');
    expect(app.violations().filter(({ problem }) => problem.startsWith('webhook'))).toEqual([]);
  });

  it('another secret does not verify, and without one nothing is signed', async () => {
    const app = await appWith(ENCODED);
    await clientOf(app, PLAIN).post('/api/node-heartbeat', { devices: [] }, { timeoutMs: 5_000 });
    expect(app.violations()).toMatchObject([{ problem: 'webhook-signature: none that holds' }]);
    const plain = appClient({ baseUrl: app.url, token: app.token, clock: systemClock, connections: appAgent(8) });
    await plain.post('/api/node-heartbeat', { devices: [] }, { timeoutMs: 5_000 });
    expect(headersOf(app).at(-1)).not.toHaveProperty('webhook-id');
  });

  it('SG1 the id stays over retries and a restart, the timestamp is that of the attempt; media are signed with the rest', async () => {
    const app = await appWith(ENCODED);
    const temp = tempStore();
    cleanups.push(() => temp.remove());
    // Seconds pass quickly, but stay within the receiver's tolerance.
    const clock = fastClock(20);
    const attachments = {
      ...NO_ATTACHMENTS,
      withBytes: <T>(_: unknown, use: (b: string) => Promise<T>) => use('AAAA'),
    };
    const open = () => {
      const store = temp.open();
      const outbox = openOutbox({ ...ROOMY, client: clientOf(app, ENCODED, clock), clock, log: quiet, attachments });
      const close = async () => {
        await outbox.drain(100);
        await written(store);
        await store.close();
      };
      return { outbox, queue: outbox.attach('data', store), close };
    };
    const medium = inbound('5511999990000', 'M1');
    const attachment = {
      file: 'f',
      source: { kind: 'whatsapp', account: '1', directPath: '/v', media: 'image', mediaKey: '' },
    };
    Object.assign(attachment.source, { message: { chat: '2@lid', id: 'M1', fromMe: false } });
    Object.assign(medium, { content: { kind: 'media', type: 'image', mime: 'image/png', caption: '', attachment } });

    await app.mode({ mode: '500' });
    const first = open();
    await first.queue.append([medium, inbound('5511999990001', 'T1'), receipt('R1', 'read', 'single')]);
    await eventually(() => app.requests({ path: 'inbound-message' }).length >= 4);
    await first.close();
    const second = open();
    await app.mode({ mode: 'ok' });
    await eventually(() => second.outbox.stats().pending === 0);
    await second.close();

    expect(app.violations()).toEqual([]);
    const idsOf = (id: string) =>
      new Set(app.requests().flatMap((r) => (r.id === id ? [r.headers['webhook-id']] : [])));
    const ids = ['M1', 'T1'].map((id) => [...idsOf(id)]);
    expect(ids.map(({ length }) => length)).toEqual([1, 1]);
    expect(new Set(ids.flat()).size).toBe(2);
    const [chat, campaign] = ['chat/message-status', 'campaigns/update-status-by-id'].map(
      (path) => app.requests({ path }).at(-1)?.headers['webhook-id'],
    );
    expect(campaign).toBe(`${chat}_2`);
    const times = app.requests().flatMap((r) => (r.id === 'M1' ? [Number(r.headers['webhook-timestamp'])] : []));
    expect(times.length).toBeGreaterThan(2);
    expect(times.at(-1)).toBeGreaterThan(times[0] ?? 0);
  });
});
