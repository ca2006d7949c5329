/**
 * Signal sessions of one connection, as last handed to the store: Baileys reads one up to four times per message, and
 * each is about 3 KB to unpack.
 *
 *  SC1  What is cached is on disk, and is what was written last: a read that was overtaken by a write is not kept.
 *  SC2  A read sees writes that are still on their way to the disk.
 *
 * libsignal never changes a serialised session in place, so the object may be handed out again.
 */
import type { SignalDataSet, SignalDataTypeMap, SignalKeyStore } from '@whiskeysockets/baileys';
import type { SyncCache } from './caches.ts';

type Session = SignalDataTypeMap['session'];

export class SessionCache {
  readonly #keys: SignalKeyStore;
  readonly #cache: SyncCache;
  readonly #onTheirWay = new Map<string, Session | null>();
  #writes = 0;

  constructor(keys: SignalKeyStore, cache: SyncCache) {
    this.#keys = keys;
    this.#cache = cache;
  }

  async get(addresses: string[]): Promise<{ [address: string]: Session }> {
    const found: { [address: string]: Session } = {};
    const missing: string[] = [];
    for (const address of addresses) {
      const onItsWay = this.#onTheirWay.get(address);
      if (onItsWay === null) continue;
      const session = onItsWay ?? this.#cache.get<Session>(address);
      if (session === undefined) missing.push(address);
      else found[address] = session;
    }
    if (missing.length === 0) return found;
    const writes = this.#writes;
    const read = await this.#keys.get('session', missing);
    if (this.#writes === writes) for (const [address, session] of Object.entries(read)) this.#put(address, session);
    return { ...found, ...read };
  }

  /** To be called when a write was handed to the store; `stored` settles with it. */
  handedOver({ session }: SignalDataSet, stored: Promise<void>): void {
    if (!session) return;
    this.#writes += 1;
    for (const [address, value] of Object.entries(session)) {
      this.#onTheirWay.set(address, value);
      const arrive = (durable: boolean) => {
        if (this.#onTheirWay.get(address) !== value) return;
        this.#onTheirWay.delete(address);
        if (durable) this.#put(address, value);
        else void this.#cache.del(address);
      };
      stored.then(
        () => arrive(true),
        () => arrive(false),
      );
    }
  }

  #put(address: string, session: Session | null): void {
    if (session === null) void this.#cache.del(address);
    else void this.#cache.set(address, session);
  }
}
