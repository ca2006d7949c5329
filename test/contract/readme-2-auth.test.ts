/** Contract README §2: authentication app → bridge. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AuthMode } from '../../src/http/auth.ts';
import { type Caller, harness, PHONE, TOKEN } from '../unit/http/harness.ts';

const STATUS = `/api/client-status/${PHONE}`;
const LIST = '/api/clients-status';
const list = { phones: [PHONE] };
const local = { from: '127.0.0.1', token: null } as const;
const unauthorized = [401, { ok: false, error: 'unauthorized' }];
const forbidden = [403, { ok: false, error: 'forbidden_origin' }];

const bridge = (mode: AuthMode, token = TOKEN) => harness({ auth: { mode, token } });
const answerTo = async ({ call }: ReturnType<typeof harness>, path: string, caller: Caller) => {
  const { status, body } = await call(path, caller);
  return status < 300 ? status : [status, body];
};

describe('README §2 table of modes', () => {
  const cases: [mode: AuthMode, token: string, caller: Caller, expected: unknown][] = [
    [undefined, TOKEN, {}, 200],
    [undefined, TOKEN, { token: null }, unauthorized],
    [undefined, TOKEN, local, unauthorized],
    [undefined, '', local, 200],
    [undefined, '', { ...local, from: '::1' }, 200],
    [undefined, '', { ...local, from: '::ffff:127.0.0.1' }, 200],
    [undefined, '', { ...local, from: '127.9.8.7' }, 200],
    [undefined, '', { token: null }, unauthorized],
    [undefined, '', {}, unauthorized],
    ['token', TOKEN, {}, 200],
    ['token', TOKEN, local, unauthorized],
    ['token', '', local, unauthorized],
    ['token', '', { from: '127.0.0.1' }, unauthorized],
    ['loopback', TOKEN, {}, 200],
    ['loopback', TOKEN, local, 200],
    ['loopback', TOKEN, { from: '127.0.0.1', token: 'wrong' }, 200],
    ['loopback', TOKEN, { token: null }, unauthorized],
    ['off', TOKEN, { token: null }, 200],
    ['off', '', { token: null }, 200],
  ];

  it.each(cases)('%s, token %j, caller %j', async (mode, token, caller, expected) => {
    expect(await answerTo(bridge(mode, token), STATUS, caller)).toEqual(expected);
  });

  it.each([
    '203.0.113.7',
    '10.0.0.1',
    '::',
    '::ffff:10.0.0.1',
    '128.0.0.1',
    '127.0.0.1.evil',
    '2001:db8::1',
    '0.0.0.0',
  ])('PE2 a peer at %s is not local', async (from) => {
    expect(await answerTo(bridge('loopback'), STATUS, { from, token: null })).toEqual(unauthorized);
  });

  it('a missing peer address is not local', async () => {
    const { app } = bridge('loopback');
    expect((await app.request(STATUS, { headers: { host: 'localhost' } })).status).toBe(401);
  });

  it('warns at start in development and with off, and never prints the token', () => {
    expect(bridge(undefined, '').logged.join('')).toContain('NODE_WEBHOOK_TOKEN is not set');
    const off = bridge('off').logged.join('');
    expect(off).toContain('NODE_API_AUTH=off');
    expect(off).not.toContain(TOKEN);
    expect(bridge('loopback').logged).toEqual([]);
  });
});

describe('C-02 a proxy on the same host is never loopback', () => {
  const forwarding = [
    ...['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'x-forwarded-anything'],
    ...['X-Real-IP', 'CF-Connecting-IP', 'X-FORWARDED-FOR'],
  ];
  it.each(forwarding)('%s', async (name) => {
    const proxied = { ...local, headers: { [name]: '127.0.0.1' } };
    expect(await answerTo(bridge('loopback'), STATUS, proxied)).toEqual(unauthorized);
    expect(await answerTo(bridge(undefined, ''), STATUS, proxied)).toEqual(unauthorized);
    expect(await answerTo(bridge(undefined, ''), LIST, { ...proxied, body: list })).toEqual(unauthorized);
    expect(await answerTo(bridge('loopback'), STATUS, { ...proxied, token: TOKEN })).toBe(200);
  });

  it.each([
    ['localhost', 200],
    ['localhost:3000', 200],
    ['LOCALHOST:3000', 200],
    ['127.0.0.1:8888', 200],
    ['[::1]:3000', 200],
    ['bridge.example.com', 200],
    ['bridge.example.com:443', 200],
    ['evil.example', forbidden],
    ['localhost.evil.example', forbidden],
    ['127.0.0.1.evil.example', forbidden],
    ['bridge.example.com.evil.example', forbidden],
    ['localhost@evil.example', forbidden],
    ['', forbidden],
  ])('a local peer with Host %j', async (host, expected) => {
    expect(await answerTo(bridge('loopback'), STATUS, { ...local, headers: { host } })).toEqual(expected);
  });

  it.each([
    ['http://localhost:5173', 200],
    ['https://app.example.com', 200],
    ['https://evil.example', forbidden],
    ['null', forbidden],
  ])('a local peer with Origin %s', async (origin, expected) => {
    expect(await answerTo(bridge('loopback'), STATUS, { ...local, headers: { Origin: origin } })).toEqual(expected);
    expect(await answerTo(bridge(undefined, ''), STATUS, { ...local, headers: { Origin: origin } })).toEqual(expected);
  });

  it('the two checks are for peers accepted by address only: the token passes', async () => {
    const headers = { host: 'evil.example', Origin: 'https://evil.example' };
    expect(await answerTo(bridge('loopback'), STATUS, { headers })).toBe(200);
    const body = { node_token: TOKEN };
    const path = `/api/unlink-client/${PHONE}`;
    expect(await answerTo(bridge('loopback'), path, { ...local, headers, body })).toBe(200);
  });
});

describe('README §2 token source', () => {
  const path = `/api/unlink-client/${PHONE}`;
  it.each([
    ['header', { body: {} }, 200],
    ['body field', { token: null, body: { node_token: TOKEN } }, 200],
    [
      'urlencoded body field',
      {
        token: null,
        body: `node_token=${TOKEN}`,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      },
      200,
    ],
    ['empty header, then body', { token: '', body: { node_token: TOKEN } }, 200],
    ['wrong header is not helped by the body', { token: 'wrong', body: { node_token: TOKEN } }, unauthorized],
    ['wrong body field', { token: null, body: { node_token: 'wrong' } }, unauthorized],
    ['empty body field', { token: null, body: { node_token: '' } }, unauthorized],
    ['list in the body', { token: null, body: { node_token: [TOKEN] } }, unauthorized],
    ['prototype trick', { token: null, body: `{"__proto__":{"node_token":"${TOKEN}"}}` }, unauthorized],
    ['malformed body', { token: null, body: `{"node_token":"${TOKEN}"` }, unauthorized],
  ] as const)('%s', async (_, caller, expected) => {
    expect(await answerTo(bridge('token'), path, caller)).toEqual(expected);
  });

  it('B4 of a caller without a token in the header only a body with few parts is parsed', async () => {
    const parsed = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parsed.mockRestore());
    const longest = () => Math.max(0, ...parsed.mock.calls.map(([text]) => String(text).length));
    const parts = (count: number) => `{"node_token":"${TOKEN}","more":[${'[],'.repeat(count)}[]]}`;
    const none = { token: null, headers: { 'Content-Type': 'application/json' } };
    for (const body of [parts(100_001), `{"more":"${'x'.repeat(1_000_000)}"}`]) {
      expect(await answerTo(bridge('token'), path, { ...none, body })).toEqual(unauthorized);
      expect(longest()).toBeLessThan(1_000);
    }
    expect(await answerTo(bridge('token'), path, { ...none, body: parts(90_000) })).toBe(200);
    const known = { headers: none.headers, body: parts(100_001) };
    expect(await answerTo(bridge('token'), path, known)).toBe(200);
    // A medium is long, but one part.
    const medium = { ...none, body: `{"node_token":"${TOKEN}","file_base64":"${'A'.repeat(4_000_000)}"}` };
    expect(await answerTo(bridge('token'), path, medium)).toBe(200);
    expect(longest()).toBeGreaterThan(4_000_000);
  });

  it('ST1, ST2 large bodies of strangers have 100 MB of room, all together; small ones and the header always', async () => {
    const { app, call } = bridge('token');
    const ends: (() => void)[] = [];
    const large = async (length: string | undefined) => {
      const stream = new ReadableStream({ start: (out) => void ends.push(() => out.close()) });
      const more = length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': length };
      const headers = { 'Content-Type': 'application/json', ...more };
      return app.request(path, { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit);
    };
    const length = String(30 * 1024 * 1024);
    const waiting = [large(length), large(length), large(length)];
    for (const size of [length, undefined]) {
      const refused = await large(size);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    }
    const headers = { 'Content-Type': 'application/json', 'content-length': length };
    expect((await call(path, { body: {}, headers })).status).toBe(200);
    const body = { node_token: TOKEN };
    expect((await call(path, { token: null, body, headers: { 'content-length': '65536' } })).status).toBe(200);
    expect((await call(path, { token: null, body, headers })).status).toBe(503);
    for (const end of ends) end();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([401, 401, 401]);
    expect((await call(path, { token: null, body, headers })).status).toBe(200);
  });

  it('no query parameter', async () => {
    for (const name of ['node_token', 'token', 'X-Node-Token']) {
      expect(await answerTo(bridge('token'), `${STATUS}?${name}=${TOKEN}`, { token: null })).toEqual(unauthorized);
    }
  });

  it('an empty token on either side never matches', async () => {
    expect(await answerTo(bridge('token', ''), path, { token: '', body: { node_token: '' } })).toEqual(unauthorized);
    expect(await answerTo(bridge('token'), path, { token: '', body: {} })).toEqual(unauthorized);
  });

  it('the guard covers every path under /api, before the path is looked at', async () => {
    for (const target of [
      '/api',
      '/api/',
      '/api/nothing',
      '/api/client-status/..%2f',
      '/%61pi/nothing',
      '/node/api/x',
    ]) {
      expect(await answerTo(bridge('token'), target, { token: null }), target).toEqual(unauthorized);
    }
  });
});

describe('C-07 token comparison', () => {
  const near = [
    TOKEN.slice(0, -1),
    `${TOKEN}x`,
    ` ${TOKEN}x`,
    TOKEN.toUpperCase(),
    TOKEN.slice(1),
    `${TOKEN}, ${TOKEN}`,
  ];
  it.each(near)('a near miss is refused on every kind of route: %s', async (token) => {
    const app = bridge('token');
    expect(await answerTo(app, STATUS, { token })).toEqual(unauthorized);
    expect(await answerTo(app, LIST, { token, body: list })).toEqual(unauthorized);
    expect((await app.call('/', { token })).body).not.toHaveProperty('messageSettings');
    expect(app.numbers.calls).toEqual([]);
  });

  it('happens in one place, over digests of one length', () => {
    const folder = new URL('../../src/http/', import.meta.url);
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const reading = sources.filter((name) => {
      const code = readFileSync(new URL(name, folder), 'utf8');
      return /header\('x-node-token'\)|\['node_token'\]|timingSafeEqual/i.test(code);
    });
    expect(reading).toEqual(['auth.ts']);
    expect(readFileSync(new URL('auth.ts', folder), 'utf8')).toMatch(/timingSafeEqual\(digest\(given\), wanted\)/);
  });
});

describe('README §2 T routes', () => {
  it.each([undefined, 'token', 'loopback', 'off'] as const)(
    'mode %s: the token is needed, from the header',
    async (mode) => {
      const app = bridge(mode);
      expect(await answerTo(app, LIST, { body: list })).toBe(200);
      expect(await answerTo(app, LIST, { ...local, body: list })).toEqual(unauthorized);
      expect(await answerTo(app, LIST, { token: null, body: { ...list, node_token: TOKEN } })).toEqual(unauthorized);
    },
  );

  it.each([undefined, 'loopback', 'off'] as const)('mode %s without a token: the development rule', async (mode) => {
    const app = bridge(mode, '');
    expect(await answerTo(app, LIST, { ...local, body: list })).toBe(200);
    expect(await answerTo(app, LIST, { token: null, body: list })).toEqual(unauthorized);
    const rebound = { ...local, body: list, headers: { host: 'evil.example' } };
    expect(await answerTo(app, LIST, rebound)).toEqual(forbidden);
  });
});
