/** Guarded downloads over real sockets (DL1, DL2, DL4). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../../src/net/download.ts';
import { Egress } from '../../../src/net/egress.ts';

let dir: string;
let server: Server;
let port: number;
let serve: RequestListener;
let asked: string[];
let file: FileHandle;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'download-'));
  file = await open(join(dir, 'file'), 'w');
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    serve(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await file.close();
  rmSync(dir, { recursive: true });
});

/** The app is called `app.test` and lies, as `answers` says, on this machine. */
function fetch(path: string, { maxBytes = 1_000_000, answers = [['127.0.0.1']] as string[][], ms = 10_000 } = {}) {
  const left = [...answers];
  const resolve = (host: string) =>
    Promise.resolve(host === 'app.test' ? ((left.length > 1 ? left.shift() : left[0]) ?? []) : ['127.0.0.1']);
  const egress = new Egress({ appUrl: `http://app.test:${port}`, allowHosts: [], resolve });
  const url = path.startsWith('/') ? `http://app.test:${port}${path}` : path;
  return download(url, file, { egress, maxBytes, signal: AbortSignal.timeout(ms) });
}

const content = () => readFileSync(join(dir, 'file'), 'utf8');

describe('guarded download', () => {
  it('EG3 connects to the checked address under its own name, and streams into the file', async () => {
    serve = (_request, response) => response.setHeader('content-type', 'image/png').end('bytes');
    expect(await fetch('/a.png')).toEqual({
      ...{ kind: 'done', bytes: 5, contentType: 'image/png', url: `http://app.test:${port}/a.png` },
    });
    expect([content(), asked]).toEqual(['bytes', [`app.test:${port} /a.png`]]);
  });

  it('EG3, C-03 asks for a name once: a second answer (rebinding) is never used', async () => {
    serve = (_request, response) => response.end('bytes');
    const answers = [['127.0.0.1'], ['192.0.2.1']];
    expect(await fetch('/a', { answers })).toMatchObject({ kind: 'done' });
  });

  it('DL1 follows three redirects, not four', async () => {
    serve = ({ url }, response) => {
      const left = Number(url?.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    };
    expect(await fetch('/3')).toMatchObject({ kind: 'done' });
    expect(await fetch('/4')).toEqual({ kind: 'refused', why: 'too many redirects' });
  });

  it.each([
    ['another port of this machine', () => 'http://127.0.0.1:9/'],
    ['a private name', () => `http://private.test:${port}/`],
    ['https on a private name', () => `https://private.test:${port}/`],
    ['metadata', () => 'https://169.254.169.254/'],
    ['another scheme', () => 'file:///etc/passwd'],
  ])('DL1 refuses a redirect to %s', async (_name, location) => {
    serve = (_request, response) => response.writeHead(307, { location: location() }).end();
    expect(await fetch('/a')).toMatchObject({ kind: 'refused' });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['said in the header', 'length'],
    ['found while reading', 'chunked'],
  ])('DL2 more than the limit, %s, is refused', async (_name, how) => {
    serve = (_request, response) => {
      if (how === 'length') response.setHeader('content-length', 2_000_000);
      response.write('x'.repeat(1_500_000));
      response.end('x'.repeat(500_000));
    };
    expect(await fetch('/big')).toMatchObject({ kind: 'refused', why: expect.stringContaining('larger than') });
  });

  it('an error status, a broken connection and a dead port are refused in words', async () => {
    serve = (_request, response) => response.writeHead(404).end('no');
    expect(await fetch('/a')).toEqual({ kind: 'refused', why: 'the server answered 404' });
    serve = (request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('half', () => request.socket.destroy());
    };
    expect(await fetch('/a')).toMatchObject({ kind: 'refused' });
    serve = (request) => request.socket.destroy();
    expect(await fetch('/a')).toMatchObject({ kind: 'refused' });
  });

  it('DL4 a server that closes behind its last byte while the disk lags behind breaks nothing', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on('uncaughtExceptionMonitor', note);
    serve = (_request, response) => {
      response.writeHead(200, { connection: 'close', 'content-length': 66_000 }).write('x');
      void delay(50).then(() => response.end('x'.repeat(65_999)));
    };
    const quick = file.write.bind(file);
    file.write = (async (chunk: Buffer) => {
      await delay(200);
      return quick(chunk);
    }) as typeof file.write;
    expect(await fetch('/a')).toMatchObject({ kind: 'done', bytes: 66_000 });
    process.off('uncaughtExceptionMonitor', note);
    expect([uncaught, content().length]).toEqual([[], 66_000]);
  });

  it('ends with the signal, also in the middle', async () => {
    serve = (_request, response) => void response.write('half');
    await expect(fetch('/slow', { ms: 200 })).rejects.toThrow(/aborted|timeout/i);
  });
});
