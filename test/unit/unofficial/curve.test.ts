import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

type Curve = {
  generateKeyPair(): { pubKey: Buffer; privKey: Buffer };
  calculateSignature(key: Buffer, message: Buffer): Buffer;
  verifySignature(key: Buffer, message: Buffer, signature: Buffer): boolean;
};
// The original is taken first: importing curve.ts replaces it for the whole process.
const require = createRequire(import.meta.resolve('@whiskeysockets/baileys'));
const curve = require('libsignal/src/curve.js') as Curve;
const original = curve.verifySignature;
const { signatureCheck, verifySignature } = await import('../../../src/actors/engines/unofficial/curve.ts');
const { Curve: BaileysCurve } = await import('@whiskeysockets/baileys');

const signed = (n: number) => {
  const { pubKey, privKey } = curve.generateKeyPair();
  const message = Buffer.from(`message ${n} `.repeat(1 + (n % 7)));
  return { pubKey, message, signature: curve.calculateSignature(privKey, message) };
};

describe('native XEdDSA check', () => {
  it('CU2 agrees with libsignal on random keys and on corrupted signatures, messages and keys', () => {
    for (let n = 0; n < 25; n++) {
      const { pubKey, message, signature } = signed(n);
      expect(original(pubKey, message, signature)).toBe(true);
      expect(verifySignature(pubKey, message, signature)).toBe(true);
      expect(verifySignature(pubKey.subarray(1), message, signature)).toBe(true);
      const broken = Buffer.from(signature);
      broken.writeUInt8(broken.readUInt8(n * 2) ^ 1, n * 2);
      expect(original(pubKey, message, broken)).toBe(false);
      expect(() => verifySignature(pubKey, message, broken)).toThrow('Bad signature');
      expect(() => verifySignature(pubKey, Buffer.concat([message, Buffer.from([0])]), signature)).toThrow(
        'Bad signature',
      );
      expect(() => verifySignature(signed(n).pubKey, message, signature)).toThrow();
    }
  });

  it('CU2 keeps the sign of x: flipping the top bit of the last byte is a bad signature', () => {
    const { pubKey, message, signature } = signed(3);
    signature.writeUInt8(signature.readUInt8(63) ^ 0x80, 63);
    expect(() => verifySignature(pubKey, message, signature)).toThrow('Bad signature');
  });

  it('refuses malformed input', () => {
    const { pubKey, message, signature } = signed(1);
    expect(() => verifySignature(pubKey.subarray(0, 31), message, signature)).toThrow('Invalid public key');
    expect(() => verifySignature(pubKey, message, signature.subarray(0, 63))).toThrow('Invalid signature');
    expect(() => verifySignature(Buffer.alloc(32), message, signature)).toThrow();
    expect(() => verifySignature(Buffer.alloc(32, 0xff), message, signature)).toThrow();
  });

  it('CU1 is in force in Baileys: Curve.verify is false for a wrong key and for random bytes', () => {
    expect(signatureCheck).toBe('native');
    const { pubKey, message, signature } = signed(2);
    expect(BaileysCurve.verify(pubKey, message, signature)).toBe(true);
    expect(BaileysCurve.verify(signed(4).pubKey, message, signature)).toBe(false);
    expect(BaileysCurve.verify(pubKey, message, Buffer.alloc(64, 7))).toBe(false);
  });
});
