/** Uploads beside the queue, and what becomes of them when callers, connections or the process go (MS1-MS3, C-45). */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Origin } from '../../../src/actors/engines/engine.ts';
import type { Content, MediaFile } from '../../../src/content/content.ts';
import { derivedMessageId, newMessageId } from '../../../src/ids.ts';
import { program } from '../../helpers/programs.ts';
import { type Attempt, CONTACT, eventually, PHONE, World } from './world.ts';

const TO = `${CONTACT}@s.whatsapp.net`;
const OTHER = '491707654321';
const CHILD = 'test/conformance/engines/upload-child.ts';
const TEXT = '%PDF '.repeat(2_000);
const BYTES = Buffer.from(TEXT);

let world: World;
let connection: Attempt;
let child: ChildProcess | undefined;
beforeEach(async () => {
  world = await World.start();
  for (const phone of [CONTACT, OTHER]) world.whatsapp.createPhone(phone);
  connection = await world.paired();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await world.stop();
});

/** A file as the lane hands it over. */
function document(): { content: Content<MediaFile>; path: string } {
  const folder = join(world.dir, 'media', PHONE);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, newMessageId());
  writeFileSync(path, BYTES);
  const from: MediaFile = { kind: 'file', path, bytes: BYTES.length };
  const media = { type: 'document', mime: 'application/pdf', fileName: 'a.pdf', from } as const;
  return { content: { kind: 'media', media, caption: '' }, path };
}

type More = { id?: string; to?: string; ms?: number; origin?: Origin };
const send = (content: Content<MediaFile>, { id = newMessageId(), to = TO, ms = 12_000, origin }: More = {}) =>
  connection.handle.send({ from: PHONE, to, content, id, deadline: Date.now() + ms, ...(origin && { origin }) });
const slow = (delayMs: number) => world.whatsapp.applyFaults({ media: { on: 'upload', delayMs } });
const promises = () => [...world.stores.open(PHONE).table('promised-sends').keys()];
const kept = () => readdirSync(join(world.dir, 'media', PHONE));

/** The whole document, once, under this id. */
async function arrived(id: string): Promise<void> {
  const seen = await eventually('the document', () => world.whatsapp.messages(CONTACT).find((one) => one.id === id));
  expect(seen.media?.sha256).toBe(createHash('sha256').update(BYTES).digest('hex'));
  await eventually('the end of the promise', () => promises().length === 0 && kept().length === 0);
  expect(world.whatsapp.checks()).toMatchObject({ duplicateIds: 0, undecryptable: 0 });
}

