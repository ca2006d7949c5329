/**
 * The app's settings for the whole platform: engine (contract settings §1) and pacing of bulk messages (§2).
 *
 *  PS1  The last good values stay, however old, also over a restart; until there are any, the defaults apply.
 *  PS2  One round of look-ups runs at a time, both in parallel; callers share it.
 *  PS3  Asked for at start, each hour, and 30 s after a round in which one failed.
 *
 * Deliberately not here: a number's own settings (settings.ts).
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Store, Table } from '../store/store.ts';
import type { AppAnswer, AppClient } from './client.ts';
import { DEFAULT_PACING, type Pacing, pacingOf, type PlatformEngine, platformEngineOf } from './settings-answer.ts';
import { type Ticker, ticker } from './ticker.ts';

const HOUR_MS = 3_600_000;
const RETRY_MS = 30_000;
const ENGINE_MS = 8_000;
/** At start the app may still be starting too. */
const FIRST_ENGINE_MS = 50_000;
const PACING_MS = 5_000;

type Read<V> = { readonly value: V; readonly at: number };

export type Platform = PlatformEngine & {
  /** Epoch ms; null: never read. */
  readonly engineReadAt: number | null;
  readonly pacing: Pacing;
  readonly pacingReadAt: number | null;
};

export type PlatformSettingsOptions = {
  readonly client: AppClient;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
};

export class PlatformSettings {
  readonly #o: PlatformSettingsOptions;
  readonly #engine: Table<Read<PlatformEngine>>;
  readonly #pacing: Table<Read<Pacing>>;
  readonly #ticker: Ticker;
  #round: Promise<boolean> | undefined;
  #isFirst = true;
  /** What the disk has, until it has something newer. */
  #known: Platform | undefined;

  constructor(options: PlatformSettingsOptions) {
    this.#o = options;
    this.#engine = options.store.table('platform-engine');
    this.#pacing = options.store.table('platform-pacing');
    this.#ticker = ticker(options.clock, async () => ((await this.#ask()) ? HOUR_MS : RETRY_MS));
  }

  start(): void {
    this.#ticker.start();
  }

  stop(): void {
    this.#ticker.stop();
  }

  current(): Platform {
    // Every bulk message asks.
    this.#known ??= this.#read();
    return this.#known;
  }

  #read(): Platform {
    const engine = this.#engine.get(KEY);
    const pacing = this.#pacing.get(KEY);
    return {
      useCloud: engine?.value.useCloud ?? false,
      hasCloudCredentials: engine?.value.hasCloudCredentials ?? false,
      engineReadAt: engine?.at ?? null,
      pacing: pacing?.value ?? DEFAULT_PACING,
      pacingReadAt: pacing?.at ?? null,
    };
  }

  /** Asks for both; resolves with what is known when both have answered, after `limitMs` at the latest. Never rejects. */
  async refresh(limitMs: number): Promise<Platform> {
    const { clock } = this.#o;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, limitMs);
      void this.#ask().then(() => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
    return this.current();
  }

  /** PS2. True when both were read. */
  #ask(): Promise<boolean> {
    this.#round ??= this.#askBoth().finally(() => (this.#round = undefined));
    return this.#round;
  }

  async #askBoth(): Promise<boolean> {
    const { client } = this.#o;
    const engineMs = this.#isFirst ? FIRST_ENGINE_MS : ENGINE_MS;
    this.#isFirst = false;
    const done = await Promise.all([
      client
        .get('/api/whatsapp-settings', {}, { timeoutMs: engineMs })
        .then((answer) => this.#take(this.#engine, platformEngineOf(answer), answer)),
      client
        .get('/api/whatsapp-message-settings', {}, { timeoutMs: PACING_MS })
        .then((answer) => this.#take(this.#pacing, pacingOf(answer), answer)),
    ]);
    return done.every((isRead) => isRead);
  }

  async #take<V>(table: Table<Read<V>>, value: V | undefined, answer: AppAnswer): Promise<boolean> {
    const { store, clock, log } = this.#o;
    if (value === undefined) {
      const reason = answer.kind === 'answer' ? `HTTP ${answer.status}` : answer.detail;
      log.warn({ reason }, `${table.name} could not be read; the last known values stay`);
      return false;
    }
    const at = clock.now();
    return store
      .write((batch) => batch.put(table, KEY, { value, at }))
      .then(
        () => {
          this.#known = undefined;
          return true;
        },
        (error: unknown) => {
          log.error({ err: error }, `${table.name} could not be kept on disk`);
          return false;
        },
      );
  }
}

const KEY = 'platform';
