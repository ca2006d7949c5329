/**
 * The caches that Baileys asks for, shared by all sockets: its own default is a cache object with a timer per kind and
 * socket (facts/baileys §8).
 *
 *  CA1  Memory only. A persistent device cache would remove the forced new session that heals an old ratchet after a
 *       crash (facts/baileys §7.2).
 *  CA2  Every socket sees only its own entries: device lists are filtered for the account that asked, and counters
 *       belong to message ids of that account.
 *  CA3  Bounded, oldest first; an entry that has expired is as good as absent.
 */
import type { CacheStore } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';

const MINUTE_MS = 60_000;

/**
 * Life as Baileys' defaults; sizes for 500 numbers in traffic. `sessions` is ours: Baileys reads a Signal session up to
 * four times per message, each about 3 KB to unpack (durable-keys.ts).
 */
const KINDS = {
  devices: { life: 5 * MINUTE_MS, size: 50_000 },
  retries: { life: 60 * MINUTE_MS, size: 20_000 },
  calls: { life: 5 * MINUTE_MS, size: 2_000 },
  placeholders: { life: 60 * MINUTE_MS, size: 5_000 },
  sessions: { life: MINUTE_MS, size: 1_000 },
} as const;

export type SocketCaches = { readonly [K in keyof typeof KINDS]: SyncCache };

/** A `CacheStore` whose answers are there at once. */
export interface SyncCache extends CacheStore {
  get<T>(key: string): T | undefined;
}

export class SharedCaches {
  readonly #clock: Clock;
  readonly #maps: {
    readonly [K in keyof typeof KINDS]: Map<string, { readonly value: unknown; readonly until: number }>;
  };
  #sockets = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#maps = {
      devices: new Map(),
      retries: new Map(),
      calls: new Map(),
      placeholders: new Map(),
      sessions: new Map(),
    };
  }

  /** A fresh, empty view (CA2): what an earlier socket of the same number left behind is never seen again. */
  forSocket(): SocketCaches {
    this.#sockets += 1;
    const prefix = `${this.#sockets} `;
    return {
      devices: this.#view('devices', prefix),
      retries: this.#view('retries', prefix),
      calls: this.#view('calls', prefix),
      placeholders: this.#view('placeholders', prefix),
      sessions: this.#view('sessions', prefix),
    };
  }

  #view(kind: keyof typeof KINDS, prefix: string): SyncCache {
    const { life, size } = KINDS[kind];
    const map = this.#maps[kind];
    const clock = this.#clock;
    return {
      get: <T>(key: string) => {
        const entry = map.get(prefix + key);
        return entry && entry.until > clock.now() ? (entry.value as T) : undefined;
      },
      set: (key, value) => {
        map.delete(prefix + key);
        map.set(prefix + key, { value, until: clock.now() + life });
        for (const oldest of map.keys()) {
          if (map.size <= size) break;
          map.delete(oldest);
        }
      },
      del: (key) => {
        map.delete(prefix + key);
      },
      flushAll: () => {
        for (const key of map.keys()) if (key.startsWith(prefix)) map.delete(key);
      },
    };
  }
}
