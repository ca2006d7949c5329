/**
 * How the outbox lies on disk: table `outbox` (what is still to be posted, by sequence number) and table `dead-letter`
 * (what the app refused or nobody took in time, under the same number).
 *
 * Invariants:
 *  R1  a sequence number is the microsecond of the append, pushed forward where needed: it rises over all stores of the
 *      process and over restarts, so rows can move between stores without losing their order.
 *  R2  rows are self-contained: a later version of the bridge posts what an earlier one stored.
 */
import type { Clock } from '../clock.ts';
import type { Store, Table } from '../store/store.ts';
import type { Callback } from './callbacks.ts';

/** A stored callback; the body is the JSON text that goes on the wire. */
export type Row = Pick<Callback, 'path' | 'orderKeys' | 'lane' | 'timeoutMs' | 'supersede' | 'about' | 'attachment'> & {
  readonly body: string;
  readonly also?: { readonly path: string; readonly body: string };
  /** How often the app answered that it does not know the message (inbound §10); survives a restart. */
  readonly repeats?: number;
};

export type DeadLetter = {
  readonly row: Row;
  /** Epoch milliseconds. */
  readonly died: number;
  /** `HTTP 422`, `older than 72 h`. */
  readonly why: string;
  /** The start of the app's answer. */
  readonly answer?: string;
};

export const rowsOf = (store: Store): Table<Row> => store.table<Row>('outbox');
export const deadLettersOf = (store: Store): Table<DeadLetter> => store.table<DeadLetter>('dead-letter');

export function rowOf({ coalesceMs: _, body, also, ...callback }: Callback): Row {
  return {
    ...callback,
    body: JSON.stringify(body),
    ...(also && { also: { path: also.path, body: JSON.stringify(also.body) } }),
  };
}

/** Epoch milliseconds of the append. */
export const appendedAt = (seq: number): number => Math.floor(seq / 1000);

/** Hands out sequence numbers (R1). */
export class Sequence {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): number {
    this.#last = Math.max(Math.floor(this.#clock.now()) * 1000, this.#last + 1);
    return this.#last;
  }

  /** Later numbers will be above this one, which was found on disk. */
  above(seq: number): void {
    this.#last = Math.max(this.#last, seq);
  }
}
