/**
 * Replaces libsignal's signature check by a native one, before Baileys is imported.
 *
 *  CU1  A bad signature throws. Baileys ignores the returned boolean (facts/baileys §10), so only a throw makes its
 *       certificate, account and signed-prekey checks effective.
 *  CU2  Accepts what libsignal accepts (vectors in test/unit/unofficial/curve.test.ts), at 1/40 of its CPU time: two
 *       checks per connect were 42 % of all CPU at a restore.
 *  CU3  When libsignal's module no longer has the shape known here, nothing is replaced and `signatureCheck` says so.
 *
 * An XEdDSA signature is an Ed25519 signature under the Edwards form of the X25519 key: y = (u - 1) / (u + 1), with
 * the sign of x in the top bit of the signature's last byte.
 *
 * Must be evaluated before `@whiskeysockets/baileys`: its ES namespace keeps the function found at first import.
 */
import { createPublicKey, verify } from 'node:crypto';
import { createRequire } from 'node:module';

type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const P = 2n ** 255n - 19n;
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * @param publicKey X25519 public key, 32 bytes, or 33 with libsignal's leading 05.
 * @returns true; throws on a bad signature (CU1) and on malformed input.
 */
export const verifySignature: Verify = (publicKey, message, signature) => {
  const key = publicKey.length === 33 && publicKey[0] === 5 ? publicKey.subarray(1) : publicKey;
  if (key.length !== 32) throw new Error('Invalid public key');
  if (signature?.length !== 64) throw new Error('Invalid signature');
  if (!message) throw new Error('Invalid message');
  const ed25519Signature = Buffer.from(signature);
  const last = ed25519Signature.readUInt8(63);
  ed25519Signature.writeUInt8(last & 0x7f, 63);
  const point = edwardsForm(key);
  point.writeUInt8(point.readUInt8(31) | (last & 0x80), 31);
  const spki = Buffer.concat([ED25519_SPKI_PREFIX, point]);
  const ed25519Key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  if (!verify(null, message, ed25519Key, ed25519Signature)) throw new Error('Bad signature');
  return true;
};

/** Little-endian y of the Edwards point whose Montgomery u is `key` (its top bit is ignored, RFC 7748 §5). */
function edwardsForm(key: Uint8Array): Buffer {
  const bigEndian = Buffer.from(key).reverse();
  bigEndian.writeUInt8(bigEndian.readUInt8(0) & 0x7f, 0);
  const u = BigInt(`0x${bigEndian.toString('hex')}`) % P;
  const y = (((u + P - 1n) % P) * inverse((u + 1n) % P)) % P;
  return Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
}

/** Extended Euclid; 0 for 0, as XEdDSA defines it. */
function inverse(value: bigint): bigint {
  if (value === 0n) return 0n;
  let [a, b, x, y] = [value, P, 1n, 0n];
  while (a !== 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b % a, a, y - quotient * x, x];
  }
  return ((x % P) + P) % P;
}

/** CU3. Which check is in force; `createUnofficialEngine` logs anything but `native` as an error. */
export const signatureCheck: 'native' | 'unchanged' = install();

function install(): 'native' | 'unchanged' {
  const require = createRequire(import.meta.resolve('@whiskeysockets/baileys'));
  const curve = require('libsignal/src/curve.js') as { verifySignature?: unknown };
  const { verifySignature: original } = curve;
  if (typeof original !== 'function' || original.length !== 4) return 'unchanged';
  curve.verifySignature = verifySignature;
  return curve.verifySignature === verifySignature ? 'native' : 'unchanged';
}
