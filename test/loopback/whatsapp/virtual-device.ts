/**
 * One simulated device that speaks Signal: a contact's phone, or the phone that owns a paired number.
 *
 * Owns: its identity, its prekeys and its ratchets with other devices.
 * Invariants:
 *   V1 one lock around the ratchets: encrypting and decrypting never interleave;
 *   V2 a failed decrypt changes nothing (sessions are stored serialised, only after success);
 *   V3 keys are derived from the world's seed, so only ratchets and used prekey ids need saving.
 * Does not: know stanzas, addresses on the wire, or what a message means.
 */
import * as libsignal from 'libsignal';
import { encodeWAMessage, proto, unpadRandomMax16 } from '@whiskeysockets/baileys';
import { deriveKeyPair, deriveSeed, deriveSigningKeyPair, typed } from './keys.ts';
import type { KeyPair, SigningKeyPair } from './keys.ts';

export interface PublicPreKey {
  readonly id: number;
  /** 32 bytes. */
  readonly public: Buffer;
}

export interface PreKeyBundle {
  readonly registrationId: number;
  /** 32 bytes. */
  readonly identity: Buffer;
  readonly signedPreKey: PublicPreKey & { readonly signature: Buffer };
  readonly preKey?: PublicPreKey;
}

export interface Envelope {
  readonly type: 'pkmsg' | 'msg';
  readonly ciphertext: Buffer;
}

type SerialisedSession = ReturnType<libsignal.SessionRecord['serialize']>;

export interface DeviceSnapshot {
  readonly nextPreKeyId: number;
  readonly usedPreKeys: readonly number[];
  readonly sessions: ReadonlyArray<readonly [string, SerialisedSession]>;
}

const SIGNED_PREKEY_ID = 1;

export class VirtualDevice {
  readonly identity: SigningKeyPair;
  readonly #seed: Buffer;
  readonly #label: string;
  readonly #sessions: Map<string, SerialisedSession>;
  readonly #usedPreKeys: Set<number>;
  #nextPreKeyId: number;
  #signedPreKeyPair: KeyPair | undefined;
  #fixedBundle: PreKeyBundle | undefined;
  #lock: Promise<unknown> = Promise.resolve();

  constructor(seed: Buffer, label: string, snapshot?: DeviceSnapshot) {
    this.#seed = seed;
    this.#label = label;
    this.identity = deriveSigningKeyPair(seed, `${label}/identity`);
    this.#sessions = new Map(snapshot?.sessions);
    this.#usedPreKeys = new Set(snapshot?.usedPreKeys);
    this.#nextPreKeyId = snapshot?.nextPreKeyId ?? 1;
  }

  /** What somebody needs to open a session with this device. */
  bundle(withOneTimePreKey: boolean): PreKeyBundle {
    this.#fixedBundle ??= this.#makeFixedBundle();
    if (!withOneTimePreKey) return this.#fixedBundle;
    const id = this.#nextPreKeyId++;
    return { ...this.#fixedBundle, preKey: { id, public: this.#preKey(id).public } };
  }

  /**
   * Encrypts for `peer`. A session is opened from `bundle()` when there is none, or when `fresh` asks for a new one
   * (the answer to a retry receipt).
   */
  encrypt(peer: string, message: proto.IMessage, bundle: () => PreKeyBundle, fresh = false): Promise<Envelope> {
    return this.#locked(async () => {
      const address = this.#address(peer);
      const stored = this.#sessions.get(address.toString());
      const open = stored !== undefined && libsignal.SessionRecord.deserialize(stored).haveOpenSession();
      if (fresh || !open) await this.#openSession(address, bundle());
      const { type, body } = await new libsignal.SessionCipher(this.#storage, address).encrypt(
        encodeWAMessage(message),
      );
      return { type: type === 3 ? 'pkmsg' : 'msg', ciphertext: Buffer.from(body, 'binary') };
    });
  }

  /** Decrypts what `peer` sent. Rejects when it cannot be decrypted. */
  decrypt(peer: string, { type, ciphertext }: Envelope): Promise<proto.Message> {
    return this.#locked(async () => {
      const cipher = new libsignal.SessionCipher(this.#storage, this.#address(peer));
      const plain =
        type === 'pkmsg'
          ? await cipher.decryptPreKeyWhisperMessage(ciphertext)
          : await cipher.decryptWhisperMessage(ciphertext);
      return proto.Message.decode(unpadRandomMax16(plain));
    });
  }

  snapshot(): DeviceSnapshot {
    return {
      nextPreKeyId: this.#nextPreKeyId,
      usedPreKeys: [...this.#usedPreKeys],
      sessions: [...this.#sessions],
    };
  }

  async #openSession(address: libsignal.ProtocolAddress, bundle: PreKeyBundle): Promise<void> {
    const { registrationId, identity, signedPreKey, preKey } = bundle;
    await new libsignal.SessionBuilder(this.#storage, address).initOutgoing({
      registrationId,
      identityKey: typed(identity),
      signedPreKey: {
        keyId: signedPreKey.id,
        publicKey: typed(signedPreKey.public),
        signature: signedPreKey.signature,
      },
      // libsignal accepts a bundle without one-time prekey, its types do not.
      ...(preKey === undefined ? {} : { preKey: { keyId: preKey.id, publicKey: typed(preKey.public) } }),
    } as Parameters<libsignal.SessionBuilder['initOutgoing']>[0]);
  }

  /** libsignal queues jobs in a process-wide table by address: the label keeps devices of this process apart. */
  #address(peer: string): libsignal.ProtocolAddress {
    return new libsignal.ProtocolAddress(`${this.#label}>${peer}`, 0);
  }

  readonly #storage: libsignal.SignalStorage = {
    loadSession: async (id) => {
      const stored = this.#sessions.get(id);
      return stored === undefined ? undefined : libsignal.SessionRecord.deserialize(stored);
    },
    storeSession: async (id, session) => {
      this.#sessions.set(id, session.serialize());
    },
    isTrustedIdentity: () => true,
    loadPreKey: async (id) => {
      const known = Number(id) < this.#nextPreKeyId && !this.#usedPreKeys.has(Number(id));
      return known ? signalPair(this.#preKey(Number(id))) : undefined;
    },
    removePreKey: (id) => {
      this.#usedPreKeys.add(id);
    },
    loadSignedPreKey: () => signalPair(this.#signedPreKey()),
    getOurRegistrationId: () => this.#registrationId(),
    getOurIdentity: () => signalPair(this.identity),
  };

  #makeFixedBundle(): PreKeyBundle {
    const signedPreKey = this.#signedPreKey();
    return {
      registrationId: this.#registrationId(),
      identity: this.identity.public,
      signedPreKey: {
        id: SIGNED_PREKEY_ID,
        public: signedPreKey.public,
        signature: this.identity.sign(typed(signedPreKey.public)),
      },
    };
  }

  #signedPreKey(): KeyPair {
    this.#signedPreKeyPair ??= deriveKeyPair(this.#seed, `${this.#label}/signed-prekey`);
    return this.#signedPreKeyPair;
  }

  #preKey(id: number): KeyPair {
    return deriveKeyPair(this.#seed, `${this.#label}/prekey/${id}`);
  }

  #registrationId(): number {
    return deriveSeed(this.#seed, `${this.#label}/registration`).readUInt16BE(0) & 0x3fff;
  }

  #locked<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lock.then(work);
    this.#lock = result.catch(() => undefined);
    return result;
  }
}

function signalPair(pair: KeyPair): { privKey: Buffer; pubKey: Buffer } {
  return { privKey: pair.private, pubKey: typed(pair.public) };
}
