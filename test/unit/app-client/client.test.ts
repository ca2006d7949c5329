import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { client, startApp } from '../../property/outbox/app.ts';

const SECRET = 'token-0123456789abcdef';
const call = { timeoutMs: 5000 };

describe('app client (contract README §3)', () => {
  it('sends token and Accept; leaves the token header out when unset or empty', async () => {
    const app = await startApp(() => ({}));
    await client(app.url, systemClock, SECRET).post('/api/x', { a: 1 }, call);
    await client(app.url, systemClock).get('/api/y', { phone: '+55', q: 'a b' }, call);
    await client(app.url, systemClock, '').post('/api/z', '{"raw":true}', call);
    const [x, y, z] = app.seen;
    expect(x?.headers).toMatchObject({
      'x-node-token': SECRET,
      accept: 'application/json',
      'content-type': 'application/json',
    });
    expect(x?.body).toEqual({ a: 1 });
    expect(y?.headers).not.toHaveProperty('x-node-token');
    expect(y?.path).toBe('/api/y?phone=%2B55&q=a+b');
    expect(z?.headers).not.toHaveProperty('x-node-token');
    expect(z?.body).toEqual({ raw: true });
    await app.close();
  });

  it('answers are values: status, body and Retry-After, also for errors and for what is no JSON', async () => {
    const app = await startApp(({ path }) =>
      path === '/api/503' ? { status: 503, headers: { 'retry-after': '7' }, body: { message: 'no' } } : { body: 'x' },
    );
    const to = client(app.url, systemClock);
    expect(await to.post('/api/503', {}, call)).toEqual({
      kind: 'answer',
      status: 503,
      body: { message: 'no' },
      retryAfter: '7',
    });
    expect(await to.post('/api/ok', {}, call)).toEqual({ kind: 'answer', status: 200, body: 'x' });
    await app.close();
  });

  it('C2: a redirect is an answer, not followed', async () => {
    const app = await startApp(() => ({ status: 302, headers: { location: '/api/elsewhere' } }));
    expect(await client(app.url, systemClock).post('/api/x', {}, call)).toMatchObject({ kind: 'answer', status: 302 });
    expect(app.seen).toHaveLength(1);
    await app.close();
  });

  it('C1, C3: refused, cut before and within the answer, timeout and abort are values without secrets', async () => {
    const app = await startApp(({ path }) =>
      path === '/before' ? { cut: 'before' } : path === '/within' ? { cut: 'within' } : { delayMs: 2000 },
    );
    const to = client(app.url, systemClock, SECRET);
    const body = { text: 'private words' };
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    const refused = await client('http://127.0.0.1:9', systemClock, SECRET).post('/x', body, call);
    const answers = [
      refused,
      await to.post('/before', body, call),
      await to.post('/within', body, call),
      await to.post('/slow', body, { timeoutMs: 50 }),
      await to.post('/slow', body, { timeoutMs: 5000, signal: abort.signal }),
      await to.post('/slow', body, { timeoutMs: 5000, signal: abort.signal }),
    ];
    expect(answers.map((answer) => answer.kind === 'no answer' && answer.why)).toEqual([
      'unreachable',
      'unreachable',
      'unreachable',
      'timeout',
      'aborted',
      'aborted',
    ]);
    expect(refused).toMatchObject({ detail: 'ECONNREFUSED' });
    expect(JSON.stringify(answers)).not.toMatch(/token-|private|127\.0/);
    await app.close();
  });

  it('C1: the deadline covers a body that never ends', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"ok"'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const started = performance.now();
    const answer = await client(`http://127.0.0.1:${port}`, systemClock).post('/x', {}, { timeoutMs: 200 });
    expect(answer).toMatchObject({ kind: 'no answer', why: 'timeout' });
    expect(performance.now() - started).toBeLessThan(2000);
    server.close();
  });
});
