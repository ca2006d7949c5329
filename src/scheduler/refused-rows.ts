/**
 * Rows of the app's list that make no sense, or cannot be followed any more (contract schedules §10).
 *
 *  SY6  Such a row is reported once, and remembered (S-51) for as long as it is listed.
 *
 * Deliberately not here: what makes a row one of them (sync.ts).
 */
import type { JobFact } from '../app-client/callbacks.types.ts';
import type { OutboxQueue } from '../app-client/outbox.types.ts';
import type { Clock } from '../clock.ts';
import type { Store, Table } from '../store/store.ts';
import { keyOfApp } from './drafts.ts';

export type RefusedRowsOptions = {
  /** The process's own store, and the outbox queue in it. */
  readonly store: Store;
  readonly queue: OutboxQueue;
  readonly clock: Clock;
};

export class RefusedRows {
  readonly #o: RefusedRowsOptions;
  /** App id -> fingerprint of the row that was reported. */
  readonly #reported: Table<string>;

  constructor(options: RefusedRowsOptions) {
    this.#o = options;
    this.#reported = options.store.table('unreadable-schedules');
  }

  /** Durable when it resolves. `digest`: the row as it is; another one is reported again. */
  async report(scheduleId: number, digest: string, reason: string, device = ''): Promise<void> {
    const { queue, clock } = this.#o;
    if (this.#reported.get(scheduleId) === digest) return;
    const ledger = keyOfApp('bulk', scheduleId);
    const fact: JobFact = {
      kind: 'schedule status',
      scheduleId,
      status: 'failed',
      reason,
      device,
      ledger,
      at: clock.now(),
    };
    await queue.append([fact], (batch) => batch.put(this.#reported, scheduleId, digest));
  }

  /** Forgets the rows that the app lists no more. */
  async keepOnly(listed: ReadonlySet<number>): Promise<void> {
    const gone = [...this.#reported.keys()].filter((id) => !listed.has(Number(id)));
    if (gone.length > 0) await this.#o.store.write((batch) => gone.forEach((id) => batch.remove(this.#reported, id)));
  }
}
