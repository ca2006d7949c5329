/**
 * Encryption at rest of a store's values: AES-256-GCM, a fresh nonce per value, bound to the row's key.
 *
 * The passphrase (AUTH_ENCRYPTION_KEY) is stretched with scrypt over a stored salt and bound to this one store with
 * HKDF over a random id, so that no two stores share a key. Salt, id and a check value are kept in the store's own
 * schema row: a wrong passphrase is found at opening, before anything is read or written.
 *
 * Row keys (table names, contact and message ids) stay readable: they must sort. LMDB's page encryption would hide
 * them, but in lmdb 3.5.6 it derives the ChaCha8 stream from the page number alone, so every rewrite of a page reuses
 * the stream of the one before; it does not authenticate; and opening with a wrong or missing key crashes the process.
 */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scryptSync,
  timingSafeEqual,
} from 'node:crypto';
import { z } from 'zod';

/** 16 MiB and about 50 ms: paid once per salt, see `stretch`. */
const SCRYPT = { N: 2 ** 14, r: 8, p: 1 } as const;
const NONCE = 12;
const TAG = 16;

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
/** What the schema row of an encrypted store keeps; nothing in it is secret. */
export const encryptionHeader = z.strictObject({ kdf: z.literal('scrypt-hkdf'), salt: bytes, id: bytes, check: bytes });
export type EncryptionHeader = z.infer<typeof encryptionHeader>;

export interface Cipher {
  seal(key: Uint8Array, plain: Uint8Array): Buffer;
  /** Throws when the value was not sealed under this cipher and this row key. */
  unseal(key: Uint8Array, sealed: Uint8Array): Buffer;
}

/** Header and cipher for a new store. */
export function newEncryption(passphrase: string): { header: EncryptionHeader; cipher: Cipher } {
  const id = randomBytes(16);
  const keys = derive(passphrase, newStoreSalt, id);
  return { header: { kdf: 'scrypt-hkdf', salt: newStoreSalt, id, check: keys.check }, cipher: aesGcm(keys.values) };
}

/** The cipher of an existing store, undefined when `passphrase` is not the one it was made with. */
export function unlockEncryption(passphrase: string, header: EncryptionHeader): Cipher | undefined {
  const keys = derive(passphrase, header.salt, header.id);
  if (header.check.length !== keys.check.length || !timingSafeEqual(header.check, keys.check)) return undefined;
  return aesGcm(keys.values);
}

function aesGcm(secret: Buffer): Cipher {
  return {
    seal: (key, plain) => {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(key);
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    unseal: (key, sealed) => {
      const cipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, NONCE), { authTagLength: TAG }).setAAD(
        key,
      );
      cipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
      return Buffer.concat([cipher.update(sealed.subarray(NONCE + TAG)), cipher.final()]);
    },
  };
}

function derive(passphrase: string, salt: Uint8Array, id: Uint8Array): { values: Buffer; check: Buffer } {
  const root = stretch(passphrase, salt);
  const part = (info: string): Buffer => Buffer.from(hkdfSync('sha256', root, id, info, 32));
  return { values: part('values'), check: part('check') };
}

/**
 * Stores made by one run of the bridge share their scrypt salt, so opening 500 of them costs a few scrypt rounds, not
 * 500. The cache knows a passphrase only by its digest under a key that never leaves this process.
 */
const newStoreSalt = randomBytes(16);
const stretched = new Map<string, Buffer>();
const cacheKey = randomBytes(32);

function stretch(passphrase: string, salt: Uint8Array): Buffer {
  const name = createHmac('sha256', cacheKey).update(salt).update(passphrase).digest('base64');
  const known = stretched.get(name);
  if (known) return known;
  const root = scryptSync(passphrase, salt, 32, SCRYPT);
  stretched.set(name, root);
  return root;
}
