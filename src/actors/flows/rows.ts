/**
 * Where conversations lie: sessions, the names their customers are known by, the index of deadlines, and what remembers
 * messages and keywords. All in the `data` store.
 *
 *  RW1  A session, its names and its place in the index are one write; a session has exactly one place.
 *  RW2  Nothing of it is kept in memory: a parked session costs disk alone.
 *  RW3  A session may be found under every way its customer's number is written, under the LID, and under a key it had.
 */
import type { Sequence } from '../../app-client/outbox-rows.ts';
import type { Clock } from '../../clock.ts';
import type { Identity } from '../../phone.ts';
import type { Batch, Store, Table } from '../../store/store.ts';
import { contactKeys } from '../automation/conversations.ts';
import { RotatingSweep } from '../rotating-sweep.ts';
import { nextDeadline } from './deadlines.ts';
import { KeptReplies } from './kept-replies.ts';
import { isRunning, type SessionRow, visitName } from './session.types.ts';
import type { WaitType } from './waits.types.ts';

const MESSAGES_MS = 14 * 86_400_000;
/** After the app told it last. */
const CONVERSATIONS_MS = 60 * 86_400_000;
const CONVERSATION_FRESH_MS = 86_400_000;
/** Of two numbers; the app keeps no longer ones either. */
const LONGEST_KEY = 191;
/** Contract flows §7.1 step 3c. */
const KEYWORDS_MS = 30 * 86_400_000;

export type State = 'running' | 'paused' | 'waiting' | 'dormant' | 'ended';

/** What the index tells of a session without reading it. */
export type Brief = {
  readonly key: string;
  readonly at: number;
  readonly state: State;
  readonly waitsFor: WaitType | '';
  readonly forNumber: boolean;
};

type Conversation = { readonly id: string; readonly at: number };
type Place = { readonly due: string };

export class Rows {
  readonly kept: KeptReplies;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #sessions: Table<SessionRow>;
  readonly #places: Table<Place>;
  readonly #due: Table<Omit<Brief, 'key' | 'at'>>;
  /** `<device> <name>` -> session key; a former key, alone, is such a name too. */
  readonly #names: Table<string>;
  readonly #messages: Table<number>;
  readonly #keywords: Table<number>;
  /** The app's ids of conversations, by the names of the customer. */
  readonly #conversations: Table<Conversation>;
  readonly #conversationSweep: RotatingSweep<Conversation>;
  readonly #messageSweep: RotatingSweep<number>;
  readonly #keywordSweep: RotatingSweep<number>;

