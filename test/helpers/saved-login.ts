/**
 * Reads every value of a login folder of a bridge that has ended, whatever its tables are called: for the search for
 * leaked key material. Deliberately not here: knowing what a value means.
 */
import { open } from 'lmdb';
import { Unpackr } from 'msgpackr';

export async function valuesOfLogin(folder: string): Promise<unknown[]> {
  const database = open<Buffer, Buffer>({
    path: folder,
    noSubdir: false,
    keyEncoding: 'binary',
    encoding: 'binary',
    readOnly: true,
  });
  try {
    const unpackr = new Unpackr({ useRecords: false });
    return [...database.getRange()].map(({ value }) => unpackr.unpack(value) as unknown);
  } finally {
    await database.close();
  }
}
