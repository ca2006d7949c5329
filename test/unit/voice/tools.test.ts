/** The URLs of an assistant, over a real server. Contract voice §8.5. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toolCaller } from '../../../src/actors/voice/tools.ts';
import { systemClock } from '../../../src/clock.ts';
import { Egress } from '../../../src/net/egress.ts';

let server: Server;
let asked: { readonly headers: IncomingHttpHeaders; readonly raw: readonly string[] }[];

beforeEach(async () => {
  asked = [];
  server = createServer(({ headers, rawHeaders: raw }, response) => {
    asked.push({ headers, raw: raw.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()) });
    response.end('42');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function called(method: 'GET' | 'POST', headers: Record<string, string>): Promise<string | undefined> {
  const appUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${appUrl}/stock`;
  const call = toolCaller({ egress: new Egress({ appUrl, allowHosts: [] }), clock: systemClock });
  const tool = { name: 'stock', triggers: [], method, url, headers, parameters: {} };
  return call(tool, { item: 'shoes' }, new AbortController().signal);
}

it.each([
  [{}, 'application/json'],
  [{ 'Content-Type': 'application/vnd.shop+json' }, 'application/vnd.shop+json'],
  [{ 'CONTENT-TYPE': 'text/plain', 'X-Key': 'k' }, 'text/plain'],
])('V-16: a body has one type, the author’s own if he names one: %j', async (headers, type) => {
  expect(await called('POST', headers)).toBe('42');
  expect(asked[0]?.headers['content-type']).toBe(type);
  expect(asked[0]?.raw.filter((name) => name === 'content-type')).toHaveLength(1);
});

it.each([{ 'x-key': 'a€' }, { 'x-key': 'a\nb' }, { 'content-length': '1' }, { 'bad name': 'x' }])(
  'TO2: %j cannot be sent, which is no answer and no error',
  async (headers) => {
    expect(await called('POST', headers)).toBeUndefined();
  },
);
