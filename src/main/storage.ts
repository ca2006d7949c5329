/**
 * What the bridge writes to, for the composition root: its folders, claimed for this process alone, the stores that are
 * open in them, and the room that is left on their disks. Nothing else lives here.
 */
import { join } from 'node:path';
import { type Room, worseOf } from '../app-client/outbox-bounds.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { openDeviceStores } from '../store/devices.ts';
import { diskRoom } from '../store/disk-space.ts';
import { openLmdb } from '../store/lmdb.ts';
import { claimFolder, type FolderClaim } from '../store/lock.ts';
import type { DeviceStores, Store } from '../store/store.ts';

export type Storage = {
  /** One per paired number, below AUTH_DIR. */
  readonly stores: DeviceStores;
  /** The process's own. */
  readonly data: Store;
  readonly room: () => Room;
  close(): Promise<unknown>;
  /** Another process may have the folders from now on. */
  release(): Promise<unknown>;
};

/** Rejects when another bridge has one of the folders. */
export async function openStorage(config: Config, clock: Clock, log: Log): Promise<Storage> {
  const { authDir, dataDir, authEncryptionKey: encryptionKey } = config;
  const claims: Extract<FolderClaim, { kind: 'claimed' }>[] = [];
  for (const dir of new Set([authDir, dataDir])) {
    const claim = await claimFolder(dir);
    if (claim.kind === 'taken')
      throw new Error(`${dir} is in use by another bridge (${claim.by}); only one may run on it`);
    claims.push(claim);
  }
  const encryption = encryptionKey === undefined ? {} : { encryptionKey };
  const stores = openDeviceStores({ dir: authDir, log, clock, ...encryption });
  const data = openLmdb({ path: join(dataDir, 'bridge'), ...encryption });
  return {
    stores,
    data,
    room: () => worseOf(diskRoom(authDir), diskRoom(dataDir)),
    close: () => Promise.all([stores.close(), data.close()]),
    release: () => Promise.all(claims.map((claim) => claim.release())),
  };
}
