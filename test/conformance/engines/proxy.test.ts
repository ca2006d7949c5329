/** Contract clients §9 over real proxies: unmodified Baileys, the loopback WhatsApp, an HTTP and a SOCKS5 proxy. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProxyAddress } from '../../../src/net/proxy.ts';
import { startHttpProxy } from '../../loopback/proxies/http-connect.ts';
import { type IpEcho, startIpEcho } from '../../loopback/proxies/ip-echo.ts';
import type { Proxy } from '../../loopback/proxies/proxy.ts';
import { startSocks5Proxy } from '../../loopback/proxies/socks5.ts';
import { CONTACT, PHONE, World } from './world.ts';

const account = { username: 'user:1', password: 'pass@word/2' };

describe('clients §9 per-number proxy', () => {
  let world: World;
  let echo: IpEcho;
  beforeEach(async () => {
    world = await World.start();
    echo = await startIpEcho();
    world.probeUrl = echo.url;
    // The engine is told the probe's address when it is made.
    world.restart();
  });
  afterEach(async () => {
    await world.stop();
    await echo.close();
  });
  const results = () => world.facts().filter((fact) => fact.kind === 'proxy');
  const through = (type: ProxyAddress['type'], { port }: Proxy, more: Partial<ProxyAddress> = {}) => {
    world.proxy = { kind: 'proxy', address: { type, host: '127.0.0.1', port, ...account, ...more } };
  };
  const whatsapp = () => new URL(world.whatsapp.url).host;

  it.each([
    ['http', startHttpProxy],
    ['socks5', startSocks5Proxy],
  ] as const)('%s: probed, then the WebSocket goes through it; the app hears of it once', async (type, start) => {
    const proxy = await start(account);
    const paired = await world.paired();
    await paired.handle.close();
    through(type, proxy);
    for (let i = 0; i < 2; i++) {
      const attempt = await world.login();
      expect(await attempt.send('through the proxy')).toMatchObject({ kind: 'sent' });
      await attempt.handle.close();
    }
    expect(proxy.tunnels).toEqual([new URL(echo.url).host, whatsapp(), new URL(echo.url).host, whatsapp()]);
    expect(results()).toEqual([{ kind: 'proxy', device: PHONE, status: 'ok', egressIp: '127.0.0.1' }]);
    await proxy.close();
  });

  it('a pairing goes through it, too', async () => {
    const proxy = await startHttpProxy(account);
    through('http', proxy);
    await world.paired();
    expect(proxy.tunnels.filter((target) => target === whatsapp())).toHaveLength(2);
    await proxy.close();
  });

  it.each([
    ['nobody listens', {}, 'ECONNREFUSED'],
    ['a wrong password', { password: 'wrong' }, 'HTTP 407'],
  ] as const)('PR2 fails closed: %s', async (what, more, error) => {
    const paired = await world.paired();
    await paired.handle.close();
    const before = world.whatsapp.number(PHONE).connections.length;
    const proxy = await startHttpProxy(account);
    through('http', proxy, more);
    if (what === 'nobody listens') await proxy.close();
    for (let i = 0; i < 2; i++) {
      const attempt = world.connect('login');
      const { reason } = await attempt.next('closed');
      expect(reason).toEqual({ text: `proxy: ${error}`, by: 'proxy' });
      await attempt.handle.close();
    }
    expect(world.whatsapp.number(PHONE).connections).toHaveLength(before);
    expect(results()).toEqual([{ kind: 'proxy', device: PHONE, status: 'unreachable', error }]);
    if (what !== 'nobody listens') await proxy.close();
  });

  it('PC2, PR2 a setting that makes no sense blocks', async () => {
    const paired = await world.paired();
    await paired.handle.close();
    world.proxy = { kind: 'unusable', why: "the proxy's port is not usable" };
    const attempt = world.connect('login');
    expect((await attempt.next('closed')).reason).toMatchObject({ by: 'proxy' });
  });

  it('PR1 the app is away: the last known proxy is used, also by a new process; taken back when the app says so', async () => {
    const proxy = await startHttpProxy(account);
    const paired = await world.paired();
    await paired.handle.close();
    through('http', proxy);
    await (await world.login()).handle.close();
    world.proxy = { kind: 'unavailable' };
    await world.leave();
    world.restart();
    const tunnels = proxy.tunnels.length;
    await (await world.login()).handle.close();
    expect(proxy.tunnels.length).toBe(tunnels + 2);
    await proxy.close();
    const blocked = world.connect('login');
    expect((await blocked.next('closed')).reason).toMatchObject({ by: 'proxy' });
    world.proxy = { kind: 'none' };
    const direct = await world.login();
    expect(await direct.send('directly', `${CONTACT}@s.whatsapp.net`)).toMatchObject({ kind: 'sent' });
    await direct.handle.close();
    world.proxy = { kind: 'unavailable' };
    await (await world.login()).handle.close();
  });

  it('PR2 the app was never heard about the number: no connection before its first answer, by QR or by login', async () => {
    const paired = await world.paired();
    await paired.handle.close();
    // As a login that was brought here from elsewhere.
    const { write, table } = world.stores.open(PHONE);
    await write((batch) => batch.remove(table('meta'), 'proxy'));
    await world.leave();
    world.restart();
    const before = world.whatsapp.number(PHONE).connections.length;
    world.proxy = { kind: 'unavailable' };
    const why = 'the app has not said yet whether this number has a proxy';
    for (const [mode, digits] of [
      ['login', PHONE],
      ['pair', '551133334444'],
    ] as const) {
      const attempt = world.connect(mode, digits);
      expect((await attempt.next('closed')).reason).toEqual({ text: why, by: 'proxy' });
      await attempt.handle.close();
    }
    expect(world.engine.mediaRoute(PHONE)).toEqual({ kind: 'blocked', why });
    expect(world.whatsapp.number(PHONE).connections).toHaveLength(before);
    world.proxy = { kind: 'none' };
    await (await world.login()).handle.close();
  });

  it('PR1 "no proxy" is remembered: the app is away, the number goes on, also in a new process; PR4 no probe', async () => {
    const paired = await world.paired();
    await paired.handle.close();
    world.proxy = { kind: 'unavailable' };
    await world.leave();
    world.restart();
    await (await world.login()).handle.close();
    expect(echo.asked).toEqual([]);
  });

  it('PR2 an app that has no such route has no proxies; what an earlier answer said still applies', async () => {
    world.proxy = { kind: 'not offered' };
    const paired = await world.paired();
    await paired.handle.close();
    const proxy = await startHttpProxy(account);
    through('http', proxy);
    await (await world.login()).handle.close();
    world.proxy = { kind: 'not offered' };
    const tunnels = proxy.tunnels.length;
    await (await world.login()).handle.close();
    expect(proxy.tunnels.length).toBe(tunnels + 2);
    await proxy.close();
  });

  it.each([
    ['http', startHttpProxy],
    ['socks5', startSocks5Proxy],
  ] as const)('%s: the first history is fetched through it, by name', async (type, start) => {
    const proxy = await start(account);
    through(type, proxy);
    world.whatsapp.applyFaults({ history: 'elsewhere' });
    const { handle } = await world.paired();
    await expect.poll(() => proxy.tunnels, { timeout: 10_000 }).toContain('mmg.whatsapp.net:443');
    await handle.close();
    await proxy.close();
  });
});
