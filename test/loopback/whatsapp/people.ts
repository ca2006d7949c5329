/**
 * Everybody with a phone number: contacts and owners of paired numbers alike.
 *
 * Owns: one person per number (created when first mentioned), their phone and their linked device.
 * Invariants:
 *   P1 whoever is addressed exists and is on WhatsApp, unless removed by `leave`;
 *   P2 a number has at most one linked device; pairing again replaces it under a new device id.
 * Does not: hold connections (`numbers.ts`).
 */
import { lidOf, parseJid } from './addresses.ts';
import type { Address } from './addresses.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { Inbox } from './inbox.ts';
import { VirtualDevice } from './virtual-device.ts';
import type { PreKeyBundle, PublicPreKey } from './virtual-device.ts';
import type { proto } from '@whiskeysockets/baileys';

/** The client's device, as the server and the phone know it. */
export interface LinkedDevice {
  readonly device: number;
  readonly keyIndex: number;
  readonly noisePublic: Buffer;
  readonly bundle: PreKeyBundle;
  /** One-time prekeys the client has uploaded. */
  preKeys: PublicPreKey[];
  /** What the prekey count query answers instead of the true count. */
  readonly reportedPreKeys: number | undefined;
  /** The phone has sent its first keys and history, and the client confirmed them. */
  firstSyncDone: boolean;
}

export type ReceiptMode = 'auto' | 'manual' | 'off';

/** A message this person sent, kept for retries and to see the client's receipts. */
export interface SentMessage {
  readonly id: string;
  readonly to: string;
  readonly message: proto.IMessage;
  readonly addressing: 'pn' | 'lid';
  readonly stanzaAttributes: Readonly<Record<string, string>>;
  readonly encAttributes: Readonly<Record<string, string>>;
  readonly receipts: string[];
}

/** Parts that come from a saved world. */
export interface Kept {
  readonly inbox?: Inbox;
  readonly ownCopies?: Inbox;
  readonly queue?: DeliveryQueue;
}

export class Person {
  readonly phone: string;
  readonly lid: string;
  readonly inbox: Inbox;
  /** Copies of what the linked device sent, as shown on the owner's phone. */
  readonly ownCopies: Inbox;
  readonly sent = new Map<string, SentMessage>();
  readonly queue: DeliveryQueue;
  onWhatsApp = true;
  receiptMode: ReceiptMode = 'auto';
  linked: LinkedDevice | undefined;
  lastDevice = 0;
  readonly #makePhone: () => VirtualDevice;
  #phoneDevice: VirtualDevice | undefined;

  constructor(phone: string, makePhone: () => VirtualDevice, kept: Kept = {}) {
    this.phone = phone;
    this.lid = lidOf(phone);
    this.#makePhone = makePhone;
    this.inbox = kept.inbox ?? new Inbox();
    this.ownCopies = kept.ownCopies ?? new Inbox();
    this.queue = kept.queue ?? new DeliveryQueue();
  }

  /** Device 0. Made when first needed: thousands of contacts cost nothing until their keys are asked for. */
  get phoneDevice(): VirtualDevice {
    this.#phoneDevice ??= this.#makePhone();
    return this.#phoneDevice;
  }

  get phoneDeviceInUse(): VirtualDevice | undefined {
    return this.#phoneDevice;
  }
}

export class People {
  readonly #seed: Buffer;
  readonly #byPhone = new Map<string, Person>();

  constructor(seed: Buffer) {
    this.#seed = seed;
  }

  get(phone: string): Person {
    let person = this.#byPhone.get(phone);
    if (person === undefined) {
      person = new Person(phone, () => new VirtualDevice(this.#seed, phone));
      this.#byPhone.set(phone, person);
    }
    return person;
  }

  find(phone: string): Person | undefined {
    return this.#byPhone.get(phone);
  }

  /** The person and device behind a jid of a user. */
  at(jid: string | undefined): { readonly person: Person; readonly address: Address } | undefined {
    const address = parseJid(jid);
    return address === undefined ? undefined : { person: this.get(address.phone), address };
  }

  put(person: Person): void {
    this.#byPhone.set(person.phone, person);
  }

  all(): IterableIterator<Person> {
    return this.#byPhone.values();
  }
}

/** Name under which a virtual device files its session with a linked device. */
export function peerName(phone: string, device: number): string {
  return `${phone}:${device}`;
}
