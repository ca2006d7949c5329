/** The listener over real sockets: SV1 limits, SV2 JSON from Node itself, SV3 an orderly end. */
import { connect } from 'node:net';
import pino from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createInspector } from '../../../src/actors/inspector/inspector.ts';
import type { HttpDeps } from '../../../src/http/app.ts';
import { type HttpServer, listen, type ServerOptions } from '../../../src/http/server.ts';
import { numberMachine } from '../../../src/machines/number.ts';
import { harness, PHONE, TOKEN } from './harness.ts';

const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)));
});

async function serve(options: Partial<ServerOptions> = {}, deps: Partial<HttpDeps> = {}) {
  const bridge = harness(deps);
  const log = pino({ level: 'silent' });
  const server = await listen(bridge.app, { port: 0, clock: systemClock, log, ...options });
  open.push(server);
  return { ...bridge, server, base: `http://127.0.0.1:${server.port}` };
}

/** Writes pieces with pauses and collects what comes back until the server ends the connection (or `ms` are over). */
function raw(
  port: number,
  pieces: readonly (string | number)[],
  ms = 9_000,
): Promise<{ text: string; tookMs: number }> {
  return new Promise((resolve) => {
    const began = Date.now();
    let text = '';
    const write = async () => {
      for (const piece of pieces) {
        if (typeof piece === 'string') socket.write(piece);
        else await new Promise((go) => setTimeout(go, piece));
      }
    };
    const socket = connect(port, '127.0.0.1', () => void write());
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, tookMs: Date.now() - began });
    };
    const timer = setTimeout(end, ms);
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', end);
  });
}

const SEND = `POST /api/send-message/${PHONE} HTTP/1.1\r\nHost: localhost\r\nX-Node-Token: ${TOKEN}\r\nContent-Type: application/json\r\n`;
const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
const jsonOf = (text: string) => JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? 'null') as unknown;

