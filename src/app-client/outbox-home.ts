/**
 * One attached store: what the outbox does on its disk apart from appending.
 *
 * Invariants:
 *  H1  removals ride with the next append, which flushes anyway, or leave by themselves (500 ms or 500 rows); one that is
 *      lost in a crash only means a repeat.
 *  H2  a row is never on its way to the dead letters without being there or still in the outbox: one transaction.
 *  H3  dead letters are kept 14 days (contract README §3.1).
 *  H4  what cannot be read, by damage or by a wrong shape, stays where it is and is passed over: it stops no other row.
 *
 * Deliberately not here: the index and the lines. Nobody waits for these writes; a failing disk is logged and the rows
 * stay for the next start.
 */
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import type { AnswerListener } from './outbox.types.ts';
import { type DeadLetter, deadLettersOf, revived, type Row, rowsOf } from './outbox-rows.ts';

const REMOVE_AFTER_MS = 500;
const REMOVE_AT_ONCE = 500;
const DEAD_LETTER_MS = 14 * 24 * 3_600_000;
const ANSWER_KEPT = 1000;

export type Wanted = (seq: number, letter: DeadLetter) => boolean;
/** Links a row that is being put back; what to do once it is durable, or will not be. */
export type Added = (seq: number, row: Row) => { readonly durable: () => void; readonly failed: () => void };

export class Home {
  readonly store: Store;
  readonly rows: Table<Row>;
  readonly dead: Table<DeadLetter>;
  deadLetters = 0;
  /** It is being moved into another store: no more appends. */
  leaving = false;
  readonly #clock: Clock;
  readonly #log: Log;
  #spent = new Set<number>();
  /** Dead letters that are being put back or dropped: no second change of the same one meanwhile. */
  readonly #changing = new Set<number>();
  #timer: Timer | undefined;

  readonly onAnswer: AnswerListener | undefined;

  constructor(store: Store, clock: Clock, log: Log, onAnswer?: AnswerListener) {
    this.store = store;
    this.onAnswer = onAnswer;
    this.rows = rowsOf(store);
    this.dead = deadLettersOf(store);
    this.#clock = clock;
    this.#log = log;
  }

  /** H4. */
  row(seq: number): Row | undefined {
    return this.#read(() => this.rows.get(seq), isRow);
  }

  /** H4. */
  letter(seq: number): DeadLetter | undefined {
    return this.#read(
      () => this.dead.get(seq),
      ({ row }) => isRow(row),
    );
  }

  /** The row is posted or superseded; its removal rides with others. */
  spend(seq: number): void {
    this.#spent.add(seq);
    if (this.#spent.size >= REMOVE_AT_ONCE) void this.flush();
    else this.#timer ??= this.#clock.setTimeout(() => void this.flush(), REMOVE_AFTER_MS);
  }

  /** Posted or superseded, and not removed yet. */
  isSpent(seq: number): boolean {
    return this.#spent.has(seq);
  }

  /** Removes what is spent; resolves when that is durable. */
  async flush(): Promise<void> {
    await this.#write('remove posted rows', (batch) => void this.removeSpent(batch));
  }

  /** Removes what is spent in a transaction that is made anyway. Returns it: to be spent again should that one fail. */
  removeSpent(batch: Batch): Iterable<number> {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const spent = this.#spent;
    this.#spent = new Set();
    for (const seq of spent) batch.remove(this.rows, seq);
    return spent;
  }

  /** `answer`: of the app, when that is why. */
  bury(seqs: readonly number[], why: string, answer?: { readonly status: number; readonly body: unknown }): void {
    const words = answer?.body === undefined ? undefined : JSON.stringify(answer.body).slice(0, ANSWER_KEPT);
    const said = { ...(answer && { status: answer.status }), ...(words !== undefined && { answer: words }) };
    let buried = 0;
    const done = this.#write('write dead letters', (batch) => {
      for (const seq of seqs) {
        const row = this.row(seq);
        if (!row) continue;
        batch.put(this.dead, seq, { row, died: this.#clock.now(), why, ...said });
        batch.remove(this.rows, seq);
        buried += 1;
      }
    });
    void done.then((isDone) => (this.deadLetters += isDone ? buried : 0));
  }

  /** The app did not know the message once more (inbound §10). */
  countRepeat(seq: number, row: Row): void {
    const counted = { ...row, repeats: (row.repeats ?? 0) + 1 };
    void this.#write('count a repeat', (batch) => batch.put(this.rows, seq, counted));
  }

  /**
   * Puts dead letters back among the rows, in one transaction; resolves with those it took, once that is durable.
   * Rejects, with nothing changed, when the disk refuses. `wanted` sees each; `added` is told before the write.
   */
  async revive(seqs: readonly number[], wanted: Wanted, added: Added): Promise<number> {
    const now = this.#clock.now();
    const taken: { readonly seq: number; readonly row: Row }[] = [];
    for (const seq of seqs) {
      const letter = this.#changing.has(seq) ? undefined : this.letter(seq);
      if (letter && wanted(seq, letter)) taken.push({ seq, row: revived(letter, now) });
    }
    if (taken.length === 0 || this.leaving) return 0;
    for (const { seq } of taken) this.#changing.add(seq);
    const linked = taken.map(({ seq, row }) => added(seq, row));
    try {
      await this.store.write((batch) => {
        for (const { seq, row } of taken) {
          batch.put(this.rows, seq, row);
          batch.remove(this.dead, seq);
        }
      });
      this.deadLetters -= taken.length;
      for (const { durable } of linked) durable();
    } catch (thrown) {
      for (const { failed } of linked) failed();
      throw thrown;
    } finally {
      for (const { seq } of taken) this.#changing.delete(seq);
    }
    return taken.length;
  }

  expireDeadLetters(): void {
    const before = this.#clock.now() - DEAD_LETTER_MS;
    const old: number[] = [];
    for (const seq of [...this.dead.keys({ to: before * 1000 })].map(Number))
      if (!this.#changing.has(seq) && (this.letter(seq)?.died ?? Infinity) < before) old.push(seq);
    if (old.length === 0) return;
    for (const seq of old) this.#changing.add(seq);
    const done = this.#write('drop old dead letters', (batch) => {
      for (const seq of old) batch.remove(this.dead, seq);
    });
    void done.then((isDone) => {
      if (isDone) this.deadLetters -= old.length;
      for (const seq of old) this.#changing.delete(seq);
    });
  }

  #read<V>(get: () => V | undefined, isWhole: (value: V) => boolean): V | undefined {
    try {
      const value = get();
      if (value === undefined || isWhole(value)) return value;
      this.#log.error('a callback on disk is damaged; it stays there and is passed over');
    } catch (err) {
      this.#log.error({ err }, 'a callback on disk cannot be read; it stays there and is passed over');
    }
    return undefined;
  }

  /** Whether the disk took it. */
  async #write(step: string, change: (batch: Batch) => void): Promise<boolean> {
    try {
      await this.store.write(change);
      return true;
    } catch (err) {
      this.#log.error({ err, step }, 'the outbox could not tidy its rows; they stay for the next start');
      return false;
    }
  }
}

/** As far as the outbox itself reads it. Damage can make anything of a value. */
const isRow = (row: Partial<Row> | null): boolean => typeof row?.body === 'string' && Array.isArray(row.orderKeys);
