/**
 * Makes the client's signature checks real: Baileys ignores the boolean that libsignal returns, so a verifier that
 * throws on a bad signature is the only one it obeys (facts/baileys.md section 10). Must be imported before Baileys.
 */
import { createRequire } from 'node:module';

const curve = createRequire(import.meta.url)('libsignal/src/curve.js') as {
  verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array, isInit?: boolean): boolean;
};

const original = curve.verifySignature;

curve.verifySignature = (key, message, signature) => {
  if (!original(key, message, signature)) throw new Error('bad signature');
  return true;
};
