/**
 * Which WhatsApp Web version a number announces: set for this number, else for all, else the latest that a source told,
 * else `WHATSAPP_VERSION`, else the library's own (contract clients §6.3). A live setting, so that a new version can be
 * tried on one number first.
 *
 *  WV1  Asking for a version never waits: a source that has to be asked again is asked in the background.
 *  WV2  A setting is durable before the operator hears of it; the last good answer of the source survives a restart.
 *  WV3  A source is asked at most once an hour, after a failure at most every 5 minutes.
 *
 * Deliberately not here: reconnecting anything. A version is used at the next connect.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { getText } from '../net/get-text.ts';
import type { Store, Table } from '../store/store.ts';
import type { VersionSettings, WhatsAppVersion } from './protocol.ts';

const FRESH_MS = 60 * 60_000;
const AFTER_FAILURE_MS = 5 * 60_000;
const TIMEOUT_MS = 10_000;
/** WhatsApp's own service worker script is about 200 KB. */
const LARGEST_ANSWER = 2 * 1024 * 1024;

const ALL = 'all';

type Latest = NonNullable<VersionSettings['latest']>;

export type VersionOptions = {
  /** `data/`: a number that is only being paired has no folder yet. */
  readonly store: Store;
  /** `WHATSAPP_VERSION`, else the library's own. */
  readonly fallback: WhatsAppVersion;
  /** `WHATSAPP_VERSION_URL`. */
  readonly source: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
};

export class WhatsAppVersions {
  readonly #o: VersionOptions;
  readonly #set: Table<WhatsAppVersion>;
  readonly #latest: Table<Latest>;
  #askAgainAt = 0;
  #asking: Promise<void> | undefined;

  constructor(options: VersionOptions) {
    this.#o = options;
    this.#set = options.store.table('whatsapp-version');
    this.#latest = options.store.table('whatsapp-version-latest');
    this.#askAgainAt = (this.#latest.get(ALL)?.at ?? -FRESH_MS) + FRESH_MS;
  }

  /** The version for the next connect of this number. */
  of(digits: string): WhatsAppVersion {
    void this.refresh();
    return this.#set.get(digits) ?? this.#set.get(ALL) ?? this.#latest.get(ALL)?.version ?? this.#o.fallback;
  }

  settings(): VersionSettings {
    const rows = [...this.#set.range()];
    const all = this.#set.get(ALL);
    const latest = this.#latest.get(ALL);
    return {
      fallback: this.#o.fallback,
      ...(latest && { latest }),
      ...(all && { all }),
      numbers: Object.fromEntries(rows.filter(({ key }) => key !== ALL).map(({ key, value }) => [key, value])),
    };
  }

  set(version: WhatsAppVersion | undefined, digits: string = ALL): Promise<void> {
    return this.#o.store.write((batch) =>
      version ? batch.put(this.#set, digits, version) : batch.remove(this.#set, digits),
    );
  }

  /** WV3. Never rejects. */
  refresh(): Promise<void> {
    const { source, clock } = this.#o;
    if (source === undefined || clock.now() < this.#askAgainAt) return Promise.resolve();
    this.#asking ??= this.#ask(source).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(source: string): Promise<void> {
    const { clock, log, store } = this.#o;
    const answer = await getText(source, { timeoutMs: TIMEOUT_MS, largest: LARGEST_ANSWER, clock });
    const version = answer.kind === 'text' && answer.status === 200 ? versionIn(answer.text) : undefined;
    this.#askAgainAt = clock.now() + (version ? FRESH_MS : AFTER_FAILURE_MS);
    if (!version) {
      const reason = answer.kind === 'text' ? `HTTP ${answer.status}, no version in it` : answer.why;
      log.warn({ reason }, 'the source of the WhatsApp version does not tell one');
      return;
    }
    const latest = { version, at: clock.now() };
    await store
      .write((batch) => batch.put(this.#latest, ALL, latest))
      .catch((error: unknown) => log.warn({ err: error }, 'the latest WhatsApp version could not be stored'));
  }
}

/** `2.3000.1015901307`, `[2, 3000, 1015901307]`, or WhatsApp's own service worker, which names the last part only. */
export function versionIn(text: string): WhatsAppVersion | undefined {
  const whole = /\b(\d{1,3})\s*[.,]\s*(\d{3,5})\s*[.,]\s*(\d{6,12})\b/.exec(text);
  if (whole) return [Number(whole[1]), Number(whole[2]), Number(whole[3])];
  const revision = /client_revision\\?"\s*:\s*(\d{6,12})\b/.exec(text);
  return revision ? [2, 3000, Number(revision[1])] : undefined;
}
