/**
 * Key pairs of the loopback world, and signatures made with them.
 *
 * Owns: deriving every key of the world from one seed, and signing fast.
 * Invariants:
 *   K1 the same seed and label give the same pair, so a snapshot needs no private keys;
 *   K2 a signature made here is accepted by the client's own XEdDSA check (curve25519 key, sign bit in the last byte).
 * Does not: verify signatures (the client's library does that, see `adv-identity.ts`), nor agree on secrets.
 *
 * Why a seed: the client's library signs in JavaScript, 11 ms each. Here a pair starts as an Ed25519 seed, so the
 * native signer can be used; its scalar, SHA-512(seed) clamped, *is* the X25519 private key, and the Ed25519
 * signature becomes an XEdDSA one by putting the sign bit of the Ed25519 public key into the last byte.
 */
import { createHash, createHmac, createPrivateKey, createPublicKey, sign as signNatively } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Curve } from '@whiskeysockets/baileys';

export interface KeyPair {
  /** X25519 private key, 32 bytes. */
  readonly private: Buffer;
  /** X25519 public key, 32 bytes, without the leading type byte 5. */
  readonly public: Buffer;
}

export interface SigningKeyPair extends KeyPair {
  /** XEdDSA signature, 64 bytes. */
  sign(message: Uint8Array): Buffer;
}

const KEY_TYPE = Buffer.from([5]);

/** The 32 bytes from which the key named `label` is made. */
export function deriveSeed(seed: Uint8Array, label: string): Buffer {
  return createHmac('sha256', seed).update(label).digest();
}

/** An X25519 pair for agreement only. */
export function deriveKeyPair(seed: Uint8Array, label: string): KeyPair {
  return pairOf(clamp(deriveSeed(seed, label)));
}

/** A random X25519 pair. */
export function newKeyPair(): KeyPair {
  const { public: publicKey, private: privateKeyBytes } = Curve.generateKeyPair();
  return { private: Buffer.from(privateKeyBytes), public: Buffer.from(publicKey) };
}

/** A pair that can also sign (identities, certificates). */
export function deriveSigningKeyPair(seed: Uint8Array, label: string): SigningKeyPair {
  const own = deriveSeed(seed, label);
  const pair = pairOf(clamp(createHash('sha512').update(own).digest().subarray(0, 32)));
  const edPrivate = privateKey('Ed25519', own);
  const signBit = rawPublic(edPrivate)[31]! & 0x80;
  return {
    ...pair,
    sign(message) {
      const signature = signNatively(null, message, edPrivate);
      signature[63]! |= signBit;
      return signature;
    },
  };
}

/** The 33-byte form with the leading type byte, which signatures of prekeys cover. */
export function typed(publicKey: Uint8Array): Buffer {
  return Buffer.concat([KEY_TYPE, publicKey]);
}

function pairOf(scalar: Buffer): KeyPair {
  return { private: scalar, public: rawPublic(privateKey('X25519', scalar)) };
}

/** As JWK, which takes a seventh of the time of DER. Its public half must be there, and is not looked at. */
function privateKey(crv: 'X25519' | 'Ed25519', raw: Buffer): KeyObject {
  return createPrivateKey({ key: { kty: 'OKP', crv, d: raw.toString('base64url'), x: '' }, format: 'jwk' });
}

function rawPublic(key: KeyObject): Buffer {
  return Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
}

function clamp(raw: Buffer): Buffer {
  const scalar = Buffer.from(raw);
  scalar[0]! &= 248;
  scalar[31]! &= 127;
  scalar[31]! |= 64;
  return scalar;
}
