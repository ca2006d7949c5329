/** Where media may come from (contract messages §3, §11; C-06, C-43; ME1-ME3), with real files and a real server. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MediaFiles } from '../../../src/actors/content/media-files.ts';
import { MediaSources } from '../../../src/actors/content/media-source.ts';
import { VoiceConverter } from '../../../src/actors/content/voice.ts';
import { systemClock } from '../../../src/clock.ts';
import type { Content, Media, MediaSource } from '../../../src/content/content.ts';
import { createLog } from '../../../src/log.ts';
import { Egress } from '../../../src/net/egress.ts';

const DIGITS = '5511900000001';
const LIMIT = 100_000;
const log = createLog({ level: 'silent' });
const base64 = (text: string): MediaSource => ({
  kind: 'base64',
  base64: Buffer.from(text, 'latin1').toString('base64'),
});
const refused = (why: string) => ({ kind: 'refused', why: expect.stringContaining(why) });

let dir: string;
let server: Server;
let serve: RequestListener;
let app: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'media-'));
  mkdirSync(join(dir, 'base'));
  server = createServer((request, response) => serve(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  app = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  rmSync(dir, { recursive: true });
});

const sources = (command = 'no-such-converter', egress = new Egress({ appUrl: app, allowHosts: [] })) =>
  new MediaSources({
    files: new MediaFiles(join(dir, 'out')),
    egress,
    voice: new VoiceConverter({ command, log }),
    maxBytes: LIMIT,
    readBases: [join(dir, 'base')],
    clock: systemClock,
  });
const left = () => (existsSync(join(dir, 'out', DIGITS)) ? readdirSync(join(dir, 'out', DIGITS)) : []);
const fetch = (content: Content, ms = 5_000) => sources().fetch(DIGITS, content, Date.now() + ms);
const medium = (from: MediaSource, more: Partial<Media> = {}): Content => ({
  ...{ kind: 'media', caption: '', media: { type: 'document', mime: '', from, ...more } },
});

/** What became of one medium. */
async function fetched(from: MediaSource, more: Partial<Media> = {}, command?: string) {
  const got = await sources(command).fetch(DIGITS, medium(from, more), Date.now() + 5_000);
  if (got.kind !== 'here' || got.content.kind !== 'media') throw new Error(JSON.stringify(got));
  const { from: file, ...rest } = got.content.media;
  return { ...rest, text: readFileSync(file.path, 'latin1'), mode: statSync(file.path).mode & 0o777 };
}

describe('C-43 files', () => {
  it('are private, unique and outside of every source folder', async () => {
    const all = await Promise.all([1, 2].map((n) => fetched(base64(`${n}`))));
    expect(all.map(({ text, mode }) => [text, mode])).toEqual([
      ['1', 0o600],
      ['2', 0o600],
    ]);
    expect(new Set(left()).size).toBe(2);
  });
});

describe('ME1 base64', () => {
  it('with line breaks too; data is data', async () => {
    const wrapped = Buffer.from('some bytes')
      .toString('base64')
      .replace(/(.{4})/g, '$1\r\n');
    expect(await fetched({ kind: 'base64', base64: wrapped })).toMatchObject({ text: 'some bytes' });
  });

  it.each(['', '====', 'not base64!', 'QUJD*REVG', '<html></html>'])('%j is "Invalid media"', async (text) => {
    expect(await fetch(medium({ kind: 'base64', base64: text }))).toEqual({ kind: 'refused', why: 'Invalid media' });
    expect(left()).toEqual([]);
  });

  it('more than MEDIA_MAX_MB is refused', async () => {
    expect(await fetch(medium(base64('x'.repeat(LIMIT))))).toMatchObject({ kind: 'here' });
    expect(await fetch(medium(base64('x'.repeat(LIMIT + 1))))).toEqual(refused('larger than'));
  });
});

