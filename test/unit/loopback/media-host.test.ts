import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Faults } from '../../loopback/whatsapp/faults.ts';
import { MediaHost } from '../../loopback/whatsapp/media-host.ts';

type Answer = { readonly status: number; readonly body: Buffer };

describe('the loopback media host (facts/loopback-whatsapp §13)', () => {
  const faults = new Faults();
  let host: MediaHost;
  beforeAll(async () => {
    host = await MediaHost.start(faults);
  });
  afterAll(() => host.close());

  const ask = (path: string, upload?: Buffer, trusted = true): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const ca = trusted ? { ca: readFileSync(host.certificateFile) } : {};
      const asked = request(`https://${host.hostname}${path}`, {
        ...ca,
        method: upload ? 'POST' : 'GET',
        agent: false,
      });
      asked.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
      });
      asked.on('error', reject);
      asked.end(upload);
    });

  it('serves what a phone put there, over TLS that its certificate vouches for, encrypted', async () => {
    const { directPath, mediaKey, fileLength } = host.put('image', Buffer.from('a picture'));
    const { status, body } = await ask(directPath);
    expect(status).toBe(200);
    expect(body.includes('a picture')).toBe(false);
    expect(host.read('image', { directPath, mediaKey })?.toString()).toBe('a picture');
    expect(host.read('video', { directPath, mediaKey })).toBeUndefined();
    expect(fileLength).toBe(9);
    await expect(ask(directPath, undefined, false)).rejects.toThrow(/self-signed/);
  });

  it('takes uploads and gives them back at the path of its answer', async () => {
    const { body } = await ask('/mms/image/abc?auth=x', Buffer.from('ciphertext'));
    const { direct_path: path } = JSON.parse(body.toString()) as { direct_path: string };
    expect((await ask(path)).body.toString()).toBe('ciphertext');
  });

  it('loses media, has them again from the phone that sent them, or never again', async () => {
    const { directPath } = host.put('audio', Buffer.from('a voice'));
    host.lose(directPath, false);
    expect((await ask(directPath)).status).toBe(404);
    const again = host.again(directPath) ?? expect.fail('gone');
    expect((await ask(again)).status).toBe(200);
    host.lose(again, true);
    expect(host.again(again)).toBeUndefined();
  });

  it('faults: a status, a cut, only so many times', async () => {
    const { directPath } = host.put('image', Buffer.alloc(1_000_000));
    faults.apply({ media: { status: 503, times: 1 } });
    expect((await ask(directPath)).status).toBe(503);
    faults.apply({ media: { cut: true, times: 1, on: 'download' } });
    await expect(ask(directPath)).rejects.toThrow();
    expect((await ask(directPath)).body).toHaveLength(1_000_026);
  });
});
