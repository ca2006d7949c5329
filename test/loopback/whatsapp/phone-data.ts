/**
 * What a phone shares with its linked devices: its app state (address book, stars) and its first history.
 *
 * Owns: the app state key of each phone, its collections with real hashes and MACs, and the chats of its first history.
 * Invariants:
 *   PD1 a patch of a client that does not follow the newest version, or whose MACs do not hold, is refused (409, 400);
 *   PD2 the same phone always has the same key, also after a restart of the server.
 * Does not: survive a restart otherwise. Snapshots: clients fetch those only from the real service's host.
 * Source: facts/loopback-whatsapp.md section 8; the client's own patch encoder.
 */
import { randomBytes } from 'node:crypto';
import { decodeSyncdPatch, encodeSyncdPatch, newLTHashState, proto } from '@whiskeysockets/baileys';
import type { ChatMutation, LTHashState, WAPatchCreate, WAPatchName } from '@whiskeysockets/baileys';
import { lidJid, pnJid, SERVER } from './addresses.ts';
import { deriveSeed } from './keys.ts';
import { bigEndian, bytesOf, child, children, el, unixSeconds } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import type { Person } from './people.ts';

export interface Entry {
  readonly phone: string;
  readonly name: string;
}

export interface Starred {
  readonly chat: string;
  readonly id: string;
  readonly fromMe: boolean;
  readonly starred: boolean;
}

type History = proto.IHistorySync & { readonly syncType: proto.HistorySync.HistorySyncType };

interface Collection {
  state: LTHashState;
  readonly patches: Buffer[];
}

interface Data {
  readonly collections: Map<WAPatchName, Collection>;
  readonly stars: Starred[];
  chats: readonly Entry[];
  pushNames: readonly Entry[];
}

const KEY_ID = bigEndian(1, 6);
const FINGERPRINT = { rawId: 1, currentIndex: 0, deviceIndexes: [0] };

export class PhoneData {
  readonly #seed: Buffer;
  readonly #phones = new Map<string, Data>();
  #lock: Promise<unknown> = Promise.resolve();

  constructor(seed: Buffer) {
    this.#seed = seed;
  }

  /** PD2. As the phone hands it to a linked device. */
  key(phone: string): { readonly id: Buffer; readonly data: proto.Message.AppStateSyncKeyData } {
    const keyData = deriveSeed(this.#seed, `${phone}/app-state-key`);
    const data = proto.Message.AppStateSyncKeyData.create({ keyData, fingerprint: FINGERPRINT, timestamp: 1 });
    return { id: KEY_ID, data };
  }

  /** What the first history of a linked device will hold. */
  setHistory(phone: string, chats: readonly Entry[], pushNames: readonly Entry[]): void {
    Object.assign(this.#of(phone), { chats, pushNames });
  }

  /** The histories of a first login, in the order in which they are sent. */
  histories(phone: string): History[] {
    const { chats, pushNames } = this.#of(phone);
    const { HistorySyncType } = proto.HistorySync;
    const conversations = chats.map(({ phone: id, name }) => ({ id: pnJid(id), name, lidJid: lidJid(id) }));
    const first = { syncType: HistorySyncType.INITIAL_BOOTSTRAP, conversations, progress: 100 };
    const names = pushNames.map(({ phone: id, name }) => ({ id: pnJid(id), pushname: name }));
    return names.length === 0 ? [first] : [first, { syncType: HistorySyncType.PUSH_NAME, pushnames: names }];
  }

  /** The owner saves people in the address book. */
  async save(person: Person, entries: readonly Entry[]): Promise<void> {
    for (const { phone, name } of entries) {
      const contactAction = { fullName: name, lidJid: lidJid(phone), saveOnPrimaryAddressbook: true };
      await this.#patch(person, {
        syncAction: { contactAction, timestamp: Date.now() },
        index: ['contact', pnJid(phone)],
        type: 'critical_unblock_low',
        apiVersion: 2,
        operation: proto.SyncdMutation.SyncdOperation.SET,
      });
    }
  }

