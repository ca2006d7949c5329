/**
 * Replies that came at a bad moment: while a step of their session ran, or before a flow began. On disk, by session key and
 * order of arrival. What becomes of them: answers.ts AW4.
 *
 *  KR1  They are numbered in one row with the orders of starts (starts.ts): which came first is certain, whatever the clock
 *       does, also over a restart.
 */
import type { Medium } from '../../app-client/inbound-content.ts';
import type { Sequence } from '../../app-client/outbox-rows.ts';
import type { Batch, Key, Store, Table } from '../../store/store.ts';
import type { Beginning } from './new-session.ts';
import type { Reply } from './waits.types.ts';

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

export class KeptReplies {
  /** A reply alone: a row of an earlier version (upgrade.ts UP1). */
  readonly #table: Table<Kept | Reply>;
  readonly #sequence: Sequence;

  /** Numbers that are given from now on are above those on disk. */
  constructor(store: Store, sequence: Sequence) {
    this.#table = store.table('flows/replies');
    this.#sequence = sequence;
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
      if (isKept(kept)) yield { id, number: numberIn(id), kept };
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
    batch.remove(this.#table, id);
  }

  dropAll(batch: Batch, key: string): void {
    for (const { id } of this.of(key)) this.drop(batch, id);
  }

  /** Whether it has not been decided on, nor withdrawn. */
  has(id: Key): boolean {
    return this.#table.has(id);
  }

  /** Unless it was decided on meanwhile. */
  change(batch: Batch, id: Key, change: Pick<Kept, 'isAsked' | 'flowId'>): void {
    const row = this.#table.get(id);
    if (row && isKept(row)) batch.put(this.#table, id, { ...row, ...change });
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

const isKept = (row: Kept | Reply): row is Kept => 'reply' in row;
const numberIn = (id: Key): number => Number(String(id).slice(String(id).lastIndexOf(' ') + 1));
