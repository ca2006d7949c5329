/**
 * The one row that says what a store is: the number of its layout, and how it is encrypted if it is. Decides whether
 * this version, with this key, may touch the store.
 *
 * Invariants:
 *  V1  a store that is refused is not changed.
 *  V2  a store keeps the mode (plain, or encrypted by one passphrase) it was made with; scripts/reencrypt.ts converts.
 */

import { z } from 'zod';
import { encryptionHeader, newEncryption, unlockEncryption } from './encryption.ts';
import type { Cipher } from './encryption.ts';
import { StoreUnusable } from './unusable.ts';

/** The layout of keys, values and tables that this version reads and writes. */
const SCHEMA = 1;

const schemaRow = z.object({ schema: z.number().int().positive(), encryption: encryptionHeader.optional() });
type SchemaRow = z.infer<typeof schemaRow>;

/** The row of a new store, and the cipher when it shall be encrypted. */
export function newSchemaRow(passphrase: string | undefined): { row: SchemaRow; cipher: Cipher | undefined } {
  if (passphrase === undefined) return { row: { schema: SCHEMA }, cipher: undefined };
  const { header, cipher } = newEncryption(passphrase);
  return { row: { schema: SCHEMA, encryption: header }, cipher };
}

/** The cipher of an existing store (undefined: plain). Throws StoreUnusable when it must not be opened. */
export function admit(folder: string, found: unknown, passphrase: string | undefined): Cipher | undefined {
  const parsed = schemaRow.safeParse(found);
  const schema = parsed.success ? parsed.data.schema : (found as { schema?: unknown } | undefined)?.schema;
  if (typeof schema === 'number' && schema > SCHEMA) {
    throw new StoreUnusable(
      'newer-schema',
      folder,
      `was written with schema ${schema}, this version knows up to ${SCHEMA}: start the newer version of the bridge`,
    );
  }
  if (!parsed.success)
    throw new StoreUnusable('foreign', folder, 'holds rows but no schema row: not a store of this bridge');
  const { encryption } = parsed.data;
  if (!encryption) {
    if (passphrase === undefined) return undefined;
    throw new StoreUnusable(
      'not-encrypted',
      folder,
      'was made without AUTH_ENCRYPTION_KEY: unset it, or convert it with scripts/reencrypt.ts',
    );
  }
  if (passphrase === undefined) {
    throw new StoreUnusable('key-missing', folder, 'is encrypted: set AUTH_ENCRYPTION_KEY to the key it was made with');
  }
  const cipher = unlockEncryption(passphrase, encryption);
  if (cipher) return cipher;
  throw new StoreUnusable(
    'wrong-key',
    folder,
    'is encrypted with another AUTH_ENCRYPTION_KEY: set the one it was made with',
  );
}