describe('ME1, C-06 paths', () => {
  const path = (...parts: string[]): MediaSource => ({ kind: 'path', path: join(dir, ...parts) });

  it('inside MEDIA_READ_BASES, also through a link that stays inside', async () => {
    writeFileSync(join(dir, 'base', 'a.txt'), 'inside');
    symlinkSync(join(dir, 'base', 'a.txt'), join(dir, 'base', 'link.txt'));
    expect(await fetched(path('base', 'a.txt'))).toMatchObject({
      text: 'inside',
      mime: 'text/plain',
      fileName: 'a.txt',
    });
    expect(await fetched(path('base', 'link.txt'))).toMatchObject({ text: 'inside' });
    expect(existsSync(join(dir, 'base', 'a.txt'))).toBe(true);
  });

  it('nothing else: outside, above, through links, folders, relative, devices, unreadable', async () => {
    writeFileSync(join(dir, 'secret'), 'secret');
    writeFileSync(join(dir, 'base', 'locked'), 'x');
    chmodSync(join(dir, 'base', 'locked'), 0);
    mkdirSync(join(dir, 'base', 'folder'));
    mkdirSync(join(dir, 'base-too'));
    writeFileSync(join(dir, 'base-too', 'a'), 'x');
    symlinkSync(join(dir, 'secret'), join(dir, 'base', 'out'));
    symlinkSync(dir, join(dir, 'base', 'up'));
    symlinkSync('/dev/zero', join(dir, 'base', 'zero'));
    const places: MediaSource[] = [
      path('secret'),
      { kind: 'path', path: `${dir}/base/../secret` },
      path('base', 'out'),
      path('base', 'up', 'secret'),
      path('base'),
      path('base', 'folder'),
      path('base-too', 'a'),
      path('base', 'nothing'),
      { kind: 'path', path: 'base/a.txt' },
      { kind: 'path', path: '/etc/passwd' },
      { kind: 'path', path: '/dev/zero' },
      path('base', 'zero'),
      { kind: 'path', path: `${dir}/base/a.txt\0.png` },
      ...(process.getuid?.() === 0 ? [] : [path('base', 'locked')]),
    ];
    const kinds = await Promise.all(places.map(async (from) => (await fetch(medium(from))).kind));
    expect(kinds).toEqual(places.map(() => 'refused'));
    expect(left()).toEqual([]);
  });

  it('a file above the limit is refused', async () => {
    writeFileSync(join(dir, 'base', 'big'), Buffer.alloc(LIMIT + 1));
    expect(await fetch(medium(path('base', 'big')))).toEqual(refused('larger than'));
  });
});

describe('ME1 URLs', () => {
  const url = (rest: string): MediaSource => ({ kind: 'url', url: app + rest });

  it("from the app's own origin; the limit and errors refuse, and nothing is left over", async () => {
    serve = (_request, response) => response.end('bytes');
    expect(await fetched(url('/a'))).toMatchObject({ text: 'bytes' });
    rmSync(join(dir, 'out', DIGITS), { recursive: true });
    mkdirSync(join(dir, 'out', DIGITS));
    serve = (_request, response) => response.end(Buffer.alloc(LIMIT + 1));
    expect(await fetch(medium(url('/big')))).toEqual(refused('larger than'));
    serve = (_request, response) => response.writeHead(500).end();
    expect(await fetch(medium(url('/a')))).toEqual(refused('the server answered 500'));
    serve = (_request, response) => response.end();
    expect(await fetch(medium(url('/empty')))).toEqual(refused('it is empty'));
    expect(await fetch(medium({ kind: 'url', url: 'https://169.254.169.254/' }))).toEqual(refused('public internet'));
    expect(left()).toEqual([]);
  });

  it('ME2 the deadline of the send ends a download, which is `late` and leaves nothing', async () => {
    serve = (_request, response) => void response.write('half');
    const begun = Date.now();
    expect(await fetch(medium(url('/slow')), 300)).toEqual({ kind: 'late' });
    expect(Date.now() - begun).toBeLessThan(3_000);
    expect(left()).toEqual([]);
  });

  it('ME2, C-29 nor does a name server that never answers hold a send beyond its deadline', async () => {
    const silent = new Egress({ appUrl: app, allowHosts: [], resolve: () => new Promise(() => undefined) });
    const begun = Date.now();
    const content = medium({ kind: 'url', url: 'https://public.example/a' });
    expect(await sources('no-such-converter', silent).fetch(DIGITS, content, begun + 300)).toEqual({ kind: 'late' });
    expect(Date.now() - begun).toBeLessThan(3_000);
    expect(left()).toEqual([]);
  });

  it('`first of` takes the first that is there (contract §2, carousel images)', async () => {
    serve = (request, response) => (request.url === '/b' ? response.end('b') : response.writeHead(404).end());
    const places = ['/a', '/b', '/c'].map((rest) => ({ kind: 'url' as const, url: app + rest }));
    expect(await fetched({ kind: 'first of', places })).toMatchObject({ text: 'b' });
    const none = { kind: 'first of' as const, places: places.slice(0, 1) };
    expect(await fetch(medium(none))).toEqual(refused('the server answered 404'));
  });
});

