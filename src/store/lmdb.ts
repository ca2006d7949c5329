/**
 * The store port on LMDB (lmdb-js): one environment per folder, one root database with binary keys (keys.ts) and
 * msgpack values (values.ts). The only importer of `lmdb`.
 *
 * Invariants (beside ST1-ST5 of store.ts, and L2, L3 of commits.ts):
 *  L1  keys and values become bytes inside `put`, so a bad one rejects its own write and never tears a batch, and
 *      nothing that the caller changes later reaches the disk (ST4).
 *  L4  nothing native is touched after `close`: lmdb would crash the process, not throw.
 *  L5  a folder that is refused or damaged is reported before native code maps it, and left as it is.
 *
 * Options, chosen by measuring (ext4, one 2-row write, p50): plain LMDB commits 0.5 ms, overlappingSync (lmdb-js'
 * default) 0.55 ms. Plain commits won: "committed" then means data flushed before the header that points to it, and a
 * failing flush rejects the write itself. One environment costs 3 file descriptors, about 200 KB of private memory and
 * the file pages it has touched; mapSize, maxReaders and read-ahead made no difference worth an option.
 *
 * It does not lock the folder against a second process (lock.ts) and does not know what the tables mean.
 */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { open } from 'lmdb';
import type { RootDatabase } from 'lmdb';
import { openCommits } from './commits.ts';
import type { Change } from './commits.ts';
import { inspectDatabaseFile } from './database-file.ts';
import { assertDiskSpace } from './disk-space.ts';
import type { Cipher } from './encryption.ts';
import { flushFolder, privateFolder, touchPrivateFile } from './files.ts';
import { bounds, decodeKey, encodeKey, tableEnd, tablePrefix } from './keys.ts';
import { admit, newSchemaRow } from './schema.ts';
import type { Batch, Range, Store, Table } from './store.ts';
import { StoreUnusable } from './unusable.ts';
import { packPlain, unpackPlain, valueCodec } from './values.ts';

/** Upper case: no table of the port can have these names. */
const SCHEMA_ROW = Buffer.from('STORE\0schema', 'latin1');
const MARKERS = Buffer.from('STORE\0superseded\0', 'latin1');

export type LmdbOptions = {
  /** The folder; made when it is missing. */
  readonly path: string;
  /** Encrypts the values (encryption.ts). A store keeps the mode it was made with (schema.ts). */
  readonly encryptionKey?: string;
};

type Database = RootDatabase<Buffer, Buffer>;
type Opened = { readonly db: Database; readonly cipher: Cipher | undefined };

/** Opens or creates the store in a folder. Throws StoreUnusable, with the folder as it was. */
export function openLmdb(options: LmdbOptions): Store {
  const { db, cipher } = openFolder(options);
  const codec = valueCodec(cipher);
  const commits = openCommits(db, MARKERS);
  const iterations = new Set<Iterator<unknown>>();
  let closing: Promise<void> | undefined;

  const assertOpen = (): void => {
    if (closing) throw new Error(`Store ${options.path} is closed`);
  };

  function collect(change: (batch: Batch) => void): Change[] {
    assertOpen();
    const changes: Change[] = [];
    let valid = true;
    const assertValid = (): void => {
      if (!valid) throw new Error('A batch is only valid inside the function it was handed to');
    };
    try {
      change({
        put: (table, rowKey, value) => {
          assertValid();
          const key = encodeKey(tablePrefix(table.name), rowKey);
          changes.push({ key, value: codec.encode(key, value) });
        },
        remove: (table, rowKey) => {
          assertValid();
          changes.push({ key: encodeKey(tablePrefix(table.name), rowKey), value: undefined });
        },
      });
    } finally {
      valid = false;
    }
    const bytes = changes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    // Removing is how a full disk gets better, so it is let through.
    if (bytes > 0) assertDiskSpace(options.path, bytes);
    return changes;
  }

  /** Stops cleanly when the caller breaks off, and throws instead of going on after `close` (L4). */
  function* iterate<T>(rows: Iterator<T>): Generator<T> {
    iterations.add(rows);
    try {
      for (let row = rows.next(); !row.done; row = rows.next()) {
        yield row.value;
        assertOpen();
      }
    } finally {
      if (iterations.delete(rows)) rows.return?.();
    }
  }

  function table<V>(name: string): Table<V> {
    const prefix = tablePrefix(name);
    return {
      name,
      get: (key) => {
        assertOpen();
        const bytes = encodeKey(prefix, key);
        const value = db.getBinary(bytes);
        return value === undefined ? undefined : (codec.decode(bytes, value) as V);
      },
      has: (key) => {
        assertOpen();
        return db.doesExist(encodeKey(prefix, key));
      },
      range: (range: Range = {}) => ({
        [Symbol.iterator]: () => {
          assertOpen();
          const rows = db.getRange(bounds(prefix, range));
          const read = ({ key, value }: { key: Buffer; value: Buffer }) => ({
            key: decodeKey(prefix, key),
            value: codec.decode(key, value) as V,
          });
          return iterate(rows.map(read)[Symbol.iterator]());
        },
      }),
      keys: (range: Range = {}) => ({
        [Symbol.iterator]: () => {
          assertOpen();
          const keys = db.getKeys(bounds(prefix, range));
          return iterate(keys.map((key) => decodeKey(prefix, key))[Symbol.iterator]());
        },
      }),
    };
  }

  return {
    table: (name) => {
      assertOpen();
      return table(name);
    },
    write: async (change) => {
      const changes = collect(change);
      if (changes.length > 0) await commits.write(changes);
    },
    writeSync: (change) => {
      const changes = collect(change);
      if (changes.length > 0) commits.writeSync(changes);
    },
    close: () => {
      closing ??= (async () => {
        for (const rows of iterations) rows.return?.();
        iterations.clear();
        await commits.idle();
        await db.close();
      })();
      return closing;
    },
  };
}

