import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mediaBytes } from '../../../src/actors/engines/unofficial/inbound/media-bytes.ts';
import { Reuploads } from '../../../src/actors/engines/unofficial/inbound/media-reupload.ts';
import type { Attachment } from '../../../src/app-client/inbound-content.ts';
import type { Clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';

const lines: string[] = [];
const log = createLog({ level: 'info', stream: { write: (line) => void lines.push(line) } });
/** Waits are over at once. */
const clock: Clock = {
  now: () => 0,
  setTimeout: (run, ms) => ({ id: ms < 10_000 ? setImmediate(run) : undefined }),
  clearTimeout: ({ id }) => clearImmediate(id as NodeJS.Immediate),
};
const fetcher = mediaBytes({ host: '127.0.0.1:9', reuploads: new Reuploads(clock, log), clock, log });

const mediaKey = randomBytes(32);
const attachment = (directPath: string, more: Partial<Attachment> = {}): Attachment => ({
  file: 'f',
  source: {
    ...{ kind: 'whatsapp', account: '1', directPath, media: 'image', mediaKey: mediaKey.toString('base64') },
    message: { chat: '2@lid', id: 'A', fromMe: false },
  },
  ...more,
});

/** As a sender's phone does it (facts/loopback-whatsapp §13). */
function encrypted(plain: Buffer): Buffer {
  const all = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), 'WhatsApp Image Keys', 112));
  const cipher = createCipheriv('aes-256-cbc', all.subarray(16, 48), all.subarray(0, 16));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const mac = createHmac('sha256', all.subarray(48, 80)).update(all.subarray(0, 16)).update(body).digest();
  return Buffer.concat([body, mac.subarray(0, 10)]);
}

describe('media bytes', () => {
  const fetch = async (wanted: Attachment): Promise<[boolean, string[]]> => {
    const folder = mkdtempSync(join(tmpdir(), 'media-bytes-'));
    lines.length = 0;
    try {
      const got = await fetcher.fetch(wanted, join(folder, 'f'), new AbortController().signal);
      return [got, lines.map((line) => String((JSON.parse(line) as { reason?: string }).reason))];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it.each(['//evil.example/v/1', '/\\evil.example/v/1', 'https://evil.example/v/1', '@evil.example/', ''])(
    'MB1 (SSRF): a path that leads to another host is never asked: %j',
    async (path) => {
      expect(await fetch(attachment(path))).toEqual([false, Array(3).fill('the path leads elsewhere')]);
    },
  );

  it('MB3: a host that cannot be reached is tried three times', async () => {
    expect(await fetch(attachment('/v/1'))).toEqual([
      false,
      Array(3).fill('the server could not be reached, or broke off'),
    ]);
  });

  it('MB2: what claims to be larger than 16 MiB is not asked for', async () => {
    expect(await fetch(attachment('/v/1', { bytes: 16 * 1_048_576 + 1 }))).toEqual([false, []]);
  });

  it('gives back what the sender saw, and nothing for a changed, cut or foreign one', () => {
    const stored = encrypted(Buffer.from('a picture'));
    expect(fetcher.open(attachment('/v/1'), stored)?.toString()).toBe('a picture');
    const changed = Buffer.from(stored);
    changed[3] = (changed[3] ?? 0) ^ 1;
    for (const wrong of [changed, stored.subarray(0, -1), Buffer.alloc(0), randomBytes(64)])
      expect(fetcher.open(attachment('/v/1'), wrong)).toBeUndefined();
  });
});
