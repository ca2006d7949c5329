/** A real store in a folder of its own, gone when the test that opened it ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openLmdb } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/store.ts';

/** `dir`: of an earlier store, to open it again; the caller has closed that one. */
export function temporaryStore(dir: string = mkdtempSync(join(tmpdir(), 'store-'))): Store & { readonly dir: string } {
  const store = openLmdb({ path: dir });
  onTestFinished(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { ...store, dir };
}
