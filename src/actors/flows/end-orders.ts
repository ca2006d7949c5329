/**
 * Endings from outside: somebody took over, the customer opted out, the number was unlinked.
 *
 *  EO1  Who ends a session stops its run first, then waits for the mailbox. What is in front of it there holds nothing up:
 *       the order to end is on disk before the answer, so that a process that stops meanwhile does not undo it; it leaves
 *       the disk with the write that ends the session, or when that is over otherwise.
 */
import { byDeadline, type Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Batch, Key, Store, Table } from '../../store/store.ts';
import type { Rows } from './rows.ts';
import type { Ending, SessionRow } from './session.types.ts';

/** For work of the app's that an ending comes behind (contract flows §1.3: within 2 s). */
const END_MS = 1_500;

type EndOrder = { readonly key: string; readonly how: Ending; readonly why: string };

export type EndOrdersOptions = {
  readonly store: Store;
  readonly rows: Rows;
  readonly isBusy: (row: SessionRow) => boolean;
  /** Runs the work in its mailbox, with the session as it is then. */
  readonly enter: (row: SessionRow, work: (now: SessionRow | undefined) => Promise<void>) => Promise<void>;
  readonly stop: (key: string) => void;
  /** Ends it for good; `also` joins the write. */
  readonly end: (row: SessionRow, how: Ending, why: string, also: (batch: Batch) => void) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
};

export class EndOrders {
  readonly #o: EndOrdersOptions;
  /** By session id. */
  readonly #table: Table<EndOrder>;
  /** Ids of sessions whose ending waits for the mailbox. */
  readonly #waiting = new Set<string>();

  constructor(options: EndOrdersOptions) {
    this.#o = options;
    this.#table = options.store.table('flows/end-orders');
  }

  /** What an earlier process left. To be called before anything of a session runs. */
  recover(): void {
    const { rows, log } = this.#o;
    const failed = (error: unknown) => log.error({ err: error }, 'an order to end a flow could not be taken up');
    for (const { key: id, value } of this.#table.range()) {
      const row = rows.byKey(value.key);
      const done = row?.id === id ? this.end(row, value.how, value.why) : this.#forget(id);
      done.catch(failed);
    }
  }

  /** Nothing of it is to run any more. */
  isMeant(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** EO1. Resolves with whether there was something to end, or is. */
  async end(row: SessionRow, how: Ending, why: string): Promise<boolean> {
    const { rows, isBusy, enter, stop, clock } = this.#o;
    const { id, key } = row;
    let isEnded = false;
    const order = { key, how, why };
    const isHeldUp = isBusy(row);
    stop(key);
    this.#waiting.add(id);
    const ordered = isHeldUp ? rows.write((batch) => batch.put(this.#table, id, order)) : undefined;
    const done = enter(row, async (now) => {
      if (!now || now.ended || now.id !== id) return this.#forget(id);
      await this.#o.end(now, how, why, (batch) => {
        rows.kept.dropAll(batch, now.key);
        batch.remove(this.#table, id);
      });
      isEnded = true;
    }).finally(() => this.#waiting.delete(id));
    await ordered;
    return (await byDeadline(clock, done, clock.now() + END_MS)) === 'late' || isEnded;
  }

  #forget(id: Key): Promise<void> {
    return this.#o.rows.write((batch) => batch.remove(this.#table, id));
  }
}
