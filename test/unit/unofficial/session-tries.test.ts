import { Curve, generateSignalPubKey } from '@whiskeysockets/baileys';
import * as libsignal from 'libsignal';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withoutFailedTries } from '../../../src/actors/engines/unofficial/session-tries.ts';

// libsignal prints whole sessions.
beforeEach(() => {
  for (const method of ['info', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation(() => undefined);
});

let devices = 0;

function keyPair(): { privKey: Buffer; pubKey: Buffer } {
  const pair = Curve.generateKeyPair();
  return { privKey: Buffer.from(pair.private), pubKey: Buffer.from(generateSignalPubKey(pair.public)) };
}

/** One device that speaks Signal with one peer; its sessions are one serialised record. */
class Device {
  record: ReturnType<libsignal.SessionRecord['serialize']> | undefined;
  readonly #identity = keyPair();
  readonly #signed = { keyId: 1, keyPair: keyPair() };
  readonly #cipher: libsignal.SessionCipher;
  readonly #builder: libsignal.SessionBuilder;

  constructor() {
    const storage: libsignal.SignalStorage = {
      loadSession: async () => this.record && libsignal.SessionRecord.deserialize(this.record),
      storeSession: async (_, session) => {
        this.record = structuredClone(session.serialize());
      },
      isTrustedIdentity: () => true,
      loadPreKey: async () => undefined,
      removePreKey: () => undefined,
      loadSignedPreKey: () => this.#signed.keyPair,
      getOurRegistrationId: () => 1,
      getOurIdentity: () => this.#identity,
    };
    const address = new libsignal.ProtocolAddress(`peer${++devices}`, 0);
    this.#cipher = new libsignal.SessionCipher(storage, address);
    this.#builder = new libsignal.SessionBuilder(storage, address);
  }

  get bundle() {
    const { keyId, keyPair } = this.#signed;
    const signature = Curve.sign(this.#identity.privKey, keyPair.pubKey);
    return {
      registrationId: 1,
      identityKey: this.#identity.pubKey,
      signedPreKey: { keyId, publicKey: keyPair.pubKey, signature },
    };
  }

  open(bundle: Device['bundle']): Promise<void> {
    return this.#builder.initOutgoing(bundle as unknown as Parameters<libsignal.SessionBuilder['initOutgoing']>[0]);
  }

  async encrypt(text: string): Promise<{ type: number; body: Buffer }> {
    const { type, body } = await this.#cipher.encrypt(Buffer.from(text));
    return { type, body: Buffer.from(body as unknown as string, 'binary') };
  }

  async decrypt({ type, body }: { type: number; body: Buffer }): Promise<string> {
    const plain =
      type === 3 ? this.#cipher.decryptPreKeyWhisperMessage(body) : this.#cipher.decryptWhisperMessage(body);
    return (await plain).toString();
  }
}

/** Both have a session; then we open a new one while a message of the contact's is still under way in the old one. */
async function newSessionBesideBacklog() {
  const [we, contact] = [new Device(), new Device()];
  await contact.open(we.bundle);
  await we.decrypt(await contact.encrypt('first'));
  await contact.decrypt(await we.encrypt('answer'));
  const underWay = await contact.encrypt('under way');
  await new Promise((resolve) => setTimeout(resolve, 5));
  await we.open(contact.bundle);
  return { we, contact, underWay };
}

describe('ST1: a message changes only the session that it was decrypted with', () => {
  it('libsignal alone breaks the session that we send with', async () => {
    const { we, contact, underWay } = await newSessionBesideBacklog();
    expect(await we.decrypt(underWay)).toBe('under way');
    await expect(we.encrypt('unreadable').then((sent) => contact.decrypt(sent))).rejects.toThrow('Bad MAC');
  });

  it('repaired, the contact reads what we send, and we read what follows', async () => {
    const { we, contact, underWay } = await newSessionBesideBacklog();
    const before = structuredClone(we.record);
    expect(await we.decrypt(underWay)).toBe('under way');
    const repaired = withoutFailedTries(before, we.record);
    expect(repaired).toBeDefined();
    we.record = repaired as unknown as Device['record'];
    expect(await contact.decrypt(await we.encrypt('readable'))).toBe('readable');
    expect(await we.decrypt(await contact.encrypt('in the new session'))).toBe('in the new session');
  });

  it('leaves a record alone in which the first try fitted', async () => {
    const [we, contact] = [new Device(), new Device()];
    await contact.open(we.bundle);
    const before = structuredClone(we.record);
    await we.decrypt(await contact.encrypt('first'));
    expect(withoutFailedTries(before, we.record)).toBeUndefined();
    const second = structuredClone(we.record);
    await contact.decrypt(await we.encrypt('answer'));
    await we.decrypt(await contact.encrypt('second'));
    expect(withoutFailedTries(second, we.record)).toBeUndefined();
  });
});
