/**
 * Per-number settings on disk, so that a restart beside a silent app knows what it knew (contract settings §4).
 *
 *  SR1  Credentials are written only where the store is encrypted; elsewhere an entry that has some keeps only when it was
 *       used, never a part that would read as "no credentials".
 *  SR2  Keys are unambiguous: no workspace is the empty one, which no request can name, and not a word that one could.
 */
import type { Store, Table } from '../store/store.ts';
import type { NumberSettings } from './settings-answer.ts';

export type SettingsRow = {
  readonly digits: string;
  readonly workspace?: string;
  /** When a send last asked, epoch ms. */
  readonly usedAt: number;
  readonly value?: NumberSettings;
};

export const settingsKey = (digits: string, workspace: string | undefined): string => `${workspace ?? ''} ${digits}`;

export class SettingsRows {
  readonly #store: Store;
  readonly #table: Table<SettingsRow>;
  readonly #isEncrypted: boolean;

  constructor(store: Store, isEncrypted: boolean) {
    this.#store = store;
    this.#table = store.table('settings');
    this.#isEncrypted = isEncrypted;
  }

  *all(): Iterable<SettingsRow> {
    for (const { value } of this.#table.range()) yield value;
  }

  /** Durable when it resolves. */
  put(rows: readonly SettingsRow[]): Promise<void> {
    return this.#store.write((batch) => {
      for (const row of rows) batch.put(this.#table, settingsKey(row.digits, row.workspace), this.#fit(row));
    });
  }

  remove(digits: string, workspace: string | undefined): Promise<void> {
    return this.#store.write((batch) => batch.remove(this.#table, settingsKey(digits, workspace)));
  }

  #fit({ value, ...row }: SettingsRow): SettingsRow {
    const isSecret = value?.cloudIsComplete === true || value?.twilioIsComplete === true;
    return value && (this.#isEncrypted || !isSecret) ? { ...row, value } : row;
  }
}
