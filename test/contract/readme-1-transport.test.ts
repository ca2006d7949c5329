/** Contract README §1: transport and body rules. */
import { describe, expect, it } from 'vitest';
import { harness, PHONE } from '../unit/http/harness.ts';

const SEND = `/api/send-message/${PHONE}`;
const text = { targetPhoneNumber: '4915112345678', message: 'hello' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('README §1 :phone', () => {
  const hostile = [
    ...['..%2f', '..%2F..%2Fetc%2Fpasswd', '%2e%2e%2f1234567', '..%5c..%5c', '%00', '%0a1234567', '1234567%0a', '%zz'],
    ...['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'undefined', 'null', 'NaN'],
    ...[
      '12345',
      '1'.repeat(21),
      '1'.repeat(40),
      '++1234567',
      '+',
      '-1234567',
      '12345a7',
      '1e10',
      '%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6',
    ],
    ...['1234567%20', '%201234567', '123%204567', '5511987654321@s.whatsapp.net', '5511987654321:1'],
  ];

  it.each(hostile)('C-01 C-05 %s is 400 on every route and touches nothing', async (phone) => {
    const { call, numbers } = harness();
    for (const route of [
      'initialize-client',
      'client-status',
      'terminate-client',
      'check-connection',
      'get-pairing-code',
    ]) {
      const reply = await call(`/api/${route}/${phone}`);
      expect([reply.status, reply.body]).toEqual([400, { error: 'Invalid phone number' }]);
    }
    for (const route of ['unlink-client', 'send-message']) {
      const reply = await call(`/api/${route}/${phone}`, { body: text });
      expect([reply.status, reply.body]).toEqual([400, { error: 'Invalid phone number' }]);
    }
    expect(numbers.calls).toEqual([]);
  });

  it('C-05 prototype names never look connected', async () => {
    const { call } = harness();
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect((await call(`/api/client-status/${name}`)).text).not.toContain('connected');
    }
    const { body } = await call('/api/clients-status', { body: { phones: ['constructor', '__proto__', 'toString'] } });
    expect(body).toEqual({ ok: true, count: 0, statuses: {} });
  });

  it.each(['+5511987654321', '%2B5511987654321', PHONE])('%s is the bare digits inside', async (phone) => {
    const { call } = harness();
    expect((await call(`/api/client-status/${phone}`)).body).toMatchObject({ phoneNumber: PHONE });
  });

  it.each(['123456', '1'.repeat(20)])('%s is accepted: 6-20 digits', async (phone) => {
    expect((await harness().call(`/api/client-status/${phone}`)).status).toBe(200);
  });
});

describe('README §1 request bodies', () => {
  it.each([
    ['none', undefined],
    ['an empty text', ''],
    ['blanks', '  \n'],
    ['[]', '[]'],
    ['null', 'null'],
    ['{}', '{}'],
  ])('%s equals {}', async (_, body) => {
    const { call, numbers } = harness();
    const reply = await call(`/api/unlink-client/${PHONE}`, { method: 'POST', ...(body !== undefined && { body }) });
    expect(reply.status).toBe(200);
    expect(numbers.calls).toEqual([['unlink', PHONE]]);
  });

  it.each(['{', '{"a":', 'hello', '"text"', '12', 'true', '[1]', '[{}]', "{'a':1}", '\u0000', '{"a":1}}'])(
    'malformed JSON is 400 Bad Request: %s',
    async (body) => {
      const { call, numbers } = harness();
      const reply = await call(SEND, { body });
      expect(reply.status).toBe(400);
      expect(reply.body).toEqual({ error: 'Bad Request', message: expect.any(String) });
      expect(numbers.calls).toEqual([]);
    },
  );

  it('C-08 the answer to malformed JSON does not repeat it', async () => {
    const { call, logged } = harness();
    const reply = await call(SEND, { body: '{"message":"my-secret-text' });
    expect(reply.text).not.toContain('secret');
    expect(logged.join('')).not.toContain('secret');
  });

  it('a body over 50 MB is 413 Payload Too Large', async () => {
    const { call, numbers } = harness();
    const body = JSON.stringify({ ...text, filler: 'x'.repeat(50 * 1024 * 1024) });
    const reply = await call(SEND, { body });
    expect([reply.status, reply.body]).toEqual([413, { error: 'Payload Too Large', message: expect.any(String) }]);
    expect(numbers.calls).toEqual([]);
  });

  it('a body just under 50 MB is read', async () => {
    const body = JSON.stringify({ ...text, filler: 'x'.repeat(50 * 1024 * 1024 - 200) });
    expect((await harness().call(SEND, { body })).status).toBe(200);
  });

  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.api+json'])(
    '%s is JSON',
    async (type) => {
      const reply = await harness().call(SEND, { body: text, headers: { 'Content-Type': type } });
      expect(reply.status).toBe(200);
    },
  );

  it.each(['text/plain', 'multipart/form-data; boundary=x', 'application/jsonp', 'application/xml'])(
    '%s is no body at all, not an error of its own',
    async (type) => {
      const reply = await harness().call(SEND, { body: text, headers: { 'Content-Type': type } });
      expect([reply.status, reply.body]).toEqual([400, { error: 'Recipient missing' }]);
    },
  );

  it('urlencoded bodies work, also with lists', async () => {
    const { call, numbers } = harness();
    const sent = await call(SEND, { body: 'targetPhoneNumber=4915112345678&message=a+b%26c', headers: form });
    expect(sent.status).toBe(200);
    expect(numbers.calls.at(-1)?.[1]).toMatchObject({ content: { kind: 'text', text: 'a b&c' } });
    for (const body of ['phones[]=4915112345678&phones[]=123456', 'phones[0]=4915112345678&phones[1]=123456']) {
      const { body: reply } = await call('/api/clients-status', { body, headers: form });
      expect(reply).toMatchObject({ ok: true, count: 2 });
    }
  });

  it('the json wrapper is read when truthy, provider from both places', async () => {
    const { call, numbers } = harness();
    expect((await call(SEND, { body: { json: text } })).status).toBe(200);
    expect((await call(SEND, { body: { ...text, json: null } })).status).toBe(200);
    expect((await call(SEND, { body: { ...text, json: [] } })).status).toBe(400);
    expect((await call(SEND, { body: { provider: 'waba', json: text } })).status).toBe(422);
    expect((await call(SEND, { body: { json: { ...text, provider: 'waba' } } })).status).toBe(422);
    expect(numbers.calls).toHaveLength(2);
  });

  it('unknown fields are ignored', async () => {
    const body = { ...text, recipientAttributes: [], nonsense: { deep: [1] }, workspace_id: null };
    expect((await harness().call(SEND, { body })).status).toBe(200);
  });

  it('B3 __proto__ in a body changes no object and grants nothing', async () => {
    const { call, numbers } = harness();
    const json = `{"__proto__":{"polluted":1,"targetPhoneNumber":"4915112345678"},"constructor":{"prototype":{"polluted":1}}}`;
    expect((await call(SEND, { body: json })).status).toBe(400);
    const encoded = '__proto__[polluted]=1&constructor[prototype][polluted]=1&a[__proto__][polluted]=1&targetJid=x';
    expect((await call(SEND, { body: encoded, headers: form })).status).toBe(400);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(numbers.calls).toEqual([]);
  });
});

