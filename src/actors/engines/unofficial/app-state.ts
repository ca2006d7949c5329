/**
 * What a phone shares with its linked devices beside messages, as far as the bridge uses it: the address book comes in,
 * stars go out.
 *
 *  AP1  Of the shared collections only the address book is read at pairing: without a full history sync the library reads
 *       none (socket.ts), and the other four cost time and memory for nothing.
 *  AP2  It is read once per login, as soon as the phone has shared its key; later changes come as notices, which the
 *       library follows by itself.
 *  AP3  A star that has not been confirmed by its deadline is `failed`; it may still happen, and repeating it is harmless.
 */
import type { WASocket } from '@whiskeysockets/baileys';
import { proto } from '@whiskeysockets/baileys';
import { byDeadline, type Clock } from '../../../clock.ts';
import type { Target } from '../../../content/content.ts';
import type { Log } from '../../../log.ts';
import type { Store, Table } from '../../../store/store.ts';
import type { StarResult } from '../engine.ts';
import type { AuthState } from './auth-state.ts';
import { queryCodeOf, textOf } from './translate.ts';

/** Contacts by name; the library's word. */
const ADDRESS_BOOK = 'critical_unblock_low';
const STARS = 'regular_low';
const STAR_VERSION = 2;
/** Beside whatever else a fresh login asks for, not before it. */
const AFTER_OPEN_MS = 8_000;
const AFTER_KEY_MS = 1_000;

const NO_KEY = 'The phone has not shared its key for stars yet: open WhatsApp on the phone, then try again';

export type AppStateOptions = {
  readonly socket: () => Pick<WASocket, 'appPatch' | 'resyncAppState'>;
  readonly auth: AuthState;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
};

export class AppState {
  readonly #o: AppStateOptions;
  readonly #marks: Table<true>;
  #timer: ReturnType<Clock['setTimeout']> | undefined;
  #ended = false;

  constructor(options: AppStateOptions) {
    this.#o = options;
    this.#marks = options.store.table('app-state');
  }

  /** The connection is open. */
  opened(): void {
    this.#readSoon(AFTER_OPEN_MS);
  }

  /** The phone has shared a key. */
  keyArrived(): void {
    this.#readSoon(AFTER_KEY_MS);
  }

  stop(): void {
    this.#ended = true;
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
  }

  /** `chat`: the JID really used. `deadline`: epoch ms. */
  async star(chat: string, { id, fromMe, participant }: Target, star: boolean, deadline: number): Promise<StarResult> {
    const { socket, auth, clock } = this.#o;
    if (!auth.creds.myAppStateKeyId) return { kind: 'failed', error: NO_KEY };
    // As the library's own `star`, which leaves the author of somebody else's group message out.
    const patch: Parameters<WASocket['appPatch']>[0] = {
      syncAction: { starAction: { starred: star }, timestamp: clock.now() },
      index: ['star', chat, id, fromMe ? '1' : '0', fromMe ? '0' : (participant ?? '0')],
      type: STARS,
      apiVersion: STAR_VERSION,
      operation: proto.SyncdMutation.SyncdOperation.SET,
    };
    try {
      const done = await byDeadline(clock, socket().appPatch(patch), deadline);
      return done === 'late' ? { kind: 'failed', error: 'WhatsApp did not answer in time' } : { kind: 'done' };
    } catch (error) {
      if ((error as { data?: { isMissingKey?: unknown } }).data?.isMissingKey) return { kind: 'failed', error: NO_KEY };
      const code = queryCodeOf(error);
      return { kind: 'failed', error: code === undefined ? textOf(error) : `${textOf(error)} (${code})` };
    }
  }

  #readSoon(ms: number): void {
    const { auth, clock } = this.#o;
    if (this.#ended || !auth.creds.myAppStateKeyId || this.#marks.has(ADDRESS_BOOK)) return;
    if (this.#timer) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.#read().catch((error: unknown) => {
        if (!this.#ended) this.#o.log.warn({ err: error }, 'the address book could not be read; next connection');
      });
    }, ms);
  }

  /** From the beginning: an imported login may have read it long before this bridge kept contacts. */
  async #read(): Promise<void> {
    const { auth, socket, store } = this.#o;
    const version = 'app-state-sync-version';
    await auth.keys.set({ [version]: { [ADDRESS_BOOK]: null } });
    await socket().resyncAppState([ADDRESS_BOOK], true);
    // The library swallows what it cannot decrypt; only a version says that something was read.
    const read = (await auth.keys.get(version, [ADDRESS_BOOK]))[ADDRESS_BOOK];
    if (read && !this.#ended) await store.write((batch) => batch.put(this.#marks, ADDRESS_BOOK, true));
  }
}
