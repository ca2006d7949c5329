/**
 * The saved login of one number on the store port: Baileys' `AuthenticationState` (creds and Signal keys).
 *
 * Invariants:
 *  AS1  one `keys.set` is one transaction over all of its types, durable before Baileys goes on (facts §7.1, P3). Types
 *       that Signal does not know (the decrypt journal's) travel in the same transaction, each in a table of its name.
 *  AS2  creds are on disk when `saveCreds` returns, with the copy before them as a second row (contract README §7).
 *  AS3  every `keys.get` hands out fresh objects: what Baileys changes in them is not saved by accident.
 *  AS4  "paired" means `me` and `account` (facts §5.1, §5.2), never `registered`.
 *  AS5  a pairing attempt leaves nothing on disk until it has succeeded; then everything is written at once.
 *
 * Creds are kept as the JSON text of Baileys' own BufferJSON: what its multi-file state writes, so every field of any
 * release survives (2.5 KB, about 30 µs, a few times per connection). Signal rows, written on every message, are msgpack.
 */
import type {
  AuthenticationCreds,
  AuthenticationState,
  SignalDataSet,
  SignalDataTypeMap,
  SignalKeyStore,
} from '@whiskeysockets/baileys';
import { BufferJSON, initAuthCreds, proto } from '@whiskeysockets/baileys';
import { z } from 'zod';
import type { Batch, Store, Table } from '../../../store/store.ts';

/** Table of the journal rows that `keys.set` carries under the type `journal`. */
export const JOURNAL_TABLE = 'journal';

const LOGIN_TABLE = 'login';
const CURRENT = 'creds';
const PREVIOUS = 'creds-previous';

/** Every key type of Signal; the compiler keeps it complete. */
const SIGNAL_TYPES: Readonly<Record<keyof SignalDataTypeMap, true>> = {
  'pre-key': true,
  session: true,
  'sender-key': true,
  'sender-key-memory': true,
  'app-state-sync-key': true,
  'app-state-sync-version': true,
  'lid-mapping': true,
  'device-list': true,
  tctoken: true,
  'identity-key': true,
};
export const signalTypes = Object.keys(SIGNAL_TYPES) as (keyof SignalDataTypeMap)[];

export type SavedLogin = {
  readonly creds: AuthenticationCreds;
  readonly paired: boolean;
  /** `previous` when the newest copy could not be read. */
  readonly copy: 'current' | 'previous';
};

/** For `makeSocket`; Baileys updates `creds` in place. */
export type AuthState = AuthenticationState & {
  /** Saves the creds as they are now (AS2). To be called on every `creds.update`. */
  saveCreds(): void;
};

export type PairingState = AuthState & {
  /** Writes creds and keys as one transaction, synchronously; from then on this state lives in that store. */
  persistTo(store: Store): void;
};

export const isPaired = (creds: AuthenticationCreds): boolean => Boolean(creds.me && creds.account);

/**
 * The login in this store, undefined when there is none that can be read. Throws when the disk does not say what is there
 * and the good copy does not help either: nobody may take that for a number without a login.
 */
export function loadLogin(store: Store): SavedLogin | undefined {
  const rows = store.table<string>(LOGIN_TABLE);
  let unreadable: unknown;
  for (const [key, copy] of [
    [CURRENT, 'current'],
    [PREVIOUS, 'previous'],
  ] as const) {
    try {
      const text = rows.get(key);
      const creds = text === undefined ? undefined : parseCreds(text);
      if (creds) return { creds, paired: isPaired(creds), copy };
    } catch (error) {
      unreadable ??= error;
    }
  }
  if (unreadable !== undefined) throw unreadable;
  return undefined;
}

/** The auth state of a saved login, undefined when there is none that can be read. */
export function openAuthState(store: Store): AuthState | undefined {
  const login = loadLogin(store);
  if (!login) return undefined;
  const { creds } = login;
  return { creds, keys: storedKeys(store), saveCreds: () => store.writeSync((batch) => putCreds(store, batch, creds)) };
}

/** A new, unpaired login that lives in memory (AS5). */
export function newPairingState(): PairingState {
  const memory = memoryKeys();
  const creds = initAuthCreds();
  let home: Store | undefined;
  let keys = memory.keys;
  return {
    creds,
    keys: { get: (type, ids) => keys.get(type, ids), set: (data) => keys.set(data) },
    saveCreds: () => {
      const store = home;
      store?.writeSync((batch) => putCreds(store, batch, creds));
    },
    persistTo: (store) => {
      store.writeSync((batch) => putLogin(store, batch, creds, memory.all()));
      home = store;
      keys = storedKeys(store);
    },
  };
}

/** Adds a whole login to a transaction: pair success, import. */
export function putLogin(store: Store, batch: Batch, creds: AuthenticationCreds, keys: SignalDataSet): void {
  putCreds(store, batch, creds);
  putKeys(store, batch, keys);
}

