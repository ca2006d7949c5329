/**
 * The responder's side of the Noise XX handshake and of the transport that follows.
 *
 * Owns: hash, salt, key and counters of one connection.
 * Invariants:
 *   N1 frames are decrypted in the order in which they came (counters are the nonces);
 *   N2 the counter goes back to 0 whenever a new key is mixed in.
 * Does not: cut frames (`frames.ts`), decode nodes (`connection.ts`).
 * Source: facts/loopback-whatsapp.md section 3.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { Curve, proto } from '@whiskeysockets/baileys';
import type { ServerIdentity } from './certificate.ts';

/** Exactly 32 bytes, hence used unhashed as the first hash, salt and key. */
const PROTOCOL_NAME = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
const CLIENT_HEADER = Buffer.from([0x57, 0x41, 0x06, 0x03]);
const NOTHING = Buffer.alloc(0);
const TAG_LENGTH = 16;

export interface Transport {
  encrypt(plain: Uint8Array): Buffer;
  decrypt(cipher: Buffer): Buffer;
}

export interface ClientHello {
  readonly clientStatic: Buffer;
  readonly payload: proto.ClientPayload;
  readonly transport: Transport;
}

export class NoiseResponder {
  readonly #identity: ServerIdentity;
  readonly #ephemeral = Curve.generateKeyPair();
  #hash: Buffer = PROTOCOL_NAME;
  #salt: Buffer = PROTOCOL_NAME;
  #key: Buffer = PROTOCOL_NAME;
  #counter = 0;

  constructor(identity: ServerIdentity) {
    this.#identity = identity;
  }

  /** Answers the first frame; the result is the body of the server's hello frame. */
  answerHello(frame: Buffer): Uint8Array {
    const { clientHello } = proto.HandshakeMessage.decode(frame);
    const clientEphemeral = Buffer.from(clientHello?.ephemeral ?? NOTHING);
    this.#mixHash(CLIENT_HEADER);
    this.#mixHash(clientEphemeral);
    this.#mixHash(Buffer.from(this.#ephemeral.public));
    this.#mixKey(agree(this.#ephemeral.private, clientEphemeral));
    const staticKey = this.#encrypt(this.#identity.staticKey.public);
    this.#mixKey(agree(this.#identity.staticKey.private, clientEphemeral));
    const payload = this.#encrypt(this.#identity.chain);
    return proto.HandshakeMessage.encode({
      serverHello: { ephemeral: this.#ephemeral.public, static: staticKey, payload },
    }).finish();
  }

  /** Reads the second frame and switches to transport keys. Throws when the client's proof does not hold. */
  readFinish(frame: Buffer): ClientHello {
    const { clientFinish } = proto.HandshakeMessage.decode(frame);
    const clientStatic = this.#decrypt(Buffer.from(clientFinish?.static ?? NOTHING));
    this.#mixKey(agree(this.#ephemeral.private, clientStatic));
    const payload = proto.ClientPayload.decode(this.#decrypt(Buffer.from(clientFinish?.payload ?? NOTHING)));
    const [fromClient, toClient] = expand(NOTHING, this.#salt);
    return { clientStatic, payload, transport: makeTransport(toClient, fromClient) };
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  #mixKey(secret: Buffer): void {
    [this.#salt, this.#key] = expand(secret, this.#salt);
    this.#counter = 0;
  }

  #encrypt(plain: Uint8Array): Buffer {
    const sealed = seal(this.#key, this.#counter++, plain, this.#hash);
    this.#mixHash(sealed);
    return sealed;
  }

  #decrypt(cipher: Buffer): Buffer {
    const plain = open(this.#key, this.#counter++, cipher, this.#hash);
    this.#mixHash(cipher);
    return plain;
  }
}

function makeTransport(writeKey: Buffer, readKey: Buffer): Transport {
  let written = 0;
  let read = 0;
  return {
    encrypt: (plain) => seal(writeKey, written++, plain, NOTHING),
    decrypt: (cipher) => open(readKey, read++, cipher, NOTHING),
  };
}

function agree(privateKey: Uint8Array, publicKey: Uint8Array): Buffer {
  return Curve.sharedKey(privateKey, publicKey);
}

function expand(secret: Buffer, salt: Buffer): [Buffer, Buffer] {
  const out = Buffer.from(hkdfSync('sha256', secret, salt, NOTHING, 64));
  return [out.subarray(0, 32), out.subarray(32)];
}

function nonce(counter: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(counter, 8);
  return iv;
}

function seal(key: Buffer, counter: number, plain: Uint8Array, additional: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(counter));
  cipher.setAAD(additional);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, counter: number, sealed: Buffer, additional: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(counter));
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()]);
}
