/**
 * Per-number settings (contract settings §4).
 *
 *  SE1  An entry belongs to one workspace and number; it is never served to another workspace, nor to a caller without
 *       one, nor the other way round (C-62).
 *  SE2  The last good value is used, however old, when a look-up fails or takes too long. A failure is never a value.
 *  SE3  One look-up of an entry runs at a time, callers share it; a failed one is asked again after 5 s at the earliest.
 *  SE4  A send waits for a look-up at most 3 s, counted from its start, and not at all where an older value is there and
 *       the look-up before this one failed, or the last one of any number got no answer: a hanging app delays no send of a
 *       number in use, because the background (SE6) hears of it before values become too old.
 *  SE5  After `bust` no value that was asked for before it is served (C-31).
 *  SE6  A value in use is asked for again before it is too old (C-30), so that sends find a fresh one.
 *  SE7  Refused credentials are asked for again at once, under the workspace and number they were refused for, at most
 *       every 5 s. What messages §9.2 drops is their freshness: beside an app that is away they stay the last good value
 *       (§4), so that sends get the provider's own error, and other workspaces notice nothing.
 *
 * Deliberately not here: which engine follows from the settings (content/engine-choice.ts), when which entry is asked for
 * in the background (settings-refresh.ts).
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { maskPhone } from '../phone.ts';
import type { AppClient } from './client.ts';
import { type NumberSettings, settingsOf } from './settings-answer.ts';
import { SettingsRefresh } from './settings-refresh.ts';
import { settingsKey, type SettingsRow, type SettingsRows } from './settings-rows.ts';

const LIFE_MS = 300_000;
const LOOK_UP_MS = 8_000;
const SEND_WAITS_MS = 3_000;
const RETRY_MS = 5_000;
/** Entries are small; a caller with the token could otherwise name numbers without end. */
const MAX_ENTRIES = 20_000;

/** `answered`: false when the app did not answer at all. */
type LookUp = { readonly since: number; readonly done: Promise<{ readonly answered: boolean }> };

type Entry = {
  readonly digits: string;
  readonly workspace: string | undefined;
  usedAt: number;
  /** The last good value and when it was read. */
  good?: { readonly value: NumberSettings; readonly at: number };
  /** When the last look-up began. */
  askedAt?: number;
  failedAt?: number;
  /** When it was last asked for because it was refused. */
  renewedAt?: number;
  lookUp?: LookUp;
};

export type SettingsOptions = {
  readonly client: AppClient;
  readonly rows: SettingsRows;
  /** Digits of the numbers that are kept ready for their first send. */
  readonly inUse: () => Iterable<string>;
  readonly clock: Clock;
  readonly log: Log;
};

export class Settings {
  readonly #o: SettingsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #refresh: SettingsRefresh<Entry>;
  /** The last look-up, of whatever number, got no answer. */
  #isAppSilent = false;

