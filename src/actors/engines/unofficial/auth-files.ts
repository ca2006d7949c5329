/**
 * A login as Baileys' multi-file state keeps it: a folder with `creds.json` and one `<type>-<id>.json` per key. Read for
 * the import of older bridges' folders, written by the export.
 *
 * Invariants:
 *  AF1  ids survive the way into a file name and back: Baileys writes `/` as `__` and `:` as `-` (fixFileName), which
 *       is undone only where an id of that type can hold such a character.
 *  AF2  a key file that cannot be read or has another shape is counted and left out; without usable, paired creds
 *       there is no login (facts §7.5: an emptied creds.json must not become a new account).
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthenticationCreds, SignalDataSet, SignalDataTypeMap } from '@whiskeysockets/baileys';
import { BufferJSON } from '@whiskeysockets/baileys';
import { z } from 'zod';
import { privateFolder, writePrivateFile } from '../../../store/files.ts';
import type { Store } from '../../../store/store.ts';
import { credsToJson, isPaired, parseCreds, signalTypes, storedRows } from './auth-state.ts';

export type FolderLogin =
  | {
      readonly kind: 'login';
      readonly creds: AuthenticationCreds;
      readonly keys: SignalDataSet;
      readonly count: number;
      /** Key files that were left out (AF2). */
      readonly corrupt: number;
    }
  | { readonly kind: 'incomplete'; readonly why: 'no creds' | 'unusable creds' | 'never paired' };

type SignalType = keyof SignalDataTypeMap;

/** Files read at once: more only queues in libuv's four threads. */
const READ_AT_ONCE = 16;

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const record = z.record(z.string(), z.unknown());
/** What a value of each type must be to be worth importing. */
const shapes: Readonly<Record<SignalType, z.ZodType>> = {
  'pre-key': z.looseObject({ public: bytes, private: bytes }),
  session: z.union([bytes, record]),
  'sender-key': z.union([bytes, record, z.array(z.unknown())]),
  'sender-key-memory': z.record(z.string(), z.boolean()),
  'app-state-sync-key': z.looseObject({ keyData: z.union([z.string(), bytes]) }),
  'app-state-sync-version': z.looseObject({ version: z.number(), hash: bytes, indexValueMap: record }),
  'lid-mapping': z.string(),
  'device-list': z.array(z.string()),
  tctoken: z.looseObject({ token: bytes }),
  'identity-key': bytes,
};
/** `sender-key-memory-…` also begins with `sender-key-`. */
const longestFirst = signalTypes.toSorted((a, b) => b.length - a.length);

/** Reads a folder; never changes it. Rejects only when the folder itself cannot be listed. */
export async function readFolderLogin(folder: string): Promise<FolderLogin> {
  const names = await readdir(folder);
  if (!names.includes('creds.json')) return { kind: 'incomplete', why: 'no creds' };
  const creds = parseCreds(await readFile(join(folder, 'creds.json'), 'utf8'));
  if (!creds) return { kind: 'incomplete', why: 'unusable creds' };
  if (!isPaired(creds)) return { kind: 'incomplete', why: 'never paired' };

  const keys: { [type: string]: { [id: string]: unknown } } = {};
  const files = names.flatMap((name) => keyOfFile(name) ?? []);
  let corrupt = 0;
  for (let i = 0; i < files.length; i += READ_AT_ONCE) {
    const chunk = files.slice(i, i + READ_AT_ONCE);
    const values = await Promise.all(chunk.map(({ name, type }) => readKey(join(folder, name), type)));
    for (const [at, { type, id }] of chunk.entries()) {
      if (values[at] === undefined) corrupt++;
      else (keys[type] ??= {})[id] = values[at];
    }
  }
  return { kind: 'login', creds, keys: keys as SignalDataSet, count: files.length - corrupt, corrupt };
}

/** Writes the login of a store as such a folder (0700, files 0600). Returns the number of keys. */
export async function writeFolderLogin(folder: string, store: Store, creds: AuthenticationCreds): Promise<number> {
  privateFolder(folder);
  let count = 0;
  for (const type of signalTypes) {
    for (const { id, value } of storedRows(store, type)) {
      await writeFile(join(folder, fileOfKey(type, id)), JSON.stringify(value, BufferJSON.replacer), { mode: 0o600 });
      count++;
    }
  }
  // Last, and whole: a folder with creds.json is a complete one.
  writePrivateFile(join(folder, 'creds.json'), credsToJson(creds));
  return count;
}

export function fileOfKey(type: SignalType, id: string): string {
  return `${type}-${id}.json`.replaceAll('/', '__').replaceAll(':', '-');
}

/** Type and id of a key file; undefined for anything else in the folder (`creds.json`, `proxy.json`…). */
export function keyOfFile(name: string): { name: string; type: SignalType; id: string } | undefined {
  const type = longestFirst.find((candidate) => name.startsWith(`${candidate}-`) && name.endsWith('.json'));
  if (!type) return undefined;
  const escaped = name.slice(type.length + 1, -'.json'.length);
  return escaped === '' ? undefined : { name, type, id: unescapeId(type, escaped) };
}

/**
 * App-state keys are named in base64 (`/`), sender keys `<group>::<user>::<device>`. Every other id is digits, `_`, `.`
 * or a bare JID; old group ids contain a real `-`, and Baileys' token index is really called `__index`.
 */
function unescapeId(type: SignalType, escaped: string): string {
  if (type === 'app-state-sync-key') return escaped.replaceAll('__', '/');
  if (type === 'sender-key') return escaped.replace(/^(.+)--([^-]+)--(\d+)$/, '$1::$2::$3');
  return escaped;
}

async function readKey(file: string, type: SignalType): Promise<unknown> {
  const text = await readFile(file, 'utf8');
  try {
    const parsed = shapes[type].safeParse(JSON.parse(text, BufferJSON.reviver));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
