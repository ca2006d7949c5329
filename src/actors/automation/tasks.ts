/**
 * The book of messages that automations have not finished with: one durable row per fresh message of a customer, by
 * order of arrival.
 *
 *  TK1  A row is written in the transaction that hands the message to the outbox; a message is in both or in none.
 *  TK2  A step is on disk before its effect begins: `asked` before the look-up, `flow` and `reply` before they act. What
 *       a crash leaves is taken up at that step, so no look-up is repeated and no reply has another id (inbound §8).
 *  TK3  Changes of one row are made from its newest state, never from a copy.
 *
 * Deliberately not here: what is to be done with a message (automation.ts).
 */
import type { AutomaticReply } from '../../app-client/inbound-answers.ts';
import { Sequence } from '../../app-client/outbox-rows.ts';
import type { Clock, Timer } from '../../clock.ts';
import type { Batch, Store, Table } from '../../store/store.ts';
import type { CustomerMessage, Verdict } from './flows.ts';

const CLOSE_AFTER_MS = 200;

export type Step =
  | { readonly kind: 'new' }
  /**
   * The look-up has begun, or found nothing: only a late `flow_id` can still do something, and the session whose offer made
   * the look-up (`onOffer`).
   */
  | { readonly kind: 'asked'; readonly onOffer?: true }
  | {
      readonly kind: 'flow';
      readonly flowId: string;
      readonly timeoutS?: number;
      readonly cooldownS: number;
      /** By what the message says; else by the app's routing. */
      readonly keyword: boolean;
    }
  /** `due`: epoch ms, when it is to be sent. */
  | { readonly kind: 'reply'; readonly reply: AutomaticReply; readonly due: number };

export type Task = {
  readonly message: CustomerMessage;
  readonly step: Step;
  /** Kept only when it forbids or asks for something: the outbox forgets an answer with its row. */
  readonly verdict?: Verdict;
};

export type OpenTask = {
  /** Order of arrival. */
  readonly seq: number;
  /** Its newest state; `done` when the row is gone or going. */
  task: Task;
  done: boolean;
};

export class Tasks {
  readonly #store: Store;
  readonly #table: Table<Task>;
  readonly #sequence: Sequence;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  #closed: OpenTask[] = [];
  #timer: Timer | undefined;

  constructor(store: Store, clock: Clock, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#table = store.table('automation');
    this.#sequence = new Sequence(clock);
    for (const key of this.#table.keys({ reverse: true, limit: 1 })) this.#sequence.above(Number(key));
  }

  /** What an earlier process left, oldest first. */
  leftBehind(): OpenTask[] {
    return [...this.#table.range()].map(({ key, value }) => ({ seq: Number(key), task: value, done: false }));
  }

  /** `verdict`: known from the beginning. */
  open(message: CustomerMessage, verdict?: Verdict): OpenTask {
    const task: Task = { message, step: { kind: 'new' }, ...(verdict && { verdict }) };
    return { seq: this.#sequence.next(), task, done: false };
  }

  /** TK1. */
  put(batch: Batch, open: OpenTask): void {
    batch.put(this.#table, open.seq, open.task);
  }

  /** TK2, TK3. `also` joins the transaction. A task that is done stays so. */
  async change(open: OpenTask, change: Partial<Task>, also?: (batch: Batch) => void): Promise<void> {
    if (open.done) return;
    open.task = { ...open.task, ...change };
    await this.#store.write((batch) => {
      if (!open.done) this.put(batch, open);
      also?.(batch);
    });
  }

  remove(batch: Batch, open: OpenTask): void {
    open.done = true;
    batch.remove(this.#table, open.seq);
  }

  /** For a row that does no harm when a crash brings it back (its step says what is left): its removal rides with others. */
  close(open: OpenTask): void {
    open.done = true;
    this.#closed.push(open);
    this.#timer ??= this.#clock.setTimeout(() => void this.flush(), CLOSE_AFTER_MS);
  }

  /** Removes what was closed; resolves when that is durable. */
  async flush(): Promise<void> {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const closed = this.#closed;
    this.#closed = [];
    if (closed.length === 0) return;
    await this.#store
      .write((batch) => {
        for (const open of closed) this.remove(batch, open);
      })
      .catch(this.#onFailure);
  }
}
