/**
 * WhatsApp's media host: an HTTPS server on 127.0.0.1 that takes uploads and serves what people have sent.
 *
 * Owns: encrypted media by path, their encryption as a sender's phone does it, and the faults of the host.
 * Invariants:
 *   M1 it holds ciphertexts only; the key travels inside the message;
 *   M2 it listens on 127.0.0.1 only, and its certificate is made at start.
 * Does not: keep media over the world's own restart, nor know messages.
 * Source: facts/loopback-whatsapp.md section 13.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeTlsIdentity } from '../tls-certificate.ts';
import type { Faults } from './faults.ts';

export type MediaKind = 'image' | 'video' | 'audio' | 'document' | 'sticker';

/** What a message says about its medium. */
export interface MediaReference {
  readonly url: string;
  readonly directPath: string;
  readonly mediaKey: Buffer;
  readonly fileSha256: Buffer;
  readonly fileEncSha256: Buffer;
  readonly fileLength: number;
}

/** The part of a reference that is needed to read a medium. */
export interface MediaPointer {
  readonly directPath?: string | null;
  readonly mediaKey?: Uint8Array | null;
}

const INFO: Readonly<Record<MediaKind, string>> = {
  image: 'WhatsApp Image Keys',
  sticker: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  audio: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
};

export class MediaHost {
  /** `127.0.0.1:port`, as `media_conn` names it. */
  readonly hostname: string;
  /** Where the certificate lies; for NODE_EXTRA_CA_CERTS. */
  readonly certificateFile: string;
  readonly #stored: Map<string, Buffer>;
  /** What the host lost and the senders' phones still have, by the old path. */
  readonly #phones = new Map<string, Buffer>();
  readonly #close: () => Promise<void>;

  private constructor(
    hostname: string,
    certificateFile: string,
    stored: Map<string, Buffer>,
    close: () => Promise<void>,
  ) {
    this.hostname = hostname;
    this.certificateFile = certificateFile;
    this.#stored = stored;
    this.#close = close;
  }

  static async start(faults: Faults): Promise<MediaHost> {
    const stored = new Map<string, Buffer>();
    const identity = makeTlsIdentity();
    const server = createServer(identity, (request, response) => {
      serve(stored, faults, request, response).catch((error: unknown) => {
        process.stderr.write(`loopback media host: ${error instanceof Error ? error.message : String(error)}\n`);
        response.destroy();
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const folder = mkdtempSync(join(tmpdir(), 'loopback-media-'));
    const certificateFile = join(folder, 'certificate.pem');
    writeFileSync(certificateFile, identity.cert);
    const { port } = server.address() as AddressInfo;
    return new MediaHost(`127.0.0.1:${port}`, certificateFile, stored, async () => {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** Encrypts and stores a medium as a sender's phone does. */
  put(kind: MediaKind, bytes: Buffer, mediaKey: Buffer = randomBytes(32)): MediaReference {
    const { iv, cipherKey, macKey } = keysOf(mediaKey, kind);
    const cipher = createCipheriv('aes-256-cbc', cipherKey, iv);
    const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const stored = Buffer.concat([ciphertext, macOf(macKey, iv, ciphertext)]);
    const directPath = newPath();
    this.#stored.set(pathOf(directPath), stored);
    return {
      url: `https://${this.hostname}${directPath}`,
      directPath,
      mediaKey,
      fileSha256: sha256(bytes),
      fileEncSha256: sha256(stored),
      fileLength: bytes.length,
    };
  }

  /** The medium as its recipient sees it; undefined when it is not here or does not fit its key. */
  read(kind: MediaKind, { directPath, mediaKey }: MediaPointer): Buffer | undefined {
    const stored = directPath == null ? undefined : this.#stored.get(pathOf(directPath));
    if (stored === undefined || mediaKey == null) return undefined;
    const { iv, cipherKey, macKey } = keysOf(mediaKey, kind);
    const ciphertext = stored.subarray(0, -10);
    if (!macOf(macKey, iv, ciphertext).equals(stored.subarray(-10))) return undefined;
    const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  }

  /** The host loses a medium; unless `forever`, its sender's phone still has it. */
  lose(directPath: string, forever: boolean): void {
    const path = pathOf(directPath);
    const lost = this.#stored.get(path);
    if (lost !== undefined && !forever) this.#phones.set(path, lost);
    this.#stored.delete(path);
  }

  /** The sender's phone uploads a medium again: its new path, or undefined when it has it no more. */
  again(directPath: string): string | undefined {
    const kept = this.#phones.get(pathOf(directPath)) ?? this.#stored.get(pathOf(directPath));
    if (kept === undefined) return undefined;
    const path = newPath();
    this.#stored.set(pathOf(path), kept);
    return path;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

async function serve(
  stored: Map<string, Buffer>,
  faults: Faults,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const upload = request.method === 'POST';
  const sent = upload ? await bodyOf(request) : Buffer.alloc(0);
  const fault = faults.forMedia(upload ? 'upload' : 'download');
  if (fault?.delayMs !== undefined) await delay(fault.delayMs);
  if (fault?.status !== undefined) return answer(response, fault.status, 'refused');
  const path = pathOf(request.url ?? '');
  if (upload) {
    if (fault?.cut === true) return void request.socket.destroy();
    const directPath = `/v/uploads/${sha256(sent).toString('base64url')}`;
    stored.set(directPath, sent);
    return answer(
      response,
      200,
      JSON.stringify({ url: `https://${request.headers.host}${directPath}`, direct_path: directPath }),
    );
  }
  const found = stored.get(path);
  if (found === undefined) return answer(response, 404, 'not here');
  if (fault?.cut !== true) return answer(response, 200, found);
  response.writeHead(200, { 'content-length': found.length });
  response.write(found.subarray(0, found.length >> 1), () => request.socket.destroy());
}

function answer(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body) }).end(body);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function keysOf(mediaKey: Uint8Array, kind: MediaKind): { iv: Buffer; cipherKey: Buffer; macKey: Buffer } {
  const all = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), INFO[kind], 112));
  return { iv: all.subarray(0, 16), cipherKey: all.subarray(16, 48), macKey: all.subarray(48, 80) };
}

const macOf = (key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer =>
  createHmac('sha256', key).update(iv).update(ciphertext).digest().subarray(0, 10);
const newPath = (): string => `/v/t62.loopback/${randomBytes(12).toString('hex')}?ccb=11-4`;
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
const pathOf = (target: string): string => target.split('?')[0] ?? '';
