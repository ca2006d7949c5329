/**
 * The signed identity that ties a linked device to its phone ("ADV").
 *
 * Owns: building it at pairing, and checking the signature that the linked device adds.
 * Source: facts/loopback-whatsapp.md section 6.
 */
import { createHmac } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import * as curve from 'libsignal/src/curve.js';
import { typed } from './keys.ts';
import type { SigningKeyPair } from './keys.ts';
import { uint } from './nodes.ts';
import type { PreKeyBundle } from './virtual-device.ts';

/** The public keys with which a client registers. */
export interface CompanionKeys {
  readonly noisePublic: Buffer;
  readonly bundle: PreKeyBundle;
}

const ACCOUNT_PREFIX = Buffer.from([6, 0]);
const DEVICE_PREFIX = Buffer.from([6, 1]);

/** Reads the registration payload; undefined when it is not one. */
export function companionKeys(noisePublic: Buffer, payload: proto.ClientPayload): CompanionKeys | undefined {
  const data = payload.devicePairingData;
  if (!data?.eRegid || !data.eIdent || !data.eSkeyId || !data.eSkeyVal || !data.eSkeySig) return undefined;
  return {
    noisePublic,
    bundle: {
      registrationId: uint(Buffer.from(data.eRegid)),
      identity: Buffer.from(data.eIdent),
      signedPreKey: {
        id: uint(Buffer.from(data.eSkeyId)),
        public: Buffer.from(data.eSkeyVal),
        signature: Buffer.from(data.eSkeySig),
      },
    },
  };
}

/** What the phone signs: details and its own signature, without the device's. */
export function signIdentity(
  phone: SigningKeyPair,
  companionIdentity: Buffer,
  keyIndex: number,
): { details: Uint8Array; accountSignatureKey: Buffer; accountSignature: Buffer } {
  const details = proto.ADVDeviceIdentity.encode({
    rawId: keyIndex,
    timestamp: Math.floor(Date.now() / 1000),
    keyIndex,
  }).finish();
  return {
    details,
    accountSignatureKey: phone.public,
    accountSignature: phone.sign(Buffer.concat([ACCOUNT_PREFIX, details, companionIdentity])),
  };
}

/** The content of `pair-success > device-identity`. */
export function sealIdentity(signed: proto.IADVSignedDeviceIdentity, advSecret: Buffer): Uint8Array {
  const details = proto.ADVSignedDeviceIdentity.encode(signed).finish();
  const hmac = createHmac('sha256', advSecret).update(details).digest();
  return proto.ADVSignedDeviceIdentityHMAC.encode({ details, hmac }).finish();
}

/** The bytes that the linked device signs. */
export function deviceSignatureInput(details: Uint8Array, companionIdentity: Buffer, phoneIdentity: Buffer): Buffer {
  return Buffer.concat([DEVICE_PREFIX, details, companionIdentity, phoneIdentity]);
}

/** Checks the device's signature with libsignal's own verifier: the client library's wrapper accepts anything. */
export function deviceSignatureHolds(reply: Buffer, companionIdentity: Buffer, phoneIdentity: Buffer): boolean {
  const { details, deviceSignature } = proto.ADVSignedDeviceIdentity.decode(reply);
  if (!details || deviceSignature?.length !== 64) return false;
  try {
    return curve.verifySignature(
      typed(companionIdentity),
      deviceSignatureInput(details, companionIdentity, phoneIdentity),
      Buffer.from(deviceSignature),
    );
  } catch {
    // A verifier that was made strict reports a bad signature by throwing.
    return false;
  }
}