  constructor(store: Store, sequence: Sequence, clock: Clock, ttlMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#sessions = store.table('flows/sessions');
    this.#places = store.table('flows/places');
    this.#due = store.table('flows/due');
    this.#names = store.table('flows/names');
    this.kept = new KeptReplies(store, sequence, clock);
    this.#messages = store.table('flows/messages');
    this.#keywords = store.table('flows/keywords');
    this.#conversations = store.table('flows/conversations');
    this.#conversationSweep = new RotatingSweep(this.#conversations, ({ at }) =>
      clock.now() - at > CONVERSATIONS_MS ? 'remove' : 'keep',
    );
    const older = (ms: number) => (at: number) => (clock.now() - at > ms ? 'remove' : 'keep');
    this.#messageSweep = new RotatingSweep(this.#messages, older(MESSAGES_MS));
    this.#keywordSweep = new RotatingSweep(this.#keywords, older(KEYWORDS_MS));
  }

  /** RW3. One that has ended is theirs only when no other is. */
  of(device: string, contact: Identity): SessionRow | undefined {
    const rows = this.allOf(device, contact);
    return rows.find(({ ended }) => !ended) ?? rows[0];
  }

  /** More than one when phone and LID were not known to be one customer's. */
  allOf(device: string, contact: Identity): SessionRow[] {
    const keys = new Set(contactKeys(contact).map((name) => this.#names.get(`${device} ${name}`)));
    return [...keys].flatMap((key) => (key === undefined ? [] : (this.#sessions.get(key) ?? [])));
  }

  byKey(key: string): SessionRow | undefined {
    // From outside comes what no store takes.
    if (key.length > LONGEST_KEY) return undefined;
    return this.#sessions.get(key) ?? this.#sessions.get(this.#names.get(key) ?? key);
  }

  /** RW1. */
  put(batch: Batch, row: SessionRow): void {
    const { formerKey } = row;
    if (formerKey !== undefined && this.#sessions.has(formerKey)) {
      this.#forget(batch, formerKey);
      batch.put(this.#names, formerKey, row.key);
      this.kept.pass(batch, formerKey, row.key, 0);
    }
    const { at } = nextDeadline(row, this.#ttlMs);
    const due = placeOf(at, row.key);
    const before = this.#places.get(row.key)?.due;
    if (before !== undefined && before !== due) batch.remove(this.#due, before);
    batch.put(this.#due, due, briefOf(row));
    batch.put(this.#places, row.key, { due });
    batch.put(this.#sessions, row.key, row);
    for (const name of contactKeys(row.contact)) batch.put(this.#names, `${row.device} ${name}`, row.key);
  }

  /** A name that another session has taken over stays. */
  remove(batch: Batch, row: SessionRow): void {
    this.#forget(batch, row.key);
    const names = contactKeys(row.contact).map((name) => `${row.device} ${name}`);
    for (const name of [...names, ...(row.formerKey === undefined ? [] : [row.formerKey])])
      if (this.#names.get(name) === row.key) batch.remove(this.#names, name);
    this.kept.dropAll(batch, row.key);
  }

  /** When the session is to be looked at; undefined when there is none. */
  deadlineOf(key: string): number | undefined {
    const place = this.#places.get(key);
    return place && readPlace(place.due).at;
  }

  /** Takes a place without a session out of the index. */
  heal({ at, key }: Brief): Promise<void> {
    return this.#store.write((batch) => batch.remove(this.#due, placeOf(at, key)));
  }

  /** The earliest first. */
  *briefs(): Generator<Brief> {
    for (const { key: place, value } of this.#due.range()) yield { ...value, ...readPlace(String(place)) };
  }

  /** Of one number, or of all. */
  *all(device: string | undefined): Generator<SessionRow> {
    const range = device === undefined ? {} : { from: `${device}_`, to: `${device}\`` };
    for (const { value } of this.#sessions.range(range)) yield value;
  }

  /** Whether this message has been decided on. */
  isHandled(device: string, message: string): boolean {
    return this.#messages.has(`${device} ${message}`);
  }

  handledAt(device: string, message: string): number | undefined {
    return this.#messages.get(`${device} ${message}`);
  }

  /** `at`: from when on it grows old. */
  handle(batch: Batch, device: string, message: string, at = this.#clock.now()): void {
    this.#messageSweep.onAdd(batch);
    batch.put(this.#messages, `${device} ${message}`, at);
  }

  /** The session is over: delays of it that the app keeps, or is just asked to keep, wake nobody. */
  overslept(batch: Batch, row: SessionRow): void {
    const { device, sleeps, visit } = row;
    for (const { name, until } of sleeps) if (name !== undefined) this.handle(batch, device, delayMark(name), until);
    if (visit) this.handle(batch, device, delayMark(visitName(row, visit)));
  }

  /** Whether this text has started a flow on this number lately. */
  isKeyword(device: string, text: string): boolean {
    const at = this.#keywords.get(keywordKey(device, text));
    return at !== undefined && this.#clock.now() - at <= KEYWORDS_MS;
  }

  rememberKeyword(batch: Batch, device: string, text: string): void {
    this.#keywordSweep.onAdd(batch);
    batch.put(this.#keywords, keywordKey(device, text), this.#clock.now());
  }

  /** As the app told it (F-09); it may tell it before the session begins. */
  conversationOf(device: string, contact: Identity): string | undefined {
    for (const name of contactKeys(contact)) {
      const known = this.#conversations.get(`${device} ${name}`);
      if (known) return known.id;
    }
    return undefined;
  }

  /** Costs a write only when it is news, or a day old. */
  async noteConversation(device: string, contact: Identity, id: string): Promise<void> {
    const now = this.#clock.now();
    const isKnown = (name: string) => {
      const known = this.#conversations.get(name);
      return known?.id === id && now - known.at < CONVERSATION_FRESH_MS;
    };
    const names = contactKeys(contact).map((name) => `${device} ${name}`);
    if (names.every(isKnown)) return;
    await this.#store.write((batch) => {
      this.#conversationSweep.onAdd(batch);
      for (const name of names) batch.put(this.#conversations, name, { id, at: now });
    });
  }

  write(change: (batch: Batch) => void): Promise<void> {
    return this.#store.write(change);
  }

  /** Resolves when what is being written now is on disk, or refused. */
  async settled(): Promise<void> {
    // Writes come true in their order; one without a change would not wait.
    await Promise.allSettled([this.#store.write((batch) => batch.remove(this.#messages, ''))]);
  }

  #forget(batch: Batch, key: string): void {
    const before = this.#places.get(key)?.due;
    if (before !== undefined) batch.remove(this.#due, before);
    batch.remove(this.#places, key);
    batch.remove(this.#sessions, key);
  }
}

/** What `handle` notes of a delay that went on, or that nobody sleeps in any more (delays.ts DY2, DY4). */
export const delayMark = (name: string): string => `delay ${name}`;

const normal = (text: string): string => text.trim().toLowerCase().slice(0, 200);
const keywordKey = (device: string, text: string): string => `${device} ${normal(text)}`;

const placeOf = (at: number, key: string): string => `${String(Math.max(0, Math.floor(at))).padStart(15, '0')} ${key}`;

function readPlace(place: string): { key: string; at: number } {
  const space = place.indexOf(' ');
  return { at: Number(place.slice(0, space)), key: place.slice(space + 1) };
}

export function stateOf(row: SessionRow): State {
  if (row.ended) return 'ended';
  if (isRunning(row)) return row.pause ? 'paused' : 'running';
  return row.isDormant ? 'dormant' : 'waiting';
}

const briefOf = (row: SessionRow): Omit<Brief, 'key' | 'at'> => ({
  state: stateOf(row),
  waitsFor: row.wait?.wait.nextNodeType ?? '',
  forNumber: row.pause?.forNumber ?? false,
});