/** Every stored key of one type, in its own form. For the export. */
export function* storedRows<T extends keyof SignalDataTypeMap>(
  store: Store,
  type: T,
): Generator<{ readonly id: string; readonly value: SignalDataTypeMap[T] }> {
  for (const { key, value } of tableOf(store, type).range()) {
    yield { id: String(key), value: fromRow(type, value) as SignalDataTypeMap[T] };
  }
}

export const credsToJson = (creds: AuthenticationCreds): string => JSON.stringify(creds, BufferJSON.replacer);

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length > 0);
const keyPair = z.looseObject({ public: bytes, private: bytes });
/** What a login cannot do without; everything else is Baileys' business and kept as it is. */
const credsShape = z.looseObject({
  noiseKey: keyPair,
  signedIdentityKey: keyPair,
  signedPreKey: z.looseObject({ keyPair, signature: bytes, keyId: z.number() }),
  registrationId: z.number(),
  advSecretKey: z.string(),
  me: z.looseObject({ id: z.string().min(1) }).nullish(),
  account: z.looseObject({}).nullish(),
});

/** Creds from the JSON text of `credsToJson` or of a `creds.json`; undefined when they are unusable. */
export function parseCreds(text: string): AuthenticationCreds | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text, BufferJSON.reviver);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return credsShape.safeParse(value).success ? (value as AuthenticationCreds) : undefined;
}

function putCreds(store: Store, batch: Batch, creds: AuthenticationCreds): void {
  const rows = store.table<string>(LOGIN_TABLE);
  const text = credsToJson(creds);
  const current = readable(rows, CURRENT);
  if (text === current) return;
  if (current !== undefined && parseCreds(current)) batch.put(rows, PREVIOUS, current);
  batch.put(rows, CURRENT, text);
}

/** A row that is damaged is no good copy, and about to be written anew. */
function readable(rows: Table<string>, key: string): string | undefined {
  try {
    return rows.get(key);
  } catch {
    return undefined;
  }
}

function storedKeys(store: Store): SignalKeyStore {
  return {
    get: (type, ids) => collect(type, ids, (id) => tableOf(store, type).get(id)),
    set: (data) => store.write((batch) => putKeys(store, batch, data)),
  };
}

/** Rows in memory, in the same form as on disk, so that both behave alike. */
function memoryKeys(): { keys: SignalKeyStore; all(): SignalDataSet } {
  const types = new Map<string, Map<string, unknown>>();
  const keys: SignalKeyStore = {
    get: (type, ids) => collect(type, ids, (id) => structuredClone(types.get(type)?.get(id))),
    set: (data) => {
      for (const { type, id, value } of entries(data)) {
        const rows = types.get(type) ?? new Map<string, unknown>();
        types.set(type, rows);
        if (value === null || value === undefined) rows.delete(id);
        else rows.set(id, structuredClone(toRow(type, value)));
      }
    },
  };
  const all = (): SignalDataSet =>
    Object.fromEntries(
      [...types].map(([type, rows]) => [
        type,
        Object.fromEntries([...rows].map(([id, row]) => [id, fromRow(type, row)])),
      ]),
    );
  return { keys, all };
}

function putKeys(store: Store, batch: Batch, data: SignalDataSet): void {
  for (const { type, id, value } of entries(data)) {
    const table = tableOf(store, type);
    if (value === null || value === undefined) batch.remove(table, id);
    else batch.put(table, id, toRow(type, value));
  }
}

function* entries(data: SignalDataSet): Generator<{ type: string; id: string; value: unknown }> {
  for (const [type, rows] of Object.entries(data)) {
    for (const [id, value] of Object.entries(rows)) yield { type, id, value };
  }
}

function collect<T extends keyof SignalDataTypeMap>(type: T, ids: string[], read: (id: string) => unknown) {
  const found: { [id: string]: SignalDataTypeMap[T] } = {};
  for (const id of ids) {
    const row = read(id);
    if (row !== undefined) found[id] = fromRow(type, row) as SignalDataTypeMap[T];
  }
  return found;
}

const tableOf = (store: Store, type: string): Table<unknown> =>
  store.table(Object.hasOwn(SIGNAL_TYPES, type) ? `signal/${type}` : type);

/** App-state keys are protobuf messages, not plain data: kept in their own wire form. */
function toRow(type: string, value: unknown): unknown {
  if (type !== 'app-state-sync-key') return value;
  const message = proto.Message.AppStateSyncKeyData.fromObject(value as object);
  return proto.Message.AppStateSyncKeyData.encode(message).finish();
}

function fromRow(type: string, row: unknown): unknown {
  return type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.decode(row as Uint8Array) : row;
}
