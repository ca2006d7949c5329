import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { versionIn, WhatsAppVersions } from '../../../src/actors/whatsapp-version.ts';
import { createLog } from '../../../src/log.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const A = '5511987654321';
const B = '4915112345678';
const FALLBACK = [2, 3000, 1] as const;
const MINUTE = 60_000;

describe('clients §6.3: the WhatsApp Web version', () => {
  let time: SimulatedTime;
  let dir: string;
  let store: Store;
  let server: Server;
  let answer: { status: number; text: string };
  let asked = 0;
  let source: string;
  beforeEach(async () => {
    time = new SimulatedTime();
    dir = mkdtempSync(join(tmpdir(), 'version-'));
    store = openLmdb({ path: dir });
    asked = 0;
    answer = { status: 200, text: '{"version":[2,3000,1027654321]}' };
    server = createServer((_, response) => {
      asked += 1;
      response.writeHead(answer.status).end(answer.text);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    source = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const open = (from?: string) =>
    new WhatsAppVersions({ store, fallback: FALLBACK, source: from, clock: time, log: createLog({ level: 'silent' }) });

  it('WV2 is tried on one number first, then set for all; taken back, and durable', async () => {
    const versions = open();
    expect(versions.of(A)).toEqual(FALLBACK);
    await versions.set([2, 3000, 7], A);
    expect([versions.of(A), versions.of(B)]).toEqual([[2, 3000, 7], FALLBACK]);
    await versions.set([2, 3000, 8]);
    expect([open().of(A), open().of(B)]).toEqual([
      [2, 3000, 7],
      [2, 3000, 8],
    ]);
    await versions.set(undefined, A);
    await versions.set(undefined);
    expect(open().settings()).toEqual({ fallback: FALLBACK, numbers: {} });
  });

  it('WV1 the first connect does not wait for the source, the next one has its answer', async () => {
    const versions = open(source);
    expect(versions.of(A)).toEqual(FALLBACK);
    await versions.refresh();
    expect(versions.of(A)).toEqual([2, 3000, 1027654321]);
    await versions.set([2, 3000, 9], A);
    expect(versions.of(A)).toEqual([2, 3000, 9]);
  });

  it('WV3 is cached 1 h; the last good value survives a failing source and a restart', async () => {
    const versions = open(source);
    await versions.refresh();
    await versions.refresh();
    expect(asked).toBe(1);
    answer = { status: 500, text: 'oops' };
    await time.advanceAsync(61 * MINUTE);
    await versions.refresh();
    await versions.refresh();
    expect(asked).toBe(2);
    expect(open(source).of(A)).toEqual([2, 3000, 1027654321]);
    await time.advanceAsync(6 * MINUTE);
    await versions.refresh();
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['2.3000.1027654321', [2, 3000, 1027654321]],
    ['{"version": [2, 3000, 1027654321]}', [2, 3000, 1027654321]],
    ['self.x={\\"client_revision\\":1027654321,\\"y\\":1}', [2, 3000, 1027654321]],
    ['<html>2.10 of 2026-11-24</html>', undefined],
    ['', undefined],
  ])('reads %s', (text, version) => {
    expect(versionIn(text)).toEqual(version);
  });
});
