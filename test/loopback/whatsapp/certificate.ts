/**
 * The server's identity in the handshake: static key and signed certificate chain.
 *
 * Owns: root -> intermediate -> leaf, all signed, made from the world's seed.
 * Invariant: C1 the chain is valid under `trustRoot`, so it also passes a client that checks signatures for real.
 * Source: facts/loopback-whatsapp.md section 2.
 */
import { proto } from '@whiskeysockets/baileys';
import { deriveKeyPair, deriveSigningKeyPair } from './keys.ts';
import type { KeyPair } from './keys.ts';

export interface ServerIdentity {
  readonly staticKey: KeyPair;
  /** Encoded `CertChain`, the payload of the server hello. */
  readonly chain: Uint8Array;
  /** Raw public key of the root, 32 bytes as hex. */
  readonly trustRoot: string;
}

const INTERMEDIATE_SERIAL = 1;
const LEAF_SERIAL = 2;
const NOT_BEFORE = Date.UTC(2020, 0, 1) / 1000;
const NOT_AFTER = Date.UTC(2100, 0, 1) / 1000;

export function makeServerIdentity(seed: Uint8Array): ServerIdentity {
  const root = deriveSigningKeyPair(seed, 'certificate/root');
  const intermediate = deriveSigningKeyPair(seed, 'certificate/intermediate');
  const staticKey = deriveKeyPair(seed, 'server/static');
  const { Details } = proto.CertChain.NoiseCertificate;
  const validity = { notBefore: NOT_BEFORE, notAfter: NOT_AFTER };
  // The client demands issuer serial 0 (WA_CERT_DETAILS.SERIAL) on the intermediate.
  const intermediateDetails = Details.encode({
    serial: INTERMEDIATE_SERIAL,
    issuerSerial: 0,
    key: intermediate.public,
    ...validity,
  }).finish();
  const leafDetails = Details.encode({
    serial: LEAF_SERIAL,
    issuerSerial: INTERMEDIATE_SERIAL,
    key: staticKey.public,
    ...validity,
  }).finish();
  const chain = proto.CertChain.encode({
    leaf: { details: leafDetails, signature: intermediate.sign(leafDetails) },
    intermediate: { details: intermediateDetails, signature: root.sign(intermediateDetails) },
  }).finish();
  return { staticKey, chain, trustRoot: root.public.toString('hex') };
}
