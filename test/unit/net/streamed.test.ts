import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toolCaller } from '../../../src/actors/voice/tools.ts';
import type { AssistantTool } from '../../../src/app-client/voice-calls.ts';
import { systemClock } from '../../../src/clock.ts';
import { Egress } from '../../../src/net/egress.ts';
import { guardedRequest } from '../../../src/net/guarded-request.ts';
import { streams, type StreamedCall } from '../../../src/net/streamed.ts';
import { eventually } from '../../helpers/eventually.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

type Request = { method: string; url: string; headers: IncomingMessage['headers']; body: string };
let server: Server;
let base: string;
let requests: Request[];
let respond: (response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      respond(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
  respond = (response) => response.end('fine');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const soon = (what: string, probe: () => boolean) => eventually(probe, { what, withinMs: 5_000, everyMs: 5 });

describe('a streamed POST', () => {
  const http = streams(systemClock);
  afterAll(() => http.close());
  const post = (part: Partial<StreamedCall> = {}, client = http) => {
    const taken: string[] = [];
    const ended = client.post({
      ...{ url: `${base}/speak?x=1`, headers: { authorization: 'Token secret' }, body: '{"a":1}', timeoutMs: 5_000 },
      signal: new AbortController().signal,
      take: (bytes) => taken.push(Buffer.from(bytes).toString()),
      ...part,
    });
    return { ended, taken };
  };

  it('ST2 hands on bytes while they come', async () => {
    let finish: (() => void) | undefined;
    respond = (response) => {
      response.write('first');
      finish = () => response.end('second');
    };
    const { ended, taken } = post();
    await soon('the first bytes', () => taken.length === 1);
    finish?.();
    expect(await ended).toBeUndefined();
    expect(taken).toEqual(['first', 'second']);
    expect(requests[0]).toMatchObject({ method: 'POST', url: '/speak?x=1', body: '{"a":1}' });
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Token secret', 'content-type': 'application/json' });
  });

  it.each([
    ['another status', 'HTTP 401', (response: ServerResponse) => response.writeHead(401).end('secret')],
    ['a redirect', 'HTTP 302', (response: ServerResponse) => response.writeHead(302, { location: base }).end()],
  ])('ST2, ST3 %s is no audio: %s', async (_, why, how) => {
    respond = how;
    const { ended, taken } = post();
    expect([await ended, taken.length, requests.length]).toEqual([why, 0, 1]);
  });

  it('ST4 what breaks before the answer begins is asked once more, and no more', async () => {
    let broken = 1;
    respond = (response) => (broken-- > 0 ? response.destroy() : response.end('fine'));
    const first = post();
    expect([await first.ended, first.taken, requests.length]).toEqual([undefined, ['fine'], 2]);
    broken = 9;
    expect([await post().ended, requests.length]).toEqual(['UND_ERR_SOCKET', 4]);
    respond = (response) => {
      response.write('half');
      setImmediate(() => response.destroy());
    };
    expect([await post().ended, requests.length]).toEqual(['UND_ERR_SOCKET', 5]);
  });

  it('ST1 ends by its signal, also in the middle and before the beginning', async () => {
    respond = (response) => void response.write('half');
    const stop = new AbortController();
    const { ended, taken } = post({ signal: stop.signal });
    await soon('the first bytes', () => taken.length === 1);
    stop.abort();
    expect(await ended).toBe('aborted');
    expect(await post({ signal: stop.signal }).ended).toBe('aborted');
    expect(requests.length).toBe(1);
  });

  it('ST1 ends by its deadline, also in the middle', async () => {
    respond = (response) => void response.write('half');
    const time = new SimulatedTime();
    const client = streams(time);
    const { ended, taken } = post({}, client);
    await soon('the first bytes', () => taken.length === 1);
    time.advance(5_000);
    expect([await ended, time.pending]).toEqual(['timeout', 0]);
    await client.close();
  });

  it('ST3 nobody there', async () => {
    expect(await post({ url: 'http://127.0.0.1:1/secret' }).ended).toBe('ECONNREFUSED');
  });
});

describe('a guarded request', () => {
  const own = () => new Egress({ appUrl: base, allowHosts: [] });
  const ask = (address: string, egress: Egress, clock = systemClock as SimulatedTime | typeof systemClock) =>
    guardedRequest(address, { egress, clock, method: 'GET', headers: {}, timeoutMs: 3_000, largest: 100 });

  it('is refused where the guard refuses, and nothing leaves', async () => {
    const elsewhere = new Egress({
      appUrl: 'https://app.example',
      allowHosts: [],
      resolve: () => Promise.resolve(['10.0.0.1']),
    });
    expect((await ask(base, elsewhere)).kind).toBe('no answer');
    expect((await ask('https://intranet.example', elsewhere)).kind).toBe('no answer');
    expect(requests).toEqual([]);
  });

  it('GR1 goes to the address that was checked, and follows no redirect', async () => {
    const { port } = new URL(base);
    const named = new Egress({
      appUrl: `http://app.test:${port}`,
      allowHosts: [],
      resolve: () => Promise.resolve(['127.0.0.1']),
    });
    expect(await ask(`http://app.test:${port}/x`, named)).toEqual({ kind: 'answer', status: 200, text: 'fine' });
    respond = (response) => response.writeHead(302, { location: `${base}/secret` }).end();
    expect(await ask(base, own())).toMatchObject({ kind: 'answer', status: 302 });
    expect(requests.map(({ url }) => url)).toEqual(['/x', '/']);
  });

  it('GR2 more than the limit is no answer, nor is what comes too late', async () => {
    respond = (response) => response.end('x'.repeat(101));
    expect((await ask(base, own())).kind).toBe('no answer');
    respond = (response) => void response.write('x');
    const time = new SimulatedTime();
    const late = ask(base, own(), time);
    await soon('it was asked', () => requests.length === 2);
    time.advance(3_000);
    expect(await late).toEqual({ kind: 'no answer', why: 'timeout' });
    // A resolver that hangs.
    const stuck = ask(
      'https://slow.example',
      new Egress({ appUrl: base, allowHosts: [], resolve: () => new Promise(() => undefined) }),
      time,
    );
    await time.advanceAsync(3_000);
    expect([await stuck, time.pending]).toEqual([{ kind: 'no answer', why: 'timeout' }, 0]);
  });
});

describe('V-16 a tool of an assistant', () => {
  const call = (tool: Partial<AssistantTool>, appUrl = base) => {
    const callTool = toolCaller({ egress: new Egress({ appUrl, allowHosts: [] }), clock: systemClock });
    const whole = {
      name: 't',
      triggers: [],
      method: 'GET' as const,
      url: `${base}/t?a=1`,
      headers: {},
      parameters: {},
      ...tool,
    };
    return callTool(whole, whole.parameters, new AbortController().signal);
  };
  const parameters = { city: 'Köln & Bonn', days: 3, deep: { x: [1] }, now: true };

  it.each(['GET', 'DELETE'] as const)('%s has its parameters in the query', async (method) => {
    expect(await call({ method, parameters, headers: { 'x-key': 'k' } })).toBe('fine');
    const [request] = requests;
    expect(Object.fromEntries(new URL(request?.url ?? '', base).searchParams)).toEqual({
      ...{ a: '1', city: 'Köln & Bonn', days: '3', deep: '{"x":[1]}', now: 'true' },
    });
    expect([request?.method, request?.body, request?.headers['x-key']]).toEqual([method, '', 'k']);
  });

  it.each(['POST', 'PUT', 'PATCH'] as const)('%s has them as JSON', async (method) => {
    expect(await call({ method, parameters })).toBe('fine');
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual(parameters);
    expect(requests[0]).toMatchObject({ method, url: '/t?a=1', headers: { 'content-type': 'application/json' } });
  });

  it('TO1 TO2 a private address, an error, a header that is none and an answer over 64 KB are no answer', async () => {
    expect(await call({}, 'https://app.example')).toBeUndefined();
    expect(await call({ url: 'no url' })).toBeUndefined();
    expect(await call({ headers: { 'bad header': 'x\n' } })).toBeUndefined();
    expect(requests).toEqual([]);
    respond = (response) => response.writeHead(500).end('fine');
    expect(await call({})).toBeUndefined();
    respond = (response) => response.end('x'.repeat(64 * 1024 + 1));
    expect(await call({})).toBeUndefined();
  });
});