describe('contract §3: what it is', () => {
  const answered = (contentType: string, rest: string): MediaSource => {
    serve = (_request, response) => response.setHeader('content-type', contentType).end('bytes');
    return { kind: 'url', url: app + rest };
  };

  it('MIME: what the caller said, then the content type, then the extension', async () => {
    const said = { mime: 'image/png', type: 'image' } as const;
    expect(await fetched(answered('video/mp4', '/a.pdf'), said)).toMatchObject(said);
    expect(await fetched(answered('video/mp4', '/a.pdf'))).toMatchObject({ type: 'video', mime: 'video/mp4' });
    expect(await fetched(answered('application/octet-stream', '/a.jpg?x=1'))).toMatchObject({
      type: 'image',
      mime: 'image/jpeg',
    });
    const unknown = { type: 'document', mime: 'application/octet-stream', fileName: 'thing' };
    expect(await fetched(answered('application/octet-stream', '/thing'))).toMatchObject(unknown);
  });

  it('a document has the given name, else the last part of its URL, else `file`', async () => {
    const pdf = { mime: 'application/pdf' };
    expect(await fetched(answered('', '/x/bill%201.pdf?y'), pdf)).toMatchObject({ fileName: 'bill 1.pdf' });
    expect(await fetched(answered('', '/x/a.pdf'), { ...pdf, fileName: 'b.pdf' })).toMatchObject({ fileName: 'b.pdf' });
    expect(await fetched(base64('x'), pdf)).toMatchObject({ fileName: 'file' });
  });

  it('buttons stand below images, videos and documents; a card may go without its image, if it says so', async () => {
    const audio: Media = { type: 'audio', mime: 'audio/mpeg', voice: true, from: base64('x') };
    const buttons = { body: '', title: '', subtitle: '', footer: '', buttons: [] };
    expect(await fetch({ kind: 'buttons', ...buttons, header: audio })).toMatchObject({
      content: { header: { type: 'document', mime: 'audio/mpeg' } },
    });
    const image: Media = { type: 'image', mime: 'image/png', from: { kind: 'base64', base64: '!' } };
    const card = { title: '', body: 'card', footer: '', buttons: [], image };
    const carousel = { kind: 'carousel', body: '', title: '', footer: '' } as const;
    const good = { ...card, image: { ...image, from: base64('x') } };
    expect(await fetch({ ...carousel, cards: [{ ...card, imageOptional: true }] })).toMatchObject({
      content: { cards: [{ body: 'card' }] },
    });
    rmSync(join(dir, 'out', DIGITS), { recursive: true });
    mkdirSync(join(dir, 'out', DIGITS));
    expect(await fetch({ ...carousel, cards: [good, card] })).toEqual({ kind: 'refused', why: 'Invalid media' });
    expect(left()).toEqual([]);
  });
});

describe('C-04: images of cards and headers pass the guard of every medium', () => {
  const image: Media = { type: 'image', mime: 'image/png', from: { kind: 'url', url: 'https://10.0.0.1/a.png' } };
  const empty = { body: '', title: '', footer: '' };
  it.each<[string, Content]>([
    ['a card', { kind: 'carousel', ...empty, cards: [{ ...empty, buttons: [], image }] }],
    ['a header', { kind: 'buttons', ...empty, subtitle: '', buttons: [], header: image }],
    ['media of a reply', { kind: 'media', caption: '', media: image }],
  ])('%s on a private address is refused', async (_, content) => {
    expect(await fetch(content)).toEqual(refused('not on the public internet'));
    expect(left()).toEqual([]);
  });

  it('a product goes without its image', async () => {
    const card = { ...empty, buttons: [], image, imageOptional: true } as const;
    expect(await fetch({ kind: 'carousel', ...empty, cards: [card] })).toMatchObject({
      content: { cards: [{ buttons: [] }] },
    });
    expect(left()).toEqual([]);
  });
});

describe('voice notes', () => {
  const OPUS = `OggS${'\0'.repeat(24)}OpusHead and more`;
  const note = { type: 'audio', mime: 'audio/ogg; codecs=opus', voice: true } as const;

  /** A converter that writes an Ogg/Opus head, or does what `script` says. */
  function converter(script = `for last; do :; done; printf 'OggS${'x'.repeat(24)}OpusHead' > "$last"`): string {
    const path = join(dir, 'converter');
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  it('Ogg with Opus goes as it is, whatever the label', async () => {
    expect(await fetched(base64(OPUS), { ...note, mime: 'audio/mpeg' }, converter('exit 1'))).toMatchObject({
      ...{ voice: true, mime: 'audio/ogg; codecs=opus', text: OPUS },
    });
  });

  it('another container is converted where a converter is', async () => {
    const got = await fetched(base64('\0\0\0\x20ftypM4A '), note, converter());
    expect(got).toMatchObject({ voice: true, mime: 'audio/ogg; codecs=opus', text: expect.stringMatching(/^OggS/) });
    expect(left()).toHaveLength(1);
  });

  it.each([
    ['there is none', 'no-such-converter', undefined],
    ['it fails', '', 'exit 1'],
    ['it makes nothing', '', 'exit 0'],
  ])('VO1 and goes as it is, under its true name, where %s', async (_name, command, script) => {
    const bytes = '\0\0\0\x20ftypM4A ';
    const got = await fetched(base64(bytes), note, script === undefined ? command : converter(script));
    expect(got).toMatchObject({ voice: true, mime: 'audio/mp4', text: bytes });
    expect(left()).toHaveLength(1);
  });
});