/**
 * Copies every row into a new store, which may have another encryption. One row at a time would flush for each; one
 * transaction is enough for what a device holds. Returns the number of rows. Throws StoreUnusable.
 */
export async function copyLmdb(from: LmdbOptions, to: LmdbOptions): Promise<number> {
  const source = openFolder(from);
  const target = openFolder(to);
  try {
    const read = valueCodec(source.cipher);
    const write = valueCodec(target.cipher);
    let rows = 0;
    target.db.transactionSync(() => {
      // Table names begin with a small letter; the store's own rows sort before them and are not copied.
      for (const { key, value } of source.db.getRange({ start: Buffer.from('a') })) {
        void target.db.put(key, write.encode(key, read.decode(key, value)));
        rows++;
      }
    });
    return rows;
  } finally {
    await Promise.all([source.db.close(), target.db.close()]);
  }
}

function openFolder({ path, encryptionKey }: LmdbOptions): Opened {
  const file = join(path, 'data.mdb');
  try {
    const isNew = !existsSync(file);
    privateFolder(path);
    // lmdb makes its files 0664 minus umask; files that exist keep the mode given here.
    for (const name of [file, join(path, 'lock.mdb')]) touchPrivateFile(name);
    if (isNew) for (const folder of [path, dirname(path)]) flushFolder(folder);
    const inspection = inspectDatabaseFile(file);
    if (inspection.kind === 'damaged') throw new StoreUnusable('unreadable', path, inspection.why);
    return openEnvironment(path, encryptionKey);
  } catch (error) {
    if (error instanceof StoreUnusable) throw error;
    throw new StoreUnusable('unreadable', path, `cannot be opened (${(error as Error).message})`, error);
  }
}

function openEnvironment(path: string, encryptionKey: string | undefined): Opened {
  const db = open<Buffer, Buffer>({
    path,
    noSubdir: false,
    overlappingSync: false,
    // Every `write` is an explicit batch, so lmdb need not gather a turn's writes once more.
    eventTurnBatching: false,
    keyEncoding: 'binary',
    encoding: 'binary',
    maxDbs: 1,
  });
  try {
    const found = db.getBinary(SCHEMA_ROW);
    if (found === undefined && db.getKeysCount({ limit: 1 }) === 0) {
      const { row, cipher } = newSchemaRow(encryptionKey);
      db.putSync(SCHEMA_ROW, packPlain(row));
      return { db, cipher };
    }
    const cipher = admit(path, found && unpackPlain(found), encryptionKey);
    removeOldMarkers(db);
    return { db, cipher };
  } catch (error) {
    void db.close();
    throw error;
  }
}

/** Markers of L3 that a crash left behind would make this run's commits skip themselves. */
function removeOldMarkers(db: Database): void {
  const markers = [...db.getKeys({ start: MARKERS, end: tableEnd(MARKERS) })];
  if (markers.length === 0) return;
  db.transactionSync(() => {
    for (const marker of markers) void db.remove(marker);
  });
}
