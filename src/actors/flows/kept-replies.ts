/**
 * Replies that came at a bad moment: while a step of their session ran, or before a flow began. On disk, by session key and
 * order of arrival. What becomes of them: kept-answers.ts.
 *
 *  KR1  They are numbered in one row with the orders of starts (starts.ts): which came first is certain, whatever the clock
 *       does, also over a restart.
 *  KR2  What is said of one counts at once, and is not lost when more is said before it is on disk; once its removal is
 *       being written, nothing brings it back.
 *  KR3  What nobody took is remembered for two minutes, for the flow that the app may still name (F-22).
 */
import type { Medium } from '../../app-client/inbound-content.ts';
import type { Sequence } from '../../app-client/outbox-rows.ts';
import type { Clock } from '../../clock.ts';
import type { Batch, Key, Store, Table } from '../../store/store.ts';
import { RotatingSweep } from '../rotating-sweep.ts';
import type { Beginning } from './new-session.ts';
import type { Reply } from './waits.types.ts';

/** Contract flows §7.1 step 1. */
const LATE_MS = 120_000;

/** A reply that came while its session was busy. */
export type Kept = {
  readonly reply: Reply;
  /** For a flow that it starts. */
  readonly start: Beginning;
  /** Of the app, for when no session takes it (contract flows §7.2). */
  readonly flowId?: string;
  /** Of a message on the linked device, for its look-up; rows of an earlier version have none. */
  readonly media?: Medium['type'];
  /** Whether cooldowns count for it (contract flows §7.2). */
  readonly coolsDown: boolean;
  /** The look-up for it has begun: it is not made again. */
  readonly isAsked?: boolean;
};

export type KeptPlace = { readonly id: Key; readonly number: number; readonly kept: Kept };
type Change = Pick<Kept, 'isAsked' | 'flowId'>;
type Unclaimed = Pick<KeptPlace, 'kept' | 'number'> & { readonly at: number };

export class KeptReplies {
  /** A reply alone: a row of an earlier version (upgrade.ts UP1). */
  readonly #table: Table<Kept | Reply>;
  readonly #sequence: Sequence;
  readonly #clock: Clock;
  /** KR3. `<device> <message>` */
  readonly #unclaimed: Table<Unclaimed>;
  readonly #sweep: RotatingSweep<Unclaimed>;
  /** KR2. All that was said of those that are here. */
  readonly #said = new Map<Key, Change>();
  readonly #going = new Set<Key>();

  /** Numbers that are given from now on are above those on disk. */
  constructor(store: Store, sequence: Sequence, clock: Clock) {
    this.#table = store.table('flows/replies');
    this.#unclaimed = store.table('flows/unclaimed');
    this.#sweep = new RotatingSweep(this.#unclaimed, ({ at }) => (clock.now() - at > LATE_MS ? 'remove' : 'keep'));
    this.#sequence = sequence;
    this.#clock = clock;
    for (const id of this.#table.keys()) sequence.above(numberIn(id));
  }

  /** What a message is put in its order by. */
  arrived(): number {
    return this.#sequence.next();
  }

  keep(batch: Batch, key: string, number: number, kept: Kept): void {
    batch.put(this.#table, `${key} ${String(number).padStart(17, '0')}`, kept);
  }

  /** The first that came first. */
  *of(key: string): Generator<KeptPlace> {
    for (const { key: id, value: kept } of this.#table.range({ from: `${key} `, to: `${key}!` }))
      if (isKept(kept)) yield { id, number: numberIn(id), kept: { ...kept, ...this.#said.get(id) } };
  }

  has(key: string): boolean {
    return !this.of(key).next().done;
  }

  /** By the keys they are kept under, whose they are. */
  owners(): Map<string, Beginning> {
    const starts = new Map<string, Beginning>();
    for (const { key, value } of this.#table.range())
      if (isKept(value)) starts.set(String(key).slice(0, String(key).lastIndexOf(' ')), value.start);
    return starts;
  }

  ofOldForm(): Key[] {
    return [...this.#table.range()].flatMap(({ key, value }) => (isKept(value) ? [] : [key]));
  }

  drop(batch: Batch, id: Key): void {
    for (const gone of this.#going) if (!this.#table.has(gone)) this.stays(gone);
    this.#going.add(id);
    batch.remove(this.#table, id);
  }

  dropAll(batch: Batch, key: string): void {
    for (const { id } of this.of(key)) this.drop(batch, id);
  }

  /** If it was to be removed, the disk has refused that. */
  stays(id: Key): void {
    this.#going.delete(id);
    if (!this.#table.has(id)) this.#said.delete(id);
  }

  /** Undefined when it has been decided on, or withdrawn. */
  get(id: Key): Kept | undefined {
    const row = this.#going.has(id) ? undefined : this.#table.get(id);
    return row && isKept(row) ? { ...row, ...this.#said.get(id) } : undefined;
  }

  /** Unless it was decided on meanwhile. */
  change(batch: Batch, id: Key, change: Change): void {
    const row = this.get(id);
    if (!row) return;
    this.#said.set(id, { ...this.#said.get(id), ...change });
    batch.put(this.#table, id, { ...row, ...change });
  }

  /** KR3 */
  leave(batch: Batch, { kept, number }: KeptPlace): void {
    this.#sweep.onAdd(batch);
    batch.put(this.#unclaimed, placeOf(kept.start.device, kept.reply.id), { kept, number, at: this.#clock.now() });
  }

  /** KR3 */
  unclaimed(device: string, message: string): Unclaimed | undefined {
    const left = this.#unclaimed.get(placeOf(device, message));
    return left && this.#clock.now() - left.at <= LATE_MS ? left : undefined;
  }

  claim(batch: Batch, device: string, message: string): void {
    batch.remove(this.#unclaimed, placeOf(device, message));
  }

  /** Another session is to hear those since then, nobody the others. */
  pass(batch: Batch, from: string, to: string, since: number): void {
    for (const { id, number, kept } of this.of(from)) {
      if (number >= since && from === to) continue;
      this.drop(batch, id);
      if (number >= since) this.keep(batch, to, number, kept);
    }
  }
}

const placeOf = (device: string, message: string): string => `${device} ${message}`;
const isKept = (row: Kept | Reply): row is Kept => 'reply' in row;
const numberIn = (id: Key): number => Number(String(id).slice(String(id).lastIndexOf(' ') + 1));
