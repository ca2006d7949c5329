/**
 * The devices of a recipient, asked for before the relay would ask: outside of its serial queue, and with an answer that
 * can be told from a lost one (facts/baileys §9.2: the relay takes a lost answer for "no devices" and resolves).
 *
 *  DV1  At most one question per recipient is under way.
 */
import type { WASocket } from '@whiskeysockets/baileys';
import { splitJid } from '../../../phone.ts';
import type { SyncCache } from './caches.ts';
import { failed, type Finished, ofError } from './send-outcome.ts';

type Socket = Pick<WASocket, 'getUSyncDevices' | 'user'>;

export class DeviceLists {
  readonly #socket: () => Socket;
  readonly #cache: SyncCache;
  readonly #asking = new Map<string, Promise<unknown>>();

  constructor(socket: () => Socket, cache: SyncCache) {
    this.#socket = socket;
    this.#cache = cache;
  }

  /** Undefined when they are known now (groups ask for themselves), else how the send `id` ended. */
  async known(id: string, to: string): Promise<Finished | undefined> {
    const address = splitJid(to);
    if (!address || address.server === 'g.us' || this.#cache.get(address.user)) return undefined;
    const { user } = this.#socket();
    const own = address.server === 'lid' ? user?.lid : user?.id;
    const self = own === undefined ? undefined : splitJid(own);
    const jids = self ? [`${self.user}@${self.server}`, to] : [to];
    const asking = this.#asking.get(to) ?? this.#socket().getUSyncDevices(jids, true, false);
    this.#asking.set(to, asking);
    try {
      await asking;
    } catch (error) {
      return ofError(id, error, false);
    } finally {
      this.#asking.delete(to);
    }
    return this.#cache.get(address.user) ? undefined : failed(id, "WhatsApp did not name the recipient's devices");
  }
}