  constructor(options: SettingsOptions) {
    this.#o = options;
    for (const { digits, workspace, usedAt, value } of options.rows.all()) {
      // Read before this process began: a value to fall back on, not a fresh one.
      const good = value && { good: { value, at: -LIFE_MS } };
      this.#entries.set(settingsKey(digits, workspace), { digits, workspace, usedAt, ...good });
    }
    this.#refresh = new SettingsRefresh({
      entries: () => this.#known(),
      ask: async (entry) => (await this.#ask(entry).done).answered,
      clock: options.clock,
    });
  }

  /** The background look-ups, at once for everything that is in use. */
  start(): void {
    this.#refresh.start();
  }

  stop(): void {
    this.#refresh.stop();
  }

  /**
   * For a send that waits: fresh or last known settings, undefined when none were ever read. Answers by `deadline` (epoch
   * ms) with what is known then. Never rejects.
   */
  async of(digits: string, workspace: string | undefined, deadline: number): Promise<NumberSettings | undefined> {
    const { clock } = this.#o;
    const giveUpAt = Math.min(clock.now() + SEND_WAITS_MS, deadline);
    for (;;) {
      const entry = this.#entry(digits, workspace);
      const now = clock.now();
      entry.usedAt = now;
      if (entry.good && now - entry.good.at < LIFE_MS) return entry.good.value;
      const lookUp = entry.lookUp ?? (isOver(entry.failedAt, now) ? this.#ask(entry) : undefined);
      if (!lookUp || (entry.good && (entry.failedAt !== undefined || this.#isAppSilent))) return entry.good?.value;
      const until = Math.min(lookUp.since + SEND_WAITS_MS, giveUpAt);
      await this.#atMost(until - now, lookUp.done);
      // SE5: dropped while this send waited.
      if (!this.#isCurrent(entry) && clock.now() < giveUpAt) continue;
      return this.#isCurrent(entry) ? entry.good?.value : undefined;
    }
  }

  /** The last known settings, for whoever cannot wait. Asks nobody. */
  known(digits: string, workspace: string | undefined): NumberSettings | undefined {
    return this.#entries.get(settingsKey(digits, workspace))?.good?.value;
  }

  /**
   * For a send whose credentials were refused: the settings as the app tells them now, the last known ones when it does not
   * answer within 3 s or by `deadline` (epoch ms). Many sends that are refused together share one look-up. Never rejects.
   */
  async renew(
    digits: string,
    workspace: string | undefined,
    isRefused: (settings: NumberSettings) => boolean,
    deadline: number,
  ): Promise<NumberSettings | undefined> {
    const { clock } = this.#o;
    const giveUpAt = Math.min(clock.now() + SEND_WAITS_MS, deadline);
    for (;;) {
      const entry = this.#entry(digits, workspace);
      const now = clock.now();
      if (now >= giveUpAt || (entry.good && !isRefused(entry.good.value))) return entry.good?.value;
      if (!entry.lookUp) {
        if (!isOver(entry.renewedAt, now) || !isOver(entry.failedAt, now)) return entry.good?.value;
        entry.renewedAt = now;
      }
      // One that was under way may have begun before the change: it is looked at, and then asked again.
      await this.#atMost(giveUpAt - now, this.#ask(entry).done);
    }
  }

  /**
   * Drops every entry of a number, or of all, fallbacks included; they are asked for again in the background. Durable when
   * it resolves with how many went.
   */
  async bust(digits: string | undefined): Promise<number> {
    const dropped = [...this.#entries].filter(([, entry]) => digits === undefined || entry.digits === digits);
    for (const [key, { workspace, ...entry }] of dropped)
      this.#entries.set(key, { digits: entry.digits, workspace, usedAt: entry.usedAt });
    this.#refresh.wake();
    await this.#o.rows.put(dropped.map(([, entry]) => rowOf(entry, undefined)));
    return dropped.length;
  }

  #ask(entry: Entry): LookUp {
    if (entry.lookUp) return entry.lookUp;
    const since = this.#o.clock.now();
    const lookUp = { since, done: this.#lookUp(entry) };
    entry.askedAt = since;
    entry.lookUp = lookUp;
    return lookUp;
  }

  async #lookUp(entry: Entry): Promise<{ answered: boolean }> {
    const { client, clock, log } = this.#o;
    const { digits, workspace } = entry;
    const query = { phone: digits, ...(workspace !== undefined && { workspace_id: workspace }) };
    const answer = await client.get('/api/whatsapp-settings', query, { timeoutMs: LOOK_UP_MS });
    const value = settingsOf(answer, digits);
    delete entry.lookUp;
    this.#isAppSilent = answer.kind !== 'answer';
    if (value) {
      entry.good = { value, at: clock.now() };
      delete entry.failedAt;
      if (this.#isCurrent(entry)) this.#keep(entry, value);
    } else {
      entry.failedAt = clock.now();
      const reason = answer.kind === 'answer' ? `HTTP ${answer.status}, not this number's settings` : answer.detail;
      log.warn({ number: maskPhone(digits), reason }, 'settings could not be read; the last known ones are used');
    }
    return { answered: answer.kind === 'answer' };
  }

  #keep(entry: Entry, value: NumberSettings): void {
    this.#o.rows.put([rowOf(entry, value)]).catch((error: unknown) => {
      this.#o.log.error({ err: error, number: maskPhone(entry.digits) }, 'settings could not be kept on disk');
    });
  }

  *#known(): Iterable<Entry> {
    for (const digits of this.#o.inUse()) this.#entry(digits, undefined);
    yield* this.#entries.values();
  }

  #isCurrent(entry: Entry): boolean {
    return this.#entries.get(settingsKey(entry.digits, entry.workspace)) === entry;
  }

  #entry(digits: string, workspace: string | undefined): Entry {
    const key = settingsKey(digits, workspace);
    const known = this.#entries.get(key);
    if (known) return known;
    const entry: Entry = { digits, workspace, usedAt: this.#o.clock.now() };
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.size > MAX_ENTRIES ? this.#entries.values() : [];
    if (oldest) this.#forget(oldest);
    return entry;
  }

  #forget({ digits, workspace }: Entry): void {
    this.#entries.delete(settingsKey(digits, workspace));
    this.#o.rows.remove(digits, workspace).catch((error: unknown) => {
      this.#o.log.error({ err: error }, 'old settings could not be removed from disk');
    });
  }

  #atMost(ms: number, done: Promise<unknown>): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    const { clock } = this.#o;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, ms);
      void done.then(() => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
  }
}

const isOver = (since: number | undefined, now: number): boolean => since === undefined || now - since >= RETRY_MS;

const rowOf = ({ digits, workspace, usedAt }: Entry, value: NumberSettings | undefined): SettingsRow => ({
  digits,
  ...(workspace !== undefined && { workspace }),
  usedAt,
  ...(value && { value }),
});
