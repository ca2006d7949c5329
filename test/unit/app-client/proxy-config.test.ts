import { describe, expect, it } from 'vitest';
import type { AppAnswer } from '../../../src/app-client/client.ts';
import { proxyLookup } from '../../../src/app-client/proxy-config.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const A = '5511987654321';
const proxy = { enabled: true, type: 'socks5', host: 'proxy.example.com', port: 1080, username: 'u', password: 'p' };
const time = new SimulatedTime();

const ask = (...answers: AppAnswer[]) => {
  const asked: string[] = [];
  const get = async (path: string): Promise<AppAnswer> => {
    asked.push(path);
    return answers.shift() ?? { kind: 'no answer', why: 'unreachable', detail: 'none left' };
  };
  return { asked, lookup: proxyLookup({ get }, time) };
};
const ok = (body: unknown, status = 200): AppAnswer => ({ kind: 'answer', status, body });

describe('clients §9: GET /api/devices/proxy-config', () => {
  it.each([
    ['no proxy', { ok: true, proxy: { enabled: false } }, { kind: 'none' }],
    ['off in PHP', { ok: true, proxy: { enabled: '0', host: 'x' } }, { kind: 'none' }],
    [
      'a proxy',
      { ok: true, proxy },
      {
        kind: 'proxy',
        address: { type: 'socks5', host: 'proxy.example.com', port: 1080, username: 'u', password: 'p' },
      },
    ],
    [
      'a proxy in PHP',
      { ok: true, proxy: { ...proxy, enabled: 1, type: 'HTTP', port: '3128', username: null, password: 42 } },
      {
        kind: 'proxy',
        address: { type: 'http', host: 'proxy.example.com', port: 3128, username: '', password: '42' },
      },
    ],
    [
      'PC2 an unknown type',
      { ok: true, proxy: { ...proxy, type: 'vpn' } },
      { kind: 'unusable', why: expect.any(String) },
    ],
    ['PC2 no host', { ok: true, proxy: { ...proxy, host: null } }, { kind: 'unusable', why: expect.any(String) }],
    [
      'PC2 a host with a path',
      { ok: true, proxy: { ...proxy, host: 'a/b' } },
      { kind: 'unusable', why: expect.any(String) },
    ],
    ['PC1 a page', '<html>', { kind: 'unavailable' }],
    ['PC1 a refusal', { ok: false }, { kind: 'unavailable' }],
  ])('%s', async (_, body, setting) => {
    const { asked, lookup } = ask(ok(body));
    expect(await lookup(A)).toEqual(setting);
    expect(asked).toEqual([`/api/devices/proxy-config/${A}`]);
  });

  it('PC1 a status other than 200 is no answer; 404 is that of an app without this route', async () => {
    const off = { ok: true, proxy: { enabled: false } };
    for (const status of [401, 403, 500, 503])
      expect(await ask(ok(off, status)).lookup(A)).toEqual({ kind: 'unavailable' });
    expect(await ask(ok(off, 404)).lookup(A)).toEqual({ kind: 'not offered' });
  });

  it('PC3 a slow app is asked once in 30 s, one that refuses connections each time', async () => {
    const timeout = { kind: 'no answer', why: 'timeout', detail: 'x' } as const;
    const slow = ask(timeout, ok({ ok: true, proxy: { enabled: false } }));
    for (let i = 0; i < 5; i++) expect(await slow.lookup(A)).toEqual({ kind: 'unavailable' });
    expect(slow.asked).toHaveLength(1);
    await time.advanceAsync(31_000);
    expect(await slow.lookup(A)).toEqual({ kind: 'none' });
    const down = ask();
    await down.lookup(A);
    await down.lookup(A);
    expect(down.asked).toHaveLength(2);
  });
});