  stars(phone: string): readonly Starred[] {
    return this.#of(phone).stars;
  }

  /** Answers `w:sync:app:state` of the linked device. */
  answer({ phone }: Person, iq: BinaryNode): Promise<BinaryNode> {
    return this.#locked(async () => {
      const answers: BinaryNode[] = [];
      for (const node of children(child(iq, 'sync'), 'collection')) answers.push(await this.#collection(phone, node));
      return el('sync', {}, answers);
    });
  }

  async #collection(phone: string, node: BinaryNode): Promise<BinaryNode> {
    const name = node.attrs['name'] as WAPatchName;
    const known = Number(node.attrs['version'] ?? 0);
    const sent = bytesOf(child(node, 'patch'));
    const collection = this.#collectionOf(phone, name);
    if (sent !== undefined) {
      const error = known === collection.state.version ? await this.#take(phone, name, collection, sent) : 409;
      if (error !== undefined) {
        return el('collection', { name, type: 'error' }, [el('error', { code: String(error) })]);
      }
      return el('collection', { name, version: String(collection.state.version) });
    }
    const patches = collection.patches.slice(known).map((patch) => el('patch', {}, patch));
    const attributes = { name, version: String(collection.state.version) };
    return patches.length === 0
      ? el('collection', attributes)
      : el('collection', attributes, [el('patches', {}, patches)]);
  }

  /** PD1. */
  async #take(phone: string, name: WAPatchName, collection: Collection, bytes: Buffer): Promise<number | undefined> {
    const patch = proto.SyncdPatch.decode(bytes);
    const version = collection.state.version + 1;
    patch.version = { version };
    const seen: ChatMutation[] = [];
    try {
      const note = (mutation: ChatMutation) => void seen.push(mutation);
      const after = await decodeSyncdPatch(patch, name, collection.state, this.#keyOf(phone), note, true);
      if (seen.length === 0) return 400;
      collection.state = { ...after, version };
    } catch {
      return 400; // a MAC that does not hold
    }
    collection.patches.push(Buffer.from(proto.SyncdPatch.encode(patch).finish()));
    for (const { syncAction, index } of seen) {
      const [kind, chat = '', id = '', fromMe] = index;
      if (kind !== 'star') continue;
      const starred = syncAction.value?.starAction?.starred === true;
      this.#of(phone).stars.push({ chat, id, fromMe: fromMe === '1', starred });
    }
    return undefined;
  }

  #patch(person: Person, change: WAPatchCreate): Promise<void> {
    return this.#locked(async () => {
      const { phone } = person;
      const collection = this.#collectionOf(phone, change.type);
      const keyId = KEY_ID.toString('base64');
      const { patch, state } = await encodeSyncdPatch(change, keyId, collection.state, this.#keyOf(phone));
      collection.state = state;
      const versioned = { ...patch, version: { version: state.version } };
      collection.patches.push(Buffer.from(proto.SyncdPatch.encode(versioned).finish()));
      if (person.linked === undefined) return;
      const attributes = { from: SERVER, id: randomBytes(8).toString('hex'), t: unixSeconds(), type: 'server_sync' };
      const news = el('collection', { name: change.type, version: String(state.version) });
      person.queue.add(el('notification', attributes, [news]));
    });
  }

  #keyOf(phone: string) {
    return async (id: string) => (id === KEY_ID.toString('base64') ? this.key(phone).data : undefined);
  }

  #collectionOf(phone: string, name: WAPatchName): Collection {
    const { collections } = this.#of(phone);
    const collection = collections.get(name) ?? { state: newLTHashState(), patches: [] };
    collections.set(name, collection);
    return collection;
  }

  #of(phone: string): Data {
    const data = this.#phones.get(phone) ?? { collections: new Map(), stars: [], chats: [], pushNames: [] };
    this.#phones.set(phone, data);
    return data;
  }

  #locked<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lock.then(work);
    this.#lock = result.catch(() => undefined);
    return result;
  }
}
