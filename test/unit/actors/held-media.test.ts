/** What jobs hold for all their recipients (contract settings §6, S-62; HM1-HM3, ME4), with real files. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HeldMedia } from '../../../src/actors/content/held-media.ts';
import { MediaFiles } from '../../../src/actors/content/media-files.ts';
import { MediaSources } from '../../../src/actors/content/media-source.ts';
import { VoiceConverter } from '../../../src/actors/content/voice.ts';
import { systemClock } from '../../../src/clock.ts';
import type { Media, MediaSource } from '../../../src/content/content.ts';
import { linksOf } from '../../../src/content/media.ts';
import { createLog } from '../../../src/log.ts';
import { Egress } from '../../../src/net/egress.ts';

const NUMBER = '5511900000001';
const log = createLog({ level: 'silent' });
const soon = () => Date.now() + 5_000;

let dir: string;
let server: Server;
let serve: RequestListener;
let asked: number;
let app: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'held-'));
  asked = 0;
  serve = (_, response) => response.setHeader('Content-Type', 'image/png').end('picture');
  server = createServer((request, response) => {
    asked += 1;
    serve(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  app = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  rmSync(dir, { recursive: true });
});

const folder = () => join(dir, 'jobs');
const sources = () =>
  new MediaSources({
    files: new MediaFiles(join(dir, 'out')),
    egress: new Egress({ appUrl: app, allowHosts: [] }),
    voice: new VoiceConverter({ command: 'no-such-converter', log }),
    maxBytes: 1_000,
    readBases: [],
    clock: systemClock,
  });
const process = () => new HeldMedia({ folder: folder(), sources: sources(), clock: systemClock });
const url = (path: string): MediaSource => ({ kind: 'url', url: `${app}${path}` });
const held = async (media: HeldMedia, job: string, from: MediaSource) => {
  const got = await media.hold(job, from, soon());
  return got.kind === 'held' ? got.place : expect.fail(got.why);
};

it('HM1, S-62: one download for all who ask, at the same time, later, and after a restart', async () => {
  const media = process();
  const places = await Promise.all([1, 2, 3].map(() => held(media, 'job', url('/a.png'))));
  places.push(await held(media, 'job', url('/a.png')), await held(process(), 'job', url('/a.png')));
  expect(new Set(places.map((place) => JSON.stringify(place))).size).toBe(1);
  expect(asked).toBe(1);
  expect(places[0]).toMatchObject({ bytes: 7, contentType: 'image/png', was: `${app}/a.png` });
  await held(media, 'other', url('/a.png'));
  expect(asked).toBe(2);
});

it('ME4: every recipient gets a name of its own for the bytes that are held; removing it leaves them', async () => {
  const from = await held(process(), 'job', url('/folder/a.png'));
  const media: Media = { type: 'document', mime: '', from };
  const all = sources();
  const fetched = await Promise.all([1, 2].map(() => all.fetch(NUMBER, { kind: 'media', media, caption: '' }, soon())));
  const files = fetched.map((got) =>
    got.kind === 'here' && got.content.kind === 'media' ? got.content.media : expect.fail(got.kind),
  );
  const [first, second] = files;
  if (!first || !second) return expect.fail('two');
  expect(first.from.path).not.toBe(second.from.path);
  expect(statSync(first.from.path).ino).toBe(statSync(from.path).ino);
  expect(first).toMatchObject({ type: 'image', mime: 'image/png', from: { bytes: 7 } });
  await new MediaFiles(join(dir, 'out')).remove([first.from]);
  expect(readFileSync(second.from.path, 'utf8')).toBe('picture');
  expect(readFileSync(from.path, 'utf8')).toBe('picture');
  expect(asked).toBe(1);
});

it('ME4: what is held no more is refused, not fetched again', async () => {
  const one = process();
  const from = await held(one, 'job', url('/a.png'));
  await one.release('job');
  const got = await sources().fetch(
    NUMBER,
    { kind: 'media', media: { type: 'image', mime: '', from }, caption: '' },
    soon(),
  );
  expect(got).toEqual({ kind: 'refused', why: 'Media refused: it is no longer held' });
});

it('S-33: guard and size limit are those of every medium; a refusal leaves nothing and may be tried again', async () => {
  const media = process();
  serve = (_, response) => response.end('x'.repeat(2_000));
  expect(await media.hold('job', url('/big'), soon())).toMatchObject({ kind: 'refused' });
  expect(await media.hold('job', { kind: 'url', url: 'http://10.0.0.1/a' }, soon())).toMatchObject({ kind: 'refused' });
  expect(await media.hold('job', { kind: 'path', path: '/etc/passwd' }, soon())).toMatchObject({ kind: 'refused' });
  expect(readdirSync(join(folder(), readdirSync(folder())[0] ?? ''))).toEqual([]);
  serve = (_, response) => response.end('small');
  expect(await media.hold('job', url('/big'), soon())).toMatchObject({ kind: 'held', place: { bytes: 5 } });
});

it('first of: the first that can be had; late is refused', async () => {
  serve = ({ url: path }, response) => (path === '/b' ? response.end('b') : response.writeHead(404).end());
  const places = [url('/a'), url('/b')].flatMap((place) => (place.kind === 'first of' ? [] : [place]));
  expect(await held(process(), 'job', { kind: 'first of', places })).toMatchObject({ was: `${app}/b` });
  serve = () => undefined;
  expect(await process().hold('job', url('/slow'), Date.now() + 50)).toEqual({
    kind: 'refused',
    why: 'Media refused: it was not here in time',
  });
});

it('HM2, HM3: no id leaves the folder; a sweep keeps what is known and removes the rest', async () => {
  const media = process();
  const stays = await held(media, '../../../evil', url('/a.png'));
  const goes = await held(media, 'ended', url('/a.png'));
  expect(stays.path.startsWith(folder())).toBe(true);
  expect([statSync(stays.path).mode & 0o777, statSync(folder()).mode & 0o777]).toEqual([0o600, 0o700]);
  await process().sweep(['../../../evil']);
  expect([existsSync(stays.path), existsSync(goes.path)]).toEqual([true, false]);
  await new HeldMedia({ folder: join(dir, 'none'), sources: sources(), clock: systemClock }).sweep([]);
});

it.each(['gone', 'cut short'])('HM2: a file that is %s is no medium: it is fetched again', async (how) => {
  const place = await held(process(), 'job', url('/a.png'));
  if (how === 'gone') rmSync(place.path);
  else writeFileSync(place.path, 'pict');
  expect(await held(process(), 'job', url('/a.png'))).toEqual(place);
  expect(readFileSync(place.path, 'utf8')).toBe('picture');
});

it('a link stays a link for engines that hand links on, also when the bytes are held', async () => {
  const from = await held(process(), 'job', url('/a.png'));
  const bytes = await held(process(), 'job', { kind: 'base64', base64: 'eHl6' });
  expect(linksOf({ type: 'image', mime: '', from })).toEqual([`${app}/a.png`]);
  expect(linksOf({ type: 'image', mime: '', from: bytes, link: 'https://a/b' })).toEqual(['https://a/b']);
  expect(linksOf({ type: 'image', mime: '', from: bytes })).toEqual([]);
});
