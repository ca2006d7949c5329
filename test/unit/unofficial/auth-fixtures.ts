/** A paired login with every kind of key and every id that is awkward in a file name, as Baileys itself makes them. */
import { randomBytes } from 'node:crypto';
import type { AuthenticationCreds, SignalDataSet } from '@whiskeysockets/baileys';
import { Curve, initAuthCreds, proto } from '@whiskeysockets/baileys';

export function pairedCreds(digits: string): AuthenticationCreds {
  const creds = initAuthCreds();
  const account = proto.ADVSignedDeviceIdentity.decode(
    proto.ADVSignedDeviceIdentity.encode({
      details: randomBytes(20),
      accountSignatureKey: randomBytes(32),
      accountSignature: randomBytes(64),
      deviceSignature: randomBytes(64),
    }).finish(),
  );
  return Object.assign(creds, {
    me: { id: `${digits}:7@s.whatsapp.net`, lid: '123456789012345:7@lid', name: 'Shop é' },
    account,
    signalIdentities: [
      { identifier: { name: `${digits}:7@s.whatsapp.net`, deviceId: 0 }, identifierKey: randomBytes(33) },
    ],
    platform: 'android',
    routingInfo: randomBytes(12),
    lastAccountSyncTimestamp: 1_700_000_000,
    myAppStateKeyId: 'AAAAAN8/',
    accountSyncCounter: 1,
    nextPreKeyId: 31,
  });
}

export function allKindsOfKeys(preKeys = 30): SignalDataSet {
  const session = (seed: number) => ({
    _sessions: {
      [randomBytes(33).toString('base64')]: {
        registrationId: seed,
        currentRatchet: {
          ephemeralKeyPair: { pubKey: randomBytes(33).toString('base64'), privKey: randomBytes(32).toString('base64') },
        },
        indexInfo: { baseKey: randomBytes(33).toString('base64'), closed: -1, used: 1_700_000_000_000 },
        _chains: {},
      },
    },
    version: 'v1',
  });
  return {
    'pre-key': Object.fromEntries(Array.from({ length: preKeys }, (_, i) => [String(i + 1), Curve.generateKeyPair()])),
    session: { '5511912345678.0': session(1), '123456789012345_1.0': session(2), '123456789012345_1.12': session(3) },
    'sender-key': {
      '120363012345678901@g.us::123456789012345_1::0': randomBytes(400),
      '4915112345678-1599999999@g.us::5511912345678::3': randomBytes(400),
      'status@broadcast::5511912345678::0': randomBytes(400),
    },
    'sender-key-memory': { '4915112345678-1599999999@g.us': { '5511912345678:3@s.whatsapp.net': true } },
    'app-state-sync-key': {
      'AAAAAN8/': proto.Message.AppStateSyncKeyData.fromObject({
        keyData: randomBytes(32),
        fingerprint: { rawId: 1234, currentIndex: 2, deviceIndexes: [0, 1] },
        timestamp: 1_700_000_000,
      }),
      'AA//+A==': proto.Message.AppStateSyncKeyData.fromObject({ keyData: randomBytes(32), timestamp: 1_700_000_001 }),
    },
    'app-state-sync-version': {
      critical_unblock_low: {
        version: 3,
        hash: randomBytes(128),
        indexValueMap: { 'q1+/a==': { valueMac: randomBytes(32) } },
      },
      regular: { version: 0, hash: Buffer.alloc(128), indexValueMap: {} },
    },
    'lid-mapping': { '5511912345678': '123456789012345', '123456789012345_reverse': '5511912345678' },
    'device-list': { '5511912345678': ['0', '3', '12'] },
    tctoken: {
      '123456789012345@lid': { token: randomBytes(20), timestamp: '1700000000' },
      __index: { token: Buffer.from('["123456789012345@lid"]') },
    },
    'identity-key': { '123456789012345_1.0': randomBytes(33) },
  } as unknown as SignalDataSet;
}
