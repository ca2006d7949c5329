/**
 * Takes over the saved logins of an older bridge, `<LEGACY_AUTH_DIR>/session_<digits>/`, without a new QR (contract
 * README §7, C-52).
 *
 * Invariants:
 *  AI1  a number is imported at most once, in one transaction; after that it is remembered in the data store, so that
 *       a later unlink does not bring the old login back.
 *  AI2  the old folder is only read.
 *  AI3  one bad folder is reported and hinders no other.
 *
 * It does not connect anything, and leaves `proxy.json` and `baileys_store.json` where they are.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../../log.ts';
import { maskPhone, parseDigits } from '../../../phone.ts';
import type { DeviceStores, Store } from '../../../store/store.ts';
import { StoreUnusable } from '../../../store/unusable.ts';
import { readFolderLogin } from './auth-files.ts';
import { loadLogin, putLogin } from './auth-state.ts';

export type ImportOptions = {
  readonly legacyDir: string;
  readonly stores: DeviceStores;
  /** Where it is remembered who was imported (AI1). */
  readonly data: Store;
  readonly log: Log;
  readonly onProgress: (done: number, total: number) => void;
};

export type ImportReport = {
  readonly imported: readonly string[];
  /** No usable or paired creds; nothing was imported. */
  readonly incomplete: readonly string[];
  /** Could not be read or written; tried again at the next start. */
  readonly failed: readonly string[];
  /** Imported earlier, or logged in here already. */
  readonly known: readonly string[];
  readonly keys: number;
  readonly corrupt: number;
};

type Outcome =
  | { readonly kind: 'imported'; readonly keys: number; readonly corrupt: number }
  | { readonly kind: 'incomplete'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'known' };

const FOLDER = /^session_([0-9]+)$/;

export async function importLegacy(options: ImportOptions): Promise<ImportReport> {
  const { legacyDir, log, onProgress } = options;
  const report = {
    imported: [] as string[],
    incomplete: [] as string[],
    failed: [] as string[],
    known: [] as string[],
  };
  const found = await legacyNumbers(legacyDir);
  let keys = 0;
  let corrupt = 0;
  for (const [done, digits] of found.entries()) {
    const outcome = await importOne(options, digits);
    report[outcome.kind].push(digits);
    if (outcome.kind === 'imported') {
      keys += outcome.keys;
      corrupt += outcome.corrupt;
      log.info({ number: maskPhone(digits), count: outcome.keys, corrupt: outcome.corrupt }, 'older login imported');
    } else if (outcome.kind !== 'known') {
      log.warn({ number: maskPhone(digits), outcome: outcome.kind, reason: outcome.why }, 'older login not imported');
    }
    onProgress(done + 1, found.length);
  }
  return { ...report, keys, corrupt };
}

async function importOne({ legacyDir, stores, data }: ImportOptions, digits: string): Promise<Outcome> {
  const remembered = data.table<{ kind: Outcome['kind'] }>('imported-logins');
  if (remembered.has(digits)) return { kind: 'known' };
  const remember = (kind: Outcome['kind']): Promise<void> =>
    data.write((batch) => batch.put(remembered, digits, { kind }));
  try {
    // A folder without a login is what a crash between opening and writing leaves; it is not a login of its own.
    if (stores.exists(digits) && loadLogin(stores.open(digits))) {
      await remember('known');
      return { kind: 'known' };
    }
    const login = await readFolderLogin(join(legacyDir, `session_${digits}`));
    if (login.kind === 'incomplete') return login;
    const store = stores.open(digits);
    await store.write((batch) => putLogin(store, batch, login.creds, login.keys));
    await remember('imported');
    return { kind: 'imported', keys: login.count, corrupt: login.corrupt };
  } catch (error) {
    if (error instanceof StoreUnusable) return { kind: 'failed', why: error.reason };
    if (isSystemError(error)) return { kind: 'failed', why: error.code };
    throw error;
  }
}

/** Digits of the older bridge's folders, sorted; none when there is no such directory. */
async function legacyNumbers(legacyDir: string): Promise<string[]> {
  try {
    const entries = await readdir(legacyDir, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => parseDigits(FOLDER.exec(entry.name)?.[1] ?? '') ?? [])
      .sort();
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException & { code: string } =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
