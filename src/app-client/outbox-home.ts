/**
 * One attached store: what the outbox does on its disk apart from appending.
 *
 * Invariants:
 *  H1  removals ride with the next append, which flushes anyway, or leave by themselves (500 ms or 500 rows); one that is
 *      lost in a crash only means a repeat.
 *  H2  a row is never on its way to the dead letters without being there or still in the outbox: one transaction.
 *  H3  dead letters are kept 14 days (contract README §3.1).
 *
 * Deliberately not here: the index and the lines. Nobody waits for these writes; a failing disk is logged and the rows
 * stay for the next start.
 */
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Batch, Key, Store, Table } from '../store/store.ts';
import type { AnswerListener } from './outbox.types.ts';
import { type DeadLetter, deadLettersOf, type Row, rowsOf } from './outbox-rows.ts';

const REMOVE_AFTER_MS = 500;
const REMOVE_AT_ONCE = 500;
const DEAD_LETTER_MS = 14 * 24 * 3_600_000;
const ANSWER_KEPT = 1000;

export class Home {
  readonly store: Store;
  readonly rows: Table<Row>;
  readonly dead: Table<DeadLetter>;
  deadLetters = 0;
  /** It is being moved into another store: no more appends. */
  leaving = false;
  readonly #clock: Clock;
  readonly #log: Log;
  #spent: number[] = [];
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

  /** The row is posted or superseded; its removal rides with others. */
  spend(seq: number): void {
    this.#spent.push(seq);
    if (this.#spent.length >= REMOVE_AT_ONCE) void this.flush();
    else this.#timer ??= this.#clock.setTimeout(() => void this.flush(), REMOVE_AFTER_MS);
  }

  /** Removes what is spent; resolves when that is durable. */
  flush(): Promise<void> {
    return this.#write('remove posted rows', (batch) => void this.removeSpent(batch));
  }

  /** Removes what is spent in a transaction that is made anyway. Returns it: to be spent again should that one fail. */
  removeSpent(batch: Batch): readonly number[] {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const spent = this.#spent;
    this.#spent = [];
    for (const seq of spent) batch.remove(this.rows, seq);
    return spent;
  }

  bury(seqs: readonly number[], why: string, answer?: unknown): void {
    const kept = answer === undefined ? undefined : JSON.stringify(answer).slice(0, ANSWER_KEPT);
    void this.#write('write dead letters', (batch) => {
      for (const seq of seqs) {
        const row = this.rows.get(seq);
        if (!row) continue;
        batch.put(this.dead, seq, { row, died: this.#clock.now(), why, ...(kept !== undefined && { answer: kept }) });
        batch.remove(this.rows, seq);
        this.deadLetters++;
      }
    });
  }

  /** The app did not know the message once more (inbound §10). */
  countRepeat(seq: number, row: Row): void {
    const counted = { ...row, repeats: (row.repeats ?? 0) + 1 };
    void this.#write('count a repeat', (batch) => batch.put(this.rows, seq, counted));
  }

  expireDeadLetters(): void {
    const before = this.#clock.now() - DEAD_LETTER_MS;
    const old: Key[] = [];
    for (const { key, value } of this.dead.range({ to: before * 1000 })) if (value.died < before) old.push(key);
    this.deadLetters -= old.length;
    void this.#write('drop old dead letters', (batch) => {
      for (const key of old) batch.remove(this.dead, key);
    });
  }

  async #write(step: string, change: (batch: Batch) => void): Promise<void> {
    try {
      await this.store.write(change);
    } catch (err) {
      this.#log.error({ err, step }, 'the outbox could not tidy its rows; they stay for the next start');
    }
  }
}
