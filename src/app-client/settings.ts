/**
 * Per-number settings, kept in memory (contract settings §4).
 *
 *  SE1  An entry belongs to one workspace and number; it is never served to another workspace, nor to a caller without
 *       one, nor the other way round (C-62).
 *  SE2  The last good value is used, however old, when a look-up fails or takes too long. A failure is never a value.
 *  SE3  One look-up of a key runs at a time, callers share it; a failed key is asked again after 5 s at the earliest.
 *  SE4  A send waits for a look-up at most 3 s, counted from its start: a hanging app delays the first sends, not all.
 *
 * Deliberately not here: which engine follows from the settings (content/engine-choice.ts).
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { maskPhone } from '../phone.ts';
import { type NumberSettings, settingsOf } from './settings-answer.ts';
import type { AppClient } from './client.ts';

const LIFE_MS = 300_000;
const LOOK_UP_MS = 8_000;
const SEND_WAITS_MS = 3_000;
const RETRY_MS = 5_000;
/** Entries are small; a caller with the token could otherwise name numbers without end. */
const MAX_ENTRIES = 20_000;

type Entry = {
  /** The last good value and when it was read. */
  good?: { readonly value: NumberSettings; readonly at: number };
  failedAt?: number;
  lookUp?: { readonly since: number; readonly done: Promise<void> };
};

export type SettingsOptions = { readonly client: AppClient; readonly clock: Clock; readonly log: Log };

export class Settings {
  readonly #o: SettingsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: SettingsOptions) {
    this.#o = options;
  }

  /**
   * For a send that waits: fresh or last known settings, undefined when none were ever read. Answers by `deadline` (epoch
   * ms) with what is known then. Never rejects.
   */
  async of(digits: string, workspace: string | undefined, deadline: number): Promise<NumberSettings | undefined> {
    const entry = this.#entry(`${workspace ?? '-'} ${digits}`);
    const now = this.#o.clock.now();
    if (entry.good && now - entry.good.at < LIFE_MS) return entry.good.value;
    const mayAsk = entry.failedAt === undefined || now - entry.failedAt >= RETRY_MS;
    if (!entry.lookUp && mayAsk) entry.lookUp = { since: now, done: this.#ask(entry, digits, workspace) };
    if (entry.lookUp) {
      const until = Math.min(entry.lookUp.since + SEND_WAITS_MS, deadline);
      await this.#atMost(until - now, entry.lookUp.done);
    }
    return entry.good?.value;
  }

  async #ask(entry: Entry, digits: string, workspace: string | undefined): Promise<void> {
    const { client, clock, log } = this.#o;
    const query = { phone: digits, ...(workspace !== undefined && { workspace_id: workspace }) };
    const answer = await client.get('/api/whatsapp-settings', query, { timeoutMs: LOOK_UP_MS });
    const value = settingsOf(answer, digits);
    delete entry.lookUp;
    if (value) {
      entry.good = { value, at: clock.now() };
      delete entry.failedAt;
      return;
    }
    entry.failedAt = clock.now();
    const reason = answer.kind === 'answer' ? `HTTP ${answer.status}, not the settings of this number` : answer.detail;
    log.warn({ number: maskPhone(digits), reason }, 'settings could not be read; the last known ones are used');
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key);
    if (known) return known;
    const entry: Entry = {};
    this.#entries.set(key, entry);
    const oldest = this.#entries.size > MAX_ENTRIES ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }

  #atMost(ms: number, done: Promise<void>): Promise<void> {
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