describe('README §1 responses', () => {
  it.each([
    '/nothing',
    '/api/nothing',
    '/api',
    '/api/',
    '/API/client-status/5511987654321',
    '/api/instagram-flow/start',
  ])('unknown route %s is 404 Not Found', async (path) => {
    const reply = await harness().call(path);
    expect([reply.status, reply.body]).toEqual([404, { error: 'Not Found' }]);
  });

  it('a known path with another method is 404', async () => {
    const { call, numbers } = harness();
    expect((await call(SEND)).status).toBe(404);
    expect((await call(`/api/initialize-client/${PHONE}`, { method: 'POST' })).status).toBe(404);
    expect(numbers.calls).toEqual([]);
  });

  it('C-08 an unhandled error is a generic 500; only the log knows more', async () => {
    const { call, vitals, logged } = harness();
    vitals.phase = () => {
      throw new Error('database password is 1234');
    };
    const reply = await call(`/api/client-status/${PHONE}`);
    expect(reply.status).toBe(500);
    expect(reply.body).toEqual({
      error: 'Internal Server Error',
      message: expect.any(String),
      requestId: reply.headers.get('x-request-id'),
    });
    expect(reply.text).not.toContain('password');
    expect(logged.join('')).toContain('failed outside its route');
  });

  it('one leading /node is removed, and only one', async () => {
    const { call } = harness();
    for (const path of ['/node', '/node/', '/node/health', `/node/api/client-status/${PHONE}`]) {
      expect((await call(path)).status, path).toBe(200);
    }
    for (const path of ['/node/node', '/nodes', '/nodehealth']) expect((await call(path)).status, path).toBe(404);
    expect((await call(`/node/api/client-status/${PHONE}`, { token: null })).status).toBe(401);
  });
});

describe('README §1 CORS', () => {
  const allowed = [
    ...['http://localhost', 'http://localhost:5173', 'https://127.0.0.1:8000', 'https://app.example.com'],
    ...['https://admin.example.com', 'chrome-extension://abcdef', 'moz-extension://123-456'],
  ];
  const refused = [
    ...['https://evil.example', 'null', 'http://localhost.evil.example', 'https://app.example.com.evil.example'],
    ...['http://app.example.com', 'https://app.example.com:8443', 'http://127.0.0.1.evil.example', 'file://'],
  ];

  it.each(allowed)('%s may read answers', async (origin) => {
    const { headers } = await harness().call('/', { headers: { Origin: origin } });
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('vary')).toBe('Origin');
  });

  it.each(refused)('%s may not, also when no list is configured', async (origin) => {
    for (const allowedOrigins of [[], ['https://admin.example.com', 'about:blank', 'nonsense']]) {
      const { call } = harness({ allowedOrigins });
      const { headers, status } = await call('/', { headers: { Origin: origin } });
      expect(status).toBe(200);
      expect(headers.get('access-control-allow-origin')).toBeNull();
      const preflight = await call(SEND, { method: 'OPTIONS', token: null, headers: { Origin: origin } });
      expect(preflight.status).toBe(403);
      expect(preflight.headers.get('access-control-allow-methods')).toBeNull();
    }
  });

  it('OPTIONS passes without token and tells methods and headers', async () => {
    const { call, numbers } = harness();
    const options = { method: 'OPTIONS', token: null } as const;
    expect((await call(SEND, options)).status).toBe(204);
    const { status, headers } = await call(SEND, { ...options, headers: { Origin: 'https://app.example.com' } });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE');
    expect(headers.get('access-control-allow-headers')).toBe(
      'Content-Type, Authorization, X-Node-Token, X-Requested-With',
    );
    expect(numbers.calls).toEqual([]);
  });
});
