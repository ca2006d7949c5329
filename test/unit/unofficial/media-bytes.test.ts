import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Route } from '../../../src/actors/engines/unofficial/proxy.ts';
import { throughProxy } from '../../../src/net/proxy.ts';
import { startHttpProxy } from '../../loopback/proxies/http-connect.ts';
import { startSocks5Proxy } from '../../loopback/proxies/socks5.ts';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mediaBytes } from '../../../src/actors/engines/unofficial/inbound/media-bytes.ts';
import { Reuploads } from '../../../src/actors/engines/unofficial/inbound/media-reupload.ts';
import type { Attachment } from '../../../src/app-client/inbound-content.ts';
import type { Clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';

const lines: string[] = [];
const log = createLog({ level: 'info', stream: { write: (line) => void lines.push(line) } });
/** Waits are over at once. */
const clock: Clock = {
  now: () => 0,
  setTimeout: (run, ms) => ({ id: ms < 10_000 ? setImmediate(run) : undefined }),
  clearTimeout: ({ id }) => clearImmediate(id as NodeJS.Immediate),
};
let route: Route = { kind: 'direct' };
const fetcherOf = (host: string) =>
  mediaBytes({ host, reuploads: new Reuploads(clock, log), routeOf: () => route, clock, log });
const fetcher = fetcherOf('127.0.0.1:9');

const mediaKey = randomBytes(32);
const attachment = (directPath: string, more: Partial<Attachment> = {}): Attachment => ({
  file: 'f',
  source: {
    ...{ kind: 'whatsapp', account: '1', directPath, media: 'image', mediaKey: mediaKey.toString('base64') },
    message: { chat: '2@lid', id: 'A', fromMe: false },
  },
  ...more,
});

/** As a sender's phone does it (facts/loopback-whatsapp §13). */
function encrypted(plain: Buffer): Buffer {
  const all = keys();
  const cipher = createCipheriv('aes-256-cbc', all.subarray(16, 48), all.subarray(0, 16));
  return signed(Buffer.concat([cipher.update(plain), cipher.final()]));
}

const keys = () => Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), 'WhatsApp Image Keys', 112));

function signed(body: Buffer): Buffer {
  const all = keys();
  const mac = createHmac('sha256', all.subarray(48, 80)).update(all.subarray(0, 16)).update(body).digest();
  return Buffer.concat([body, mac.subarray(0, 10)]);
}

describe('media bytes', () => {
  const fetch = async (wanted: Attachment, from = fetcher): Promise<[boolean, string[]]> => {
    const folder = mkdtempSync(join(tmpdir(), 'media-bytes-'));
    lines.length = 0;
    try {
      const got = await from.fetch(wanted, join(folder, 'f'), new AbortController().signal);
      return [got, lines.map((line) => String((JSON.parse(line) as { reason?: string }).reason))];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it.each(['//evil.example/v/1', '/\\evil.example/v/1', 'https://evil.example/v/1', '@evil.example/', ''])(
    'MB1 (SSRF): a path that leads to another host is never asked: %j',
    async (path) => {
      expect(await fetch(attachment(path))).toEqual([false, Array(3).fill('the path leads elsewhere')]);
    },
  );

  it.each([
    ['http', startHttpProxy],
    ['socks5', startSocks5Proxy],
  ] as const)('MB4 clients §9: %s: through the proxy, or not at all', async (type, start) => {
    const account = { username: 'user:1', password: 'pass@word/2' };
    const proxy = await start(account);
    // It answers nothing that is TLS: only who comes, and through what, matters here.
    const visits: string[] = [];
    const host = createServer((socket) => {
      visits.push('came');
      socket.end('no TLS here');
    }).listen(0, '127.0.0.1');
    await once(host, 'listening');
    const address = host.address() as { port: number };
    const name = `127.0.0.1:${address.port}`;
    const from = fetcherOf(name);
    const outOf = (password: string) =>
      throughProxy({ type, host: '127.0.0.1', port: proxy.port, username: account.username, password });
    const outs = [outOf(account.password), outOf('wrong')] as const;
    try {
      route = { kind: 'proxy', out: outs[0] };
      expect((await fetch(attachment('/v/1'), from))[0]).toBe(false);
      expect(proxy.tunnels).toEqual(Array(3).fill(name));
      expect(visits).toHaveLength(3);
      route = { kind: 'proxy', out: outs[1] };
      await fetch(attachment('/v/1'), from);
      route = { kind: 'blocked', why: 'no such proxy' };
      expect(await fetch(attachment('/v/1'), from)).toEqual([false, Array(3).fill('no such proxy')]);
      expect(visits).toHaveLength(3);
    } finally {
      route = { kind: 'direct' };
      for (const out of outs) out.close();
      host.close();
      await proxy.close();
    }
  });

  it('MB3: a host that cannot be reached is tried three times', async () => {
    expect(await fetch(attachment('/v/1'))).toEqual([
      false,
      Array(3).fill('the server could not be reached, or broke off'),
    ]);
  });

  it('MB2: what claims to be larger than 16 MiB is not asked for', async () => {
    expect(await fetch(attachment('/v/1', { bytes: 16 * 1_048_576 + 1 }))).toEqual([false, []]);
  });

  it('gives back what the sender saw, and nothing for a changed, cut or foreign one', () => {
    const stored = encrypted(Buffer.from('a picture'));
    expect(fetcher.open(attachment('/v/1'), stored)?.toString()).toBe('a picture');
    const changed = Buffer.from(stored);
    changed[3] = (changed[3] ?? 0) ^ 1;
    for (const wrong of [changed, stored.subarray(0, -1), Buffer.alloc(0), randomBytes(64)])
      expect(fetcher.open(attachment('/v/1'), wrong)).toBeUndefined();
  });

  it('MB6 (C-60): the sender has the key, so the MAC may fit what is no medium: no bytes, no fault', () => {
    const cipher = createCipheriv('aes-256-cbc', keys().subarray(16, 48), keys().subarray(0, 16)).setAutoPadding(false);
    for (const body of [cipher.update(Buffer.alloc(32)), randomBytes(33)])
      expect(fetcher.open(attachment('/v/1'), signed(body))).toBeUndefined();
  });
});