describe('a request over a socket', () => {
  it('is routed with its peer address: no token from this machine is 401 in token mode, 200 in development', async () => {
    const { base } = await serve();
    expect((await fetch(`${base}/api/client-status/${PHONE}`)).status).toBe(401);
    const development = await serve({}, { auth: { mode: undefined, token: '' } });
    expect((await fetch(`${development.base}/api/client-status/${PHONE}`)).status).toBe(200);
    const headers = { 'X-Forwarded-For': '127.0.0.1' };
    expect((await fetch(`${development.base}/api/client-status/${PHONE}`, { headers })).status).toBe(401);
  });

  it('listens on all interfaces', async () => {
    const { server } = await serve();
    const reply = await fetch(`http://[::1]:${server.port}/`).catch(() => undefined);
    if (reply) expect(reply.status).toBe(200);
    expect((await fetch(`http://127.0.0.2:${server.port}/`)).status).toBe(200);
  });

  it('C-01 raw path tricks never reach a number', async () => {
    const { server, numbers } = await serve();
    const paths = [
      ...['/api/terminate-client/..%2f..%2fauth', '/api/terminate-client/../terminate-client/constructor'],
      ...['/api/terminate-client/%2e%2e%2f%2e%2e/', '/api/terminate-client/\\..\\', '//api/terminate-client/1234567'],
      ...[
        '/api/terminate-client/1234567%00',
        '/api/terminate-client/1234567/..',
        'http://evil.example/api/terminate-client/x',
      ],
      ...[
        '/api/terminate-client/1234567;a',
        '/api//terminate-client/1234567',
        '/node/node/api/terminate-client/1234567',
      ],
    ];
    for (const path of paths) {
      const { text } = await raw(server.port, [
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Node-Token: ${TOKEN}\r\nConnection: close\r\n\r\n`,
      ]);
      expect([400, 404], `${path}: ${text}`).toContain(statusOf(text));
      expect(jsonOf(text), path).toMatchObject({ error: expect.any(String) });
    }
    expect(numbers.calls).toEqual([]);
  });
});

describe('SV1 slow and endless requests', () => {
  it('headers that do not end are cut off with 408', async () => {
    const { server } = await serve({ headersMs: 200, requestMs: 400 });
    const { text, tookMs } = await raw(server.port, ['GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 8_000, 'x']);
    expect(statusOf(text)).toBe(408);
    expect(jsonOf(text)).toEqual({ error: 'Request Timeout', message: expect.any(String) });
    expect(tookMs).toBeLessThan(7_000);
  });

  it('a body that does not arrive is cut off, and no number hears of it', async () => {
    const { server, numbers } = await serve({ headersMs: 200, requestMs: 400 });
    const { text, tookMs } = await raw(server.port, [`${SEND}Content-Length: 1000\r\n\r\n{"message":"`, 8_000, 'x']);
    expect([408, 400]).toContain(statusOf(text));
    expect(tookMs).toBeLessThan(7_000);
    expect(numbers.calls).toEqual([]);
  });

  it('a caller that hangs up in mid-body leaves no trace and no error', async () => {
    const { server, numbers, logged } = await serve();
    await raw(server.port, [`${SEND}Content-Length: 1000\r\n\r\n{"message":"`, 50], 100);
    await new Promise((go) => setTimeout(go, 50));
    expect(numbers.calls).toEqual([]);
    expect(logged.join('')).not.toContain('failed');
  });
});

describe('body limit over sockets', { timeout: 60_000 }, () => {
  const big = 51 * 1024 * 1024;

  it('announced 51 MB: 413 before the body is sent', async () => {
    const { server, numbers } = await serve();
    const { text } = await raw(server.port, [`${SEND}Content-Length: ${big}\r\n\r\n{`], 300);
    expect(statusOf(text)).toBe(413);
    expect(jsonOf(text)).toEqual({ error: 'Payload Too Large', message: expect.any(String) });
    expect(numbers.calls).toEqual([]);
  });

  it('B1 chunked without a length: 413 as soon as 50 MB are exceeded', async () => {
    const { base, numbers } = await serve();
    const piece = new TextEncoder().encode(' '.repeat(1024 * 1024));
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 120) controller.close();
        else controller.enqueue(piece);
      },
    });
    const headers = { 'X-Node-Token': TOKEN, 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers, body, duplex: 'half' } as const;
    const reply = await fetch(`${base}/api/send-message/${PHONE}`, init).catch((error: Error) => error);
    // The server may cut the connection while the caller is still sending; what it never does is take it all.
    if (reply instanceof Response) expect(reply.status).toBe(413);
    expect(sent).toBeLessThan(120);
    expect(numbers.calls).toEqual([]);
  });

  it('a stranger cannot make the bridge hold a large body: 401 at once', async () => {
    const { server } = await serve();
    const request = SEND.replace(TOKEN, 'wrong');
    const { text } = await raw(server.port, [`${request}Content-Length: ${big}\r\n\r\n{`], 300);
    expect(statusOf(text)).toBe(401);
  });

  it('49 MB work', async () => {
    const { base } = await serve();
    const body = JSON.stringify({
      targetPhoneNumber: '4915112345678',
      message: 'x',
      filler: 'y'.repeat(49 * 1024 * 1024),
    });
    const headers = { 'X-Node-Token': TOKEN, 'Content-Type': 'application/json' };
    expect((await fetch(`${base}/api/send-message/${PHONE}`, { method: 'POST', headers, body })).status).toBe(200);
  });
});

