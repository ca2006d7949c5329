/**
 * Accounts that are paired already, with their logins written as the library's multi-file folders.
 *
 * Owns: making both halves of a pairing at once: the linked device known to the service, and the client's creds.
 * Invariant: F1 everything signed is signed for real, so a client that verifies accepts it.
 * Source: `useMultiFileAuthState` and `initAuthCreds` of the library (file names, BufferJSON).
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BufferJSON, proto } from '@whiskeysockets/baileys';
import { z } from 'zod';
import { lidJid, pnJid } from './addresses.ts';
import { deviceSignatureInput, signIdentity } from './adv-identity.ts';
import { deriveSigningKeyPair, newKeyPair, typed } from './keys.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';

export const FixtureRequest = z.strictObject({
  count: z.int().min(1).max(10_000),
  /** Folder below which `session_<digits>/` folders are made. */
  dir: z.string().min(1),
  firstNumber: z
    .string()
    .regex(/^[1-9]\d{6,13}$/)
    .default('15550100000'),
  /** One-time prekeys per account, known to both sides. */
  prekeys: z.int().min(0).max(1000).default(0),
});

export type FixtureRequest = z.input<typeof FixtureRequest>;

/** Answered to the prekey count query of these accounts, so that they do not upload keys at login. */
const ENOUGH_PREKEYS = 30;
const SIGNED_PREKEY_ID = 1;

/** Pairs `count` consecutive numbers and writes their logins. Answers the numbers. */
export async function makePaired(service: Service, input: FixtureRequest): Promise<string[]> {
  const { count, dir, firstNumber, prekeys } = FixtureRequest.parse(input);
  const phones = Array.from({ length: count }, (_, n) => (BigInt(firstNumber) + BigInt(n)).toString());
  for (const phone of phones) {
    const files = pair(service, service.people.get(phone), prekeys);
    const folder = join(dir, `session_${phone}`);
    await mkdir(folder, { recursive: true });
    await Promise.all(
      Object.entries(files).map(([name, value]) =>
        writeFile(
          join(folder, `${name.replaceAll('/', '__').replaceAll(':', '-')}.json`),
          JSON.stringify(value, BufferJSON.replacer),
        ),
      ),
    );
  }
  return phones;
}

/** Links a new device to the person and answers the client's files by name. */
function pair(service: Service, person: Person, preKeyCount: number): Record<string, unknown> {
  const { phone, lid } = person;
  const appStateKey = service.phoneData.key(phone);
  const appStateKeyId = appStateKey.id.toString('base64');
  const noiseKey = newKeyPair();
  const identity = deriveSigningKeyPair(randomBytes(32), 'identity');
  const preKeyPair = newKeyPair();
  const signature = identity.sign(typed(preKeyPair.public));
  const registrationId = randomInt(1, 16_380);
  const device = person.lastDevice + 1;
  const { details, accountSignatureKey, accountSignature } = signIdentity(
    person.phoneDevice.identity,
    identity.public,
    device,
  );
  const deviceSignature = identity.sign(deviceSignatureInput(details, identity.public, accountSignatureKey));
  const preKeys = Array.from({ length: preKeyCount }, (_, n) => ({ id: n + 1, pair: newKeyPair() }));

  person.lastDevice = device;
  person.linked = {
    device,
    keyIndex: device,
    noisePublic: noiseKey.public,
    firstSyncDone: true,
    bundle: {
      registrationId,
      identity: identity.public,
      signedPreKey: { id: SIGNED_PREKEY_ID, public: preKeyPair.public, signature },
    },
    preKeys: preKeys.map((one) => ({ id: one.id, public: one.pair.public })),
    reportedPreKeys: Math.max(preKeyCount, ENOUGH_PREKEYS),
  };
  const files: Record<string, unknown> = {
    creds: {
      noiseKey,
      pairingEphemeralKeyPair: newKeyPair(),
      signedIdentityKey: { private: identity.private, public: identity.public },
      signedPreKey: { keyPair: preKeyPair, signature, keyId: SIGNED_PREKEY_ID },
      registrationId,
      advSecretKey: randomBytes(32).toString('base64'),
      processedHistoryMessages: [],
      nextPreKeyId: preKeyCount + 1,
      firstUnuploadedPreKeyId: preKeyCount + 1,
      accountSyncCounter: 1,
      accountSettings: { unarchiveChats: false },
      registered: false,
      account: proto.ADVSignedDeviceIdentity.create({
        details,
        accountSignatureKey,
        accountSignature,
        deviceSignature,
      }),
      me: { id: pnJid(phone, device), name: `Loopback ${phone.slice(-4)}`, lid: lidJid(phone, device) },
      signalIdentities: [
        {
          identifier: { name: lidJid(phone, device), deviceId: 0 },
          identifierKey: typed(accountSignatureKey),
        },
      ],
      platform: 'android',
      myAppStateKeyId: appStateKeyId,
    },
    [`app-state-sync-key-${appStateKeyId}`]: appStateKey.data,
    [`lid-mapping-${phone}`]: lid,
    [`lid-mapping-${lid}_reverse`]: phone,
    [`device-list-${phone}`]: ['0', String(device)],
  };
  for (const one of preKeys) files[`pre-key-${one.id}`] = one.pair;
  return files;
}
