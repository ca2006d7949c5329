/** Every adapter of the store port, by name, so that a child process can open the same one. */
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';

export const adapters = {
  lmdb: (path: string): Store => openLmdb({ path }),
  'lmdb, encrypted': (path: string): Store => openLmdb({ path, encryptionKey: 'a passphrase for tests' }),
} as const;

export type AdapterName = keyof typeof adapters;
