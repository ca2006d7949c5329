/**
 * Signal sessions of one connection, as last written: Baileys reads one up to four times per message, and each is about
 * 3 KB to unpack.
 *
 *  SC1  What is cached is on disk, and is what was written last: a read that was overtaken by a write is not kept.
 *
 * libsignal never changes a serialised session in place, so the object may be handed out again.
 */
import type { SignalDataSet, SignalDataTypeMap, SignalKeyStore } from '@whiskeysockets/baileys';
import type { SyncCache } from './caches.ts';

type Session = SignalDataTypeMap['session'];

export class SessionCache {
  readonly #keys: SignalKeyStore;
  readonly #cache: SyncCache;
  #writes = 0;

  constructor(keys: SignalKeyStore, cache: SyncCache) {
    this.#keys = keys;
    this.#cache = cache;
  }

  async get(addresses: string[]): Promise<{ [address: string]: Session }> {
    const found: { [address: string]: Session } = {};
    const missing: string[] = [];
    for (const address of addresses) {
      const session = this.#cache.get<Session>(address);
      if (session === undefined) missing.push(address);
      else found[address] = session;
    }
    if (missing.length === 0) return found;
    const writes = this.#writes;
    const read = await this.#keys.get('session', missing);
    if (this.#writes === writes) for (const [address, session] of Object.entries(read)) this.#put(address, session);
    return { ...found, ...read };
  }

  /** To be called when a write is durable. */
  stored({ session }: SignalDataSet): void {
    if (!session) return;
    this.#writes += 1;
    for (const [address, value] of Object.entries(session)) this.#put(address, value);
  }

  #put(address: string, session: Session | null): void {
    if (session === null) void this.#cache.del(address);
    else void this.#cache.set(address, session);
  }
}
