/**
 * The per-device stores below AUTH_DIR: one folder `<digits>/` per number.
 *
 * Invariants:
 *  D1  nothing outside `<dir>/<digits>` and `<dir>/.removed` is made, read or moved, whatever the caller passes: the
 *      digits are validated here once more (C-01).
 *  D2  `remove` moves a folder aside, it never deletes one; what was moved aside is deleted after 30 days (C-17).
 *  D3  a folder that cannot be opened is reported with its reason, left alone, and hinders no other (P1).
 *
 * It does not decide when a pairing is gone, and does not keep a second process away (lock.ts).
 */

import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { maskPhone, parseDigits } from '../phone.ts';
import type { Digits } from '../phone.ts';
import { flushFolder, privateFolder } from './files.ts';
import { openLmdb } from './lmdb.ts';
import type { DeviceStores, Store } from './store.ts';
import { StoreUnusable } from './unusable.ts';

const REMOVED = '.removed';
const KEEP_REMOVED_MS = 30 * 24 * 60 * 60 * 1000;
/** `<digits>-<time of removal, ms since the epoch>`. */
const REMOVED_NAME = /^[0-9]{6,20}-([0-9]{13})$/;

export type DeviceStoresOptions = {
  /** AUTH_DIR; made when it is missing. */
  readonly dir: string;
  readonly encryptionKey?: string;
  readonly log: Log;
  readonly clock: Clock;
};

/** Opens the folder of folders and prunes what was moved aside long ago. `open` throws StoreUnusable. */
export function openDeviceStores({ dir, encryptionKey, log, clock }: DeviceStoresOptions): DeviceStores {
  const removed = join(dir, REMOVED);
  const opened = new Map<Digits, Store>();
  let closed = false;
  privateFolder(dir);
  prune();

  function prune(): void {
    if (!existsSync(removed)) return;
    for (const name of readdirSync(removed)) {
      const time = REMOVED_NAME.exec(name)?.[1];
      if (time === undefined || clock.now() - Number(time) < KEEP_REMOVED_MS) continue;
      rmSync(join(removed, name), { recursive: true, force: true });
    }
  }

  return {
    list: () =>
      readdirSync(dir, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && bareDigits(entry.name) !== undefined)
        .map((entry) => entry.name)
        .sort(),
    exists: (digits) => bareDigits(digits) !== undefined && existsSync(join(dir, digits)),
    open: (input) => {
      if (closed) throw new Error('The device stores are closed');
      const digits = requireDigits(input);
      const known = opened.get(digits);
      if (known) return known;
      try {
        const store = openLmdb({ path: join(dir, digits), ...(encryptionKey === undefined ? {} : { encryptionKey }) });
        opened.set(digits, store);
        return store;
      } catch (error) {
        if (error instanceof StoreUnusable) {
          log.error(
            { number: maskPhone(digits), reason: error.reason },
            'a saved login cannot be opened and is left alone',
          );
        }
        throw error;
      }
    },
    remove: async (input) => {
      const digits = requireDigits(input);
      await opened.get(digits)?.close();
      opened.delete(digits);
      if (existsSync(join(dir, digits))) {
        privateFolder(removed);
        renameSync(join(dir, digits), join(removed, `${digits}-${clock.now()}`));
        for (const folder of [removed, dir]) flushFolder(folder);
      }
      prune();
    },
    close: async () => {
      closed = true;
      await Promise.all([...opened.values()].map((store) => store.close()));
      opened.clear();
    },
  };
}

/** Folders are bare digits; a leading plus, which `:phone` allows, never reaches a path. */
function bareDigits(input: string): Digits | undefined {
  const digits = parseDigits(input);
  return digits === input ? digits : undefined;
}

function requireDigits(input: string): Digits {
  const digits = bareDigits(input);
  if (digits === undefined) throw new Error('Not a device: the name of a login folder is 6 to 20 digits');
  return digits;
}
