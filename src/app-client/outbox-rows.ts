/**
 * How the outbox lies on disk: table `outbox` (what is still to be posted, by sequence number) and table `dead-letter`
 * (what the app refused or nobody took in time, under the same number).
 *
 * Invariants:
 *  R1  a sequence number is the microsecond of the append, pushed forward where needed: it rises over all stores of the
 *      process and over restarts, so rows can move between stores without losing their order.
 *  R2  rows are self-contained: a later version of the bridge posts what an earlier one stored.
 *  R3  a callback keeps its number, and with it its id and its place, when it is refused, moved or put back: the app can
 *      recognise it however it comes.
 */
import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Store, Table } from '../store/store.ts';
import type { Callback } from './callbacks.ts';
import { jsonText } from './json-text.ts';

/** A stored callback; the body is the JSON text that goes on the wire. */
export type Row = Pick<Callback, 'path' | 'orderKeys' | 'lane' | 'timeoutMs' | 'supersede' | 'about' | 'attachment'> & {
  readonly body: string;
  readonly also?: { readonly path: string; readonly body: string };
  /** How often the app answered that it does not know the message (inbound §10); survives a restart. */
  readonly repeats?: number;
  /** Digits of the number that it speaks of. Rows of earlier versions have none. */
  readonly device?: string;
  /** When it was put back from the dead letters, epoch ms: its age counts from here. */
  readonly since?: number;
};

/** Asked before each POST: the row would say what is not so any more, and goes. At once, also when nothing else is open yet. */
export type IsMoot = (row: Pick<Row, 'path' | 'orderKeys' | 'body'>) => boolean;

export type DeadLetter = {
  readonly row: Row;
  /** Epoch milliseconds. */
  readonly died: number;
  /** `HTTP 422`, `older than 72 h`. */
  readonly why: string;
  /** Of the app's answer, when that is why. */
  readonly status?: number;
  /** The start of the app's answer. */
  readonly answer?: string;
};

export const rowsOf = (store: Store): Table<Row> => store.table<Row>('outbox');
export const deadLettersOf = (store: Store): Table<DeadLetter> => store.table<DeadLetter>('dead-letter');

/** `device`: digits of the number that the fact speaks of. */
export function rowOf({ coalesceMs: _, body, also, ...callback }: Callback, device: string): Row {
  return {
    ...callback,
    device,
    body: jsonText(body),
    ...(also && { also: { path: also.path, body: jsonText(also.body) } }),
  };
}

/** Epoch milliseconds of the append. */
export const appendedAt = (seq: number): number => Math.floor(seq / 1000);

/** A dead letter as the row that is put back: its tries and its 72 h begin anew. */
export function revived({ row: { repeats: _, ...row } }: DeadLetter, now: number): Row {
  return { ...row, since: now };
}

/** Epoch milliseconds from which its 72 h count. */
export const ageFrom = (seq: number, { since }: Pick<Row, 'since'>): number => since ?? appendedAt(seq);

/** What it takes of the outbox's bound: the bytes of its text. A medium lies in a file of its own. */
export const bytesOf = ({ body, also }: Pick<Row, 'body' | 'also'>): number =>
  Buffer.byteLength(body) + (also ? Buffer.byteLength(also.body) : 0);

/**
 * The callback's id (R3), also its `webhook-id`. Numbers are unique within a bridge only, hence the second part; a hash,
 * because ids are logged and a phone number must not be.
 */
export const eventId = (seq: number, { device = '' }: Pick<Row, 'device'>): string =>
  `evt_${seq.toString(36)}_${hash('sha256', device).slice(0, 8)}`;

/** Of the second endpoint: an app that remembers ids must not take its request for a repeat of the first's. */
export const alsoId = (id: string): string => `${id}_2`;

/** The sequence number in an id of this shape; undefined for any other text. */
export function seqOfId(id: string): number | undefined {
  const digits = /^evt_([0-9a-z]{1,11})_[0-9a-f]{8}$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 36);
}

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
