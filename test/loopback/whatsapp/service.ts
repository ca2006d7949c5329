/**
 * What the handlers of one loopback WhatsApp service share.
 *
 * Owns: nothing but the type and its making; every part has an owner of its own.
 */
import type { CompanionKeys } from './adv-identity.ts';
import { CheckBook } from './checks.ts';
import type { Connection } from './connection.ts';
import { Faults } from './faults.ts';
import { GroupRegistry } from './group-registry.ts';
import { MediaHost } from './media-host.ts';
import { Numbers } from './numbers.ts';
import { People } from './people.ts';
import type { Person } from './people.ts';
import { PhoneData } from './phone-data.ts';
import { SenderKeyRing } from './sender-keys.ts';

export interface ServiceOptions {
  /** Never decrypt what clients send; still count stanzas, ids, acks and receipts. */
  readonly light: boolean;
  /** What a client hears about its prekey count; undefined answers the true count. 30 avoids the upload. */
  readonly preKeys: number | undefined;
}

export interface Service {
  readonly options: ServiceOptions;
  readonly people: People;
  readonly numbers: Numbers;
  readonly faults: Faults;
  readonly checks: CheckBook;
  readonly media: MediaHost;
  readonly groups: GroupRegistry;
  readonly senderKeys: SenderKeyRing;
  readonly phoneData: PhoneData;
}

/** A connected client: not paired yet, or logged in as somebody's linked device. */
export type Client =
  | { readonly kind: 'registering'; readonly connection: Connection; readonly keys: CompanionKeys }
  | { readonly kind: 'member'; readonly connection: Connection; readonly person: Person };

export async function makeService(seed: Buffer, options: ServiceOptions): Promise<Service> {
  const checks = new CheckBook();
  const faults = new Faults();
  const media = await MediaHost.start(faults);
  const people = new People(seed);
  const groups = new GroupRegistry(people);
  const senderKeys = new SenderKeyRing();
  const phoneData = new PhoneData(seed);
  return { options, people, numbers: new Numbers(checks), faults, checks, media, groups, senderKeys, phoneData };
}
