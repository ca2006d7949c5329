import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AttachmentFiles, type AttachmentFetcher } from '../../../src/actors/attachments.ts';
import { Places } from '../../../src/actors/places.ts';
import type { Attachment } from '../../../src/app-client/inbound-content.ts';
import { createLog } from '../../../src/log.ts';
import { eventually } from '../../helpers/eventually.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const log = createLog({ level: 'silent', stream: { write: () => undefined } });

const attachment = (file: string): Attachment => ({
  file,
  source: {
    ...{ kind: 'whatsapp', account: '1', directPath: '/v/1', media: 'image', mediaKey: '' },
    message: { chat: '2@lid', id: file, fromMe: false },
  },
});

describe('attachments (contract inbound §4)', () => {
  let folder: string;
  /** What fetching a file comes to, once the test says so. */
  let fetches: Map<string, (bytes: string | undefined) => void>;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'attachments-')), 'in');
    fetches = new Map();
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  const fetcher: AttachmentFetcher = {
    fetch: async ({ file }, path, signal) => {
      const bytes = await new Promise<string | undefined>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        fetches.set(file, resolve);
      });
      if (bytes !== undefined) await writeFile(path, bytes);
      return bytes !== undefined;
    },
    open: (_, stored) => (stored.toString() === 'damaged' ? undefined : stored),
  };
  const time = new SimulatedTime();
  const open = (hasRoom: (bytes: number) => boolean = () => true) =>
    new AttachmentFiles({ folder, fetcher, hasRoom, clock: time, log });
  const arrives = async (file: string, bytes: string | undefined) => {
    await eventually(() => fetches.has(file), { what: 'the fetch', withinMs: 2_000, everyMs: 1 });
    fetches.get(file)?.(bytes);
  };
  const read = (files: AttachmentFiles, file: string) =>
    files.withBytes(attachment(file), (base64) => Promise.resolve(base64 && Buffer.from(base64, 'base64').toString()));

  const copied = (files: AttachmentFiles, file: string) =>
    files.withCopy(attachment(file), (base64) => Promise.resolve(base64 && Buffer.from(base64, 'base64').toString()));

  it('AT6: a copy outlives the row, comes from elsewhere when the row is gone, and leaves nothing behind', async () => {
    const files = open();
    files.expect(attachment('a'));
    await arrives('a', 'bytes');
    await eventually(() => existsSync(join(folder, 'a')), { what: 'the file', withinMs: 2_000, everyMs: 1 });
    fetches.clear();
    const seen = await files.withCopy(attachment('a'), async (base64) => {
      files.drop(attachment('a'));
      return base64;
    });
    expect(Buffer.from(seen ?? '', 'base64').toString()).toBe('bytes');
    expect(fetches.size).toBe(0);
    await eventually(() => readdirSync(folder).length === 0, { what: 'nothing left', withinMs: 2_000, everyMs: 1 });
    const again = copied(files, 'a');
    await arrives('a', 'fetched');
    expect(await again).toBe('fetched');
    fetches.clear();
    const gone = copied(files, 'a');
    await arrives('a', undefined);
    expect(await gone).toBeNull();
    fetches.clear();
    const late = copied(files, 'a');
    await eventually(() => fetches.has('a'), { what: 'the fetch', withinMs: 2_000, everyMs: 1 });
    await files.close();
    expect(await late).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a row waits until its bytes are here, and is then woken', async () => {
    const files = open();
    let woken = 0;
    expect(files.ready(attachment('a'), () => (woken += 1))).toBe(false);
    await arrives('a', 'bytes');
    await eventually(() => woken === 1, { what: 'woken', withinMs: 2_000, everyMs: 1 });
    expect(files.ready(attachment('a'), () => undefined)).toBe(true);
    expect(await read(files, 'a')).toBe('bytes');
  });

  it.each([
    ['cannot be had', undefined],
    ['are not what the message promised', 'damaged'],
  ])('C-60: bytes that %s are null', async (_, bytes) => {
    const files = open();
    let woken = 0;
    files.ready(attachment('a'), () => (woken += 1));
    await arrives('a', bytes);
    await eventually(() => woken === 1, { what: 'woken', withinMs: 2_000, everyMs: 1 });
    expect(await read(files, 'a')).toBeNull();
  });

  it('AT2, AT5: half a download is no file; a dropped row takes its file and its download along', async () => {
    const files = open();
    files.expect(attachment('a'));
    files.expect(attachment('b'));
    await arrives('a', 'bytes');
    await eventually(() => existsSync(join(folder, 'a')), { what: 'the file', withinMs: 2_000, everyMs: 1 });
    files.drop(attachment('a'));
    files.drop(attachment('b'));
    await files.close();
    await eventually(() => !existsSync(join(folder, 'a')), { what: 'the file is gone', withinMs: 2_000, everyMs: 1 });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('AT5: the next start knows what is complete, and removes what no row names', async () => {
    open();
    for (const name of ['kept', 'orphan', 'kept.half']) writeFileSync(join(folder, name), 'bytes');
    const files = open();
    expect(files.ready(attachment('kept'), () => undefined)).toBe(true);
    await files.sweep(new Set(['kept']));
    expect(readdirSync(folder)).toEqual(['kept']);
    expect(fetches.size).toBe(0);
  });

  it('AT3: at most 32 downloads at once, the others in order', async () => {
    const files = open();
    for (let n = 0; n < 40; n += 1) files.expect(attachment(`f${n}`));
    await eventually(() => fetches.size === 32, { what: '32 fetches', withinMs: 2_000, everyMs: 1 });
    await arrives('f7', 'x');
    await eventually(() => fetches.has('f32'), { what: 'the next', withinMs: 2_000, everyMs: 1 });
    expect(fetches.size).toBe(33);
    await files.close();
  });

  it('AT7: a download waits for room on the disk, also for what those under way may still take', async () => {
    const MiB = 2 ** 20;
    let free = 40 * MiB;
    const files = open((bytes) => bytes <= free);
    for (const name of ['a', 'b', 'c']) files.expect(attachment(name));
    await eventually(() => fetches.size === 2, { what: 'two fetches', withinMs: 2_000, everyMs: 1 });
    await time.advanceAsync(60_000);
    expect([...fetches.keys()]).toEqual(['a', 'b']);
    let isAwake = false;
    expect(files.ready(attachment('c'), () => (isAwake = true))).toBe(false);
    await arrives('a', 'x');
    await eventually(() => existsSync(join(folder, 'a')), { what: 'the file', withinMs: 2_000, everyMs: 1 });
    free = 20 * MiB;
    await time.advanceAsync(60_000);
    expect(fetches.has('c')).toBe(false);
    free = 40 * MiB;
    await time.advanceAsync(5_000);
    await arrives('c', 'x');
    await eventually(() => isAwake, { what: 'its row', withinMs: 2_000, everyMs: 1 });
    await files.close();
  });

  it('AT7: what waits for room goes with its row, and with the process', async () => {
    const files = open(() => false);
    for (const name of ['a', 'b']) files.expect(attachment(name));
    await time.advanceAsync(10_000);
    files.drop(attachment('a'));
    await files.close();
    expect([fetches.size, readdirSync(folder)]).toEqual([0, []]);
    expect(time.pending).toBe(0);
  });
});

describe('places', () => {
  it('first come, first served; a large one is not overtaken by small ones', async () => {
    const places = new Places(10);
    const entered: string[] = [];
    const enter = (name: string, wanted: number) =>
      places.enter(wanted).then((leave) => {
        entered.push(name);
        return leave;
      });
    const first = await enter('first', 6);
    const large = enter('large', 10);
    const small = enter('small', 1);
    await Promise.resolve();
    expect(entered).toEqual(['first']);
    first();
    first(); // leaving twice gives nothing back twice
    (await large)();
    (await small)();
    expect(entered).toEqual(['first', 'large', 'small']);
  });

  it('who wants more than there are gets all of them', async () => {
    const places = new Places(2);
    const leave = await places.enter(5);
    let entered = false;
    const next = places.enter(1).then(() => (entered = true));
    await Promise.resolve();
    expect(entered).toBe(false);
    leave();
    expect(await next).toBe(true);
  });
});
