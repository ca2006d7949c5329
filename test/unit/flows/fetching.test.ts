/** Guarded requests of flows over real sockets (contract flows §3.1; F-31, F-33). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { guardedFetch } from '../../../src/actors/flows/fetching.ts';
import { storedMedia } from '../../../src/actors/flows/reply-media.ts';
import type { ReplyMedia } from '../../../src/actors/flows/waits.types.ts';
import type { Attachment } from '../../../src/app-client/inbound-content.ts';
import { systemClock } from '../../../src/clock.ts';
import { Egress } from '../../../src/net/egress.ts';

let server: Server;
let port: number;
let serve: (request: IncomingMessage, body: string, response: ServerResponse) => void;
let asked: {
  method: string | undefined;
  host: string | undefined;
  path: string | undefined;
  body: string;
  type: string | undefined;
}[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { method, url: path, headers } = request;
      asked.push({ method, host: headers.host, path, body, type: headers['content-type'] });
      serve(request, body, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => new Promise((closed) => server.close(closed)));
beforeEach(() => {
  asked = [];
  serve = (_request, _body, response) => response.end('yes');
});

/** `app.test` is the app and `partner.test` is allowed, both on this machine; the answers of a name are used up. */
function fetcher(answers: string[] = ['127.0.0.1']) {
  const resolve = async () => [answers.length > 1 ? (answers.shift() ?? '') : (answers[0] ?? '')];
  const allowHosts = [`partner.test:${port}`];
  const egress = new Egress({ appUrl: `http://app.test:${port}`, allowHosts, purpose: 'webhooks', resolve });
  return guardedFetch({ egress, clock: systemClock });
}
const at = (host: string, path = '/') => `http://${host}:${port}${path}`;
const get = (url: string, answers?: string[]) => fetcher(answers)({ method: 'GET', url, headers: [] });

describe('flows §3.1: a guarded request', () => {
  it('F-33: the app and allowed hosts are reached on a private address, with method, headers and body', async () => {
    const headers = [['Content-Type', 'application/json']] as const;
    for (const host of ['app.test', 'partner.test'])
      expect(await fetcher()({ method: 'POST', url: at(host, '/hook?a=1'), headers, body: '{"a":1}' })).toEqual({
        kind: 'ok',
        value: { status: 200, text: 'yes' },
      });
    expect(asked[0]).toEqual({
      ...{ method: 'POST', host: `app.test:${port}`, path: '/hook?a=1', body: '{"a":1}', type: 'application/json' },
    });
    expect(asked).toHaveLength(2);
  });

  it.each([
    'http://other.test',
    'http://127.0.0.1',
    'http://[::ffff:127.0.0.1]',
    'http://localhost',
    'http://db.internal',
  ])('F-31: %s on this machine is never connected to', async (host) => {
    expect(await get(`${host}:${port}/`)).toMatchObject({ kind: 'no answer' });
    expect(asked).toEqual([]);
  });

  it('F-31: a name is asked for once; what it answers a second time is never used', async () => {
    expect(await get(at('partner.test'), ['127.0.0.1', '192.0.2.1'])).toMatchObject({ kind: 'ok' });
    expect(await get(at('other.test'), ['93.184.216.34', '127.0.0.1'].toReversed())).toMatchObject({
      kind: 'no answer',
    });
    expect(asked).toHaveLength(1);
  });

  it('F-31: no redirect is followed', async () => {
    serve = (_request, _body, response) => response.writeHead(302, { location: at('app.test', '/inside') }).end();
    expect(await get(at('partner.test'))).toEqual({ kind: 'refused', status: 302, error: 'HTTP 302' });
    expect(asked).toHaveLength(1);
  });

  it.each([400, 404, 500, 503])('FE2: %i is a refusal', async (status) => {
    serve = (_request, _body, response) => response.writeHead(status).end('no');
    expect(await get(at('partner.test'))).toEqual({ kind: 'refused', status, error: `HTTP ${status}` });
  });

  it('FE2: more than 5 MB leave neither way', async () => {
    const large = 'x'.repeat(5 * 1_048_576 + 1);
    serve = (_request, _body, response) => response.end(large);
    expect(await get(at('partner.test'))).toMatchObject({ kind: 'no answer' });
    const post = { method: 'POST', url: at('partner.test'), headers: [], body: large } as const;
    expect(await fetcher()(post)).toMatchObject({ kind: 'refused' });
    serve = (_request, _body, response) => response.end(large.slice(1));
    expect(await get(at('partner.test'))).toMatchObject({ kind: 'ok' });
    expect(asked).toHaveLength(2);
  });

  it('bad headers and addresses of an author are no exceptions', async () => {
    expect(await fetcher()({ method: 'GET', url: at('app.test'), headers: [['a\nb', 'c']] })).toMatchObject({
      kind: 'no answer',
    });
    expect(await get('not a url')).toMatchObject({ kind: 'no answer' });
  });
});

describe('flows §7.3: media of a reply', () => {
  const attachment: Attachment = {
    file: 'a',
    source: {
      ...{ kind: 'whatsapp', account: '1', directPath: '/v/1', media: 'image', mediaKey: '' },
      message: { chat: '2@lid', id: 'a', fromMe: false },
    },
  };
  const medium = (bytes?: number): ReplyMedia => ({
    ...{ kind: 'attachment', mime: 'image/jpeg' },
    attachment: { ...attachment, ...(bytes !== undefined && { bytes }) },
  });
  const stored: unknown[] = [];
  const world = (base64: string | null) => ({
    attachments: { withCopy: <T>(_: Attachment, use: (base64: string | null) => Promise<T>) => use(base64) },
    app: {
      storeMedia: async (request: unknown) => {
        stored.push(request);
        return { kind: 'ok', value: 'https://app/x.jpg' } as const;
      },
    },
  });

  it('RM1: bytes of the linked device go to the app, an address stays as it is', async () => {
    expect(await storedMedia(medium(), world('QUJD'))).toEqual({ kind: 'ok', value: 'https://app/x.jpg' });
    expect(stored).toEqual([{ base64: 'QUJD', mime: 'image/jpeg' }]);
    expect(await storedMedia({ kind: 'url', url: 'https://x/y' }, world(null))).toEqual({
      kind: 'ok',
      value: 'https://x/y',
    });
  });

  it('RM1: bytes that are gone or too many are a refusal', async () => {
    expect(await storedMedia(medium(), world(null))).toMatchObject({ kind: 'refused' });
    expect(await storedMedia(medium(26_214_401), world('QUJD'))).toMatchObject({ kind: 'refused', status: 413 });
  });
});