describe('SV2 what Node refuses is JSON too', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a broken header', 'GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['two lengths', `${SEND}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
    ['length and chunked', `${SEND}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['broken chunks', `${SEND}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`, 400],
    ['headers of 20 kB', `GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b@c\r\nConnection: close\r\n\r\n', 400],
  ])('%s', async (_, request, status) => {
    const { server, numbers } = await serve();
    const { text } = await raw(server.port, [request], 1_500);
    expect(statusOf(text), text).toBe(status);
    if (text.includes('{')) expect(jsonOf(text)).toMatchObject({ error: expect.any(String) });
    expect(numbers.calls).toEqual([]);
  });
});

describe('FD3 inspector streams over sockets', () => {
  it('a page that is closed frees its place; closing the inspector ends the others', async () => {
    const inspector = createInspector(numberMachine, systemClock);
    const { base, server } = await serve({}, { inspector });
    const headers = { 'X-Node-Token': TOKEN };
    for (let round = 0; round < 3; round += 1) {
      const controller = new AbortController();
      const pages = Array.from({ length: 8 }, () =>
        fetch(`${base}/inspector/stream`, { headers, signal: controller.signal }),
      );
      await expect.poll(async () => (await Promise.all(pages)).every(({ status }) => status === 200)).toBe(true);
      expect((await fetch(`${base}/inspector/stream`, { headers })).status).toBe(503);
      controller.abort();
      const isFree = async () => {
        const stream = inspector.watch();
        await stream?.cancel();
        return stream !== undefined;
      };
      await expect.poll(isFree).toBe(true);
      await new Promise((go) => setTimeout(go, 100));
    }
    const page = await fetch(`${base}/inspector/stream`, { headers });
    inspector.close();
    expect(await page.text()).toMatch(/^event: snapshot/);
    const began = Date.now();
    await server.close(5_000);
    expect(Date.now() - began).toBeLessThan(4_000);
  });
});

describe('SV3 close', () => {
  const slow = (ms: number) => (request: { to: string }) =>
    new Promise<{ kind: 'sent'; id: string; to: string }>((resolve) =>
      setTimeout(() => resolve({ kind: 'sent', id: 'A1', to: request.to }), ms),
    );
  const send = (base: string) =>
    fetch(`${base}/api/send-message/${PHONE}`, {
      method: 'POST',
      headers: { 'X-Node-Token': TOKEN, 'Content-Type': 'application/json' },
      body: JSON.stringify({ targetPhoneNumber: '4915112345678', message: 'x' }),
    });

  it('lets a running request finish, takes no new one, and ends as soon as it is done', async () => {
    const { base, server, numbers } = await serve();
    numbers.sendAnswer = slow(300);
    const running = send(base);
    await expect.poll(() => numbers.calls.length).toBe(1);
    const began = Date.now();
    const closed = server.close(5_000);
    await expect(fetch(`${base}/`)).rejects.toThrow();
    const reply = await running;
    expect(reply.status).toBe(200);
    await reply.text();
    await closed;
    expect(Date.now() - began).toBeLessThan(4_000);
  });

  it('cuts what is left at the deadline', async () => {
    const { base, server, numbers } = await serve();
    numbers.sendAnswer = slow(20_000);
    const running = send(base).catch((error: Error) => error);
    await expect.poll(() => numbers.calls.length).toBe(1);
    const began = Date.now();
    await server.close(150);
    expect(Date.now() - began).toBeLessThan(1_500);
    expect(await running).toBeInstanceOf(Error);
  });

  it('idle connections do not delay it, and it can be called twice', async () => {
    const { server, base } = await serve();
    await (await fetch(`${base}/`)).text();
    const began = Date.now();
    await Promise.all([server.close(5_000), server.close(5_000)]);
    expect(Date.now() - began).toBeLessThan(4_000);
  });

  it('connections that never said anything do not delay it', async () => {
    const { server } = await serve();
    const silent = connect(server.port, '127.0.0.1');
    await new Promise((go) => silent.once('connect', go));
    await new Promise((go) => setTimeout(go, 50));
    const began = Date.now();
    await server.close(5_000);
    expect(Date.now() - began).toBeLessThan(4_000);
    silent.destroy();
  });

  it('a port in use is reported', async () => {
    const { server } = await serve();
    await expect(serve({ port: server.port })).rejects.toThrow(/EADDRINUSE/);
  });
});