describe('sends with media', () => {
  it('MS1, C-45 a slow upload delays no text, to the same contact or another', async () => {
    slow(3_000);
    const id = newMessageId();
    let isUploaded = false;
    const uploading = send(document().content, { id }).finally(() => (isUploaded = true));
    const texts = await Promise.all([TO, TO, `${OTHER}@s.whatsapp.net`].map((to) => connection.send('text', to)));
    expect(texts.map(({ kind }) => kind)).toEqual(['sent', 'sent', 'sent']);
    expect(isUploaded).toBe(false);
    expect(await uploading).toEqual({ kind: 'sent', id, to: TO });
    await arrived(id);
  });

  it('MS2 an upload that is late for its caller is `pending` under the final id, and finished', async () => {
    slow(1_200);
    const id = newMessageId();
    expect(await send(document().content, { id, ms: 300 })).toEqual({ kind: 'pending', id, to: TO });
    expect([promises().length, kept().length]).toEqual([1, 1]);
    await arrived(id);
  });

  it('MS2 a connection that is lost while it uploads: `pending` at once, finished by the next', async () => {
    slow(1_000);
    const id = newMessageId();
    const uploading = send(document().content, { id });
    await new Promise((resolve) => setTimeout(resolve, 300));
    world.whatsapp.closeNumber(PHONE, { how: 'tcp' });
    expect(await uploading).toMatchObject({ kind: 'pending', id });
    connection = await world.login();
    await arrived(id);
  });

  it("S-20 a promise of a job that the next connection keeps is still the job's: its receipt goes there alone", async () => {
    slow(1_000);
    const id = newMessageId();
    expect(await send(document().content, { id, ms: 200, origin: 'job' })).toMatchObject({ kind: 'pending', id });
    await connection.handle.close();
    connection = await world.login();
    await arrived(id);
    await eventually('its receipt', () => world.jobReceipts.length === 1);
    expect([world.jobReceipts[0]?.id, world.receipts()]).toEqual([id, []]);
  });

  it('SE6, RF1, PP2 buttons under media whose upload was `pending` are refused: the medium goes out once with their text; progress tells', async () => {
    slow(1_000);
    world.whatsapp.applyFaults({ ack: { error: 479, times: 1 } });
    const { content, path } = document();
    if (content.kind !== 'media') throw new Error('no media');
    const buttons = [{ kind: 'reply', label: 'Yes', id: 'y' }] as const;
    const words = { title: '', subtitle: '', footer: '' };
    const shown = { kind: 'buttons', body: 'Well?', ...words, buttons, header: content.media } as const;
    const id = newMessageId();
    expect(await send(shown, { id, ms: 300 })).toEqual({ kind: 'pending', id, to: TO });
    expect(connection.handle.progress(id)).toBe('uploading');
    const text = await eventually('the text', () =>
      world.whatsapp.messages(CONTACT).find((one) => one.id === derivedMessageId(id, 'text')),
    );
    const media = { kind: 'document', bytes: content.media.from.bytes };
    expect(text).toMatchObject({ type: 'document', text: 'Well?\n\n• Yes', media });
    expect(connection.handle.progress(id)).toBe('handed over');
    await eventually('the end of the promise', () => promises().length === 0 && !existsSync(path));
    await world.leave();
    world.restart();
    connection = await world.login();
    expect(await connection.send('afterwards')).toMatchObject({ kind: 'sent' });
    expect(world.whatsapp.messages(CONTACT).map((one) => one.text)).toEqual(['Well?\n\n• Yes', 'afterwards']);
    expect(connection.handle.progress(newMessageId())).toBe('given up');
  });

  it('PS1, MS2 after kill -9 in the middle of a promised upload the next process finishes it under the same id', async () => {
    await world.leave();
    const path = join(world.dir, 'media', PHONE, 'promised');
    slow(30_000);
    const id = newMessageId();
    const { url, trustRoot, mediaCertificate } = world.whatsapp;
    child = spawn(process.execPath, [program(CHILD), world.dir, PHONE, url, trustRoot, TO, id, path, TEXT], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: mediaCertificate },
    });
    const [said] = child.stdout ? await once(child.stdout, 'data') : [];
    expect(String(said)).toBe('pending\n');
    const died = once(child, 'exit');
    child.kill('SIGKILL');
    await died;
    world.whatsapp.applyFaults({ clear: true });
    world.restart();
    connection = await world.login();
    await arrived(id);
  });

  it('UP2 faults of the media host are tried again, for one message', async () => {
    world.whatsapp.applyFaults({ media: { on: 'upload', status: 503, times: 1 } });
    const id = newMessageId();
    expect(await send(document().content, { id })).toEqual({ kind: 'sent', id, to: TO });
    await arrived(id);
  });

  it('P6 the same id again uploads nothing and sends nothing new', async () => {
    const id = newMessageId();
    const first = await send(document().content, { id });
    slow(30_000);
    const again = document();
    expect(await send(again.content, { id })).toEqual(first);
    expect(existsSync(again.path)).toBe(false);
    await arrived(id);
  });

  it('a number that is not on WhatsApp is told before anything is uploaded; a file that is gone is refused', async () => {
    world.whatsapp.removeContact('4915799999999');
    slow(30_000);
    const { content, path } = document();
    const to = '4915799999999@s.whatsapp.net';
    expect(await send(content, { to })).toMatchObject({ kind: 'failed', why: 'not on WhatsApp' });
    expect(existsSync(path)).toBe(false);
    const gone = document();
    await world.files.remove([{ kind: 'file', path: gone.path, bytes: 0 }]);
    expect(await send(gone.content)).toMatchObject({ kind: 'failed', why: 'media refused' });
  });

  it('MF2 what a crash left behind is removed when the number is taken over, but for promised media', async () => {
    slow(30_000);
    const promised = document();
    expect(await send(promised.content, { ms: 200 })).toMatchObject({ kind: 'pending' });
    const orphan = document();
    await world.leave();
    world.restart();
    await world.login();
    await eventually('the sweep', () => !existsSync(orphan.path));
    expect(existsSync(promised.path)).toBe(true);
  });
});
