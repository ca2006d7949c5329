import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SendResult } from '../../../src/actors/engines/engine.ts';
import { MediaFiles } from '../../../src/actors/content/media-files.ts';
import { PromisedSends } from '../../../src/actors/engines/unofficial/promised-sends.ts';
import { SentIndex } from '../../../src/actors/sent-index.ts';
import type { Clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';

const DAY = 86_400_000;
const log = createLog({ level: 'silent' });
let dir: string;
let files: MediaFiles;
let store: Store;
let now = 1_700_000_000_000;
const clock: Clock = { now: () => now, setTimeout: () => ({ id: 0 }), clearTimeout: () => undefined };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'promised-'));
  store = openLmdb({ path: dir });
  files = new MediaFiles(join(dir, 'media'));
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function promised(ids: readonly string[]): Promise<PromisedSends> {
  const sent = new SentIndex(store, clock);
  const sends = new PromisedSends(store, sent, files, clock, log);
  for (const id of ids) {
    await sent.record(id, '1@s.whatsapp.net', Buffer.from(id), (change) => store.write(change));
    await sends.make(id);
    now += 1;
  }
  return sends;
}

/** What a new process repeats, and answers each time with `result`. */
async function repeats(result: object): Promise<string[]> {
  const asked: string[] = [];
  const cut = new AbortController();
  await new PromisedSends(store, new SentIndex(store, clock), files, clock, log).keep(async (id) => {
    asked.push(id);
    // The connection ends while it waits for another try.
    setImmediate(() => cut.abort());
    return { ...result, id } as SendResult;
  }, cut.signal);
  return asked;
}

describe('promised sends', () => {
  it('PS1, PS2 survive a restart, are repeated in their order, and end when they are sent', async () => {
    await promised(['B', 'A']);
    expect(await repeats({ kind: 'sent', to: '' })).toEqual(['B', 'A']);
    expect(await repeats({ kind: 'sent', to: '' })).toEqual([]);
  });

  it.each([
    { kind: 'unknown', error: 'cut' },
    { kind: 'pending', to: '' },
    { kind: 'failed', error: 'no connection' },
    { kind: 'failed', error: 'rate-overlimit', code: 429 },
    { kind: 'failed', error: 'internal-server-error', code: 500 },
  ] as const)('PS2 stay after $kind $code: a fault of the moment', async (result) => {
    await promised(['A']);
    await repeats(result);
    expect(await repeats(result)).toEqual(['A']);
  });

  it('PS2 end with a refusal of the message itself, whatever its code', async () => {
    await promised(['A']);
    await new SentIndex(store, clock).refuse('A', 500, (change) => store.write(change));
    expect(await repeats({ kind: 'failed', error: 'refused', code: 500 })).toEqual(['A']);
    expect(await repeats({ kind: 'sent', to: '' })).toEqual([]);
  });

  it("PS2 end with WhatsApp's refusal, and after a day", async () => {
    await promised(['A']);
    expect(await repeats({ kind: 'failed', error: 'restricted', code: 463 })).toEqual(['A']);
    expect(await repeats({ kind: 'sent', to: '' })).toEqual([]);
    await promised(['B']);
    now += DAY + 1;
    expect(await repeats({ kind: 'sent', to: '' })).toEqual([]);
  });
});
