/**
 * Sender keys of one simulated phone: its own in each group, and those that others have shared with it.
 *
 * Invariant: SK1 one step at a time: a chain never moves twice from the same place.
 */
import { encodeWAMessage, proto, unpadRandomMax16 } from '@whiskeysockets/baileys';
import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SenderKeyRecord,
} from '@whiskeysockets/baileys/lib/Signal/Group/index.js';

export class SenderKeys {
  readonly #records = new Map<string, SenderKeyRecord>();
  #lock: Promise<unknown> = Promise.resolve();

  /** Takes what `sender` has shared for the group. */
  take(group: string, sender: string, distribution: Uint8Array): Promise<void> {
    const message = new SenderKeyDistributionMessage(null, null, null, null, distribution);
    return this.#locked(() => new GroupSessionBuilder(this.#store).process(nameOf(group, sender), message));
  }

  /** Rejects without a key of the sender. */
  decrypt(group: string, sender: string, ciphertext: Uint8Array): Promise<proto.Message> {
    return this.#locked(async () => {
      const plain = await new GroupCipher(this.#store, nameOf(group, sender)).decrypt(ciphertext);
      return proto.Message.decode(unpadRandomMax16(plain));
    });
  }

  /** Encrypts with the own key; `distribution` is for those who do not have it yet. */
  encrypt(group: string, self: string, message: proto.IMessage) {
    return this.#locked(async () => {
      const name = nameOf(group, self);
      const distribution = (await new GroupSessionBuilder(this.#store).create(name)).serialize();
      const ciphertext = await new GroupCipher(this.#store, name).encrypt(encodeWAMessage(message));
      return { ciphertext: Buffer.from(ciphertext), distribution };
    });
  }

  readonly #store = {
    loadSenderKey: async (name: SenderKeyName) => this.#records.get(name.toString()) ?? new SenderKeyRecord(),
    storeSenderKey: async (name: SenderKeyName, record: SenderKeyRecord) => {
      this.#records.set(name.toString(), record);
    },
  };

  #locked<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lock.then(work);
    this.#lock = result.catch(() => undefined);
    return result;
  }
}

/** Everybody's sender keys, and whom a member has given its own. */
export class SenderKeyRing {
  readonly #keys = new Map<string, SenderKeys>();
  readonly #given = new Set<string>();

  of(phone: string): SenderKeys {
    const keys = this.#keys.get(phone) ?? new SenderKeys();
    this.#keys.set(phone, keys);
    return keys;
  }

  /** True the first time: the member's key of this group has yet to go to the device. */
  give(group: string, member: string, device: string): boolean {
    const key = `${group} ${member} ${device}`;
    const first = !this.#given.has(key);
    this.#given.add(key);
    return first;
  }
}

const nameOf = (group: string, sender: string): SenderKeyName =>
  new SenderKeyName(group, { id: sender, deviceId: 0, toString: () => sender });
