/**
 * Endings from outside: somebody took over, the customer opted out, the number was unlinked.
 *
 *  EO1  The order to end a session is on disk before anything else: one that the disk refuses changes nothing. One that it has
 *       is carried out, though the process stops meanwhile or the disk refuses that, each minute again; it leaves the disk
 *       with the write that ends the session, or when that is over otherwise.
 *  EO2  Then the session's run is stopped, and the mailbox waited for; what is in front of it there does not hold the answer up.
 */
import { byDeadline, type Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Batch, Key, Store, Table } from '../../store/store.ts';
import type { Rows } from './rows.ts';
import type { Ending, SessionRow } from './session.types.ts';

/** For work of the app's that an ending comes behind (contract flows §1.3: within 2 s). */
const END_MS = 1_500;
const REFUSED_MS = 60_000;

type EndOrder = { readonly key: string; readonly how: Ending; readonly why: string };

export type EndOrdersOptions = {
  readonly store: Store;
  readonly rows: Rows;
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
    const failed = (error: unknown) => log.error({ err: error }, 'an order to end a flow could not be removed');
    for (const { key: id, value } of this.#table.range()) {
      const row = rows.byKey(value.key);
      if (row?.id === id) void this.#carryOut(row, value);
      else this.#forget(id).catch(failed);
    }
  }

  /** Nothing of it is to run any more. */
  isMeant(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** EO1. Resolves with whether there was something to end, or is; rejects when the disk refuses the order. */
  async end(row: SessionRow, how: Ending, why: string): Promise<boolean> {
    const { rows, clock } = this.#o;
    const until = clock.now() + END_MS;
    const order = { key: row.key, how, why };
    await rows.write((batch) => batch.put(this.#table, row.id, order));
    return (await byDeadline(clock, this.#carryOut(row, order), until)) !== false;
  }

  /** EO2. Whether the session ends by this. */
  async #carryOut(row: SessionRow, order: EndOrder): Promise<boolean> {
    const { enter, stop, end, rows, clock, log } = this.#o;
    const { id, key } = row;
    const here = rows.byKey(key);
    let isOver = false;
    // A later one may have taken its place by now.
    if (here?.id === id) stop(here.key);
    this.#waiting.add(id);
    await enter(row, async (now) => {
      try {
        isOver = !now || now.id !== id || now.ended !== undefined;
        if (!now || isOver) await this.#forget(id);
        else
          await end(now, order.how, order.why, (batch) => {
            rows.kept.dropAll(batch, now.key);
            batch.remove(this.#table, id);
          });
        this.#waiting.delete(id);
      } catch (error) {
        log.error({ err: error, session: id }, 'the end of a flow could not be written; it is tried again');
        clock.setTimeout(() => void this.#carryOut(row, order), REFUSED_MS);
      }
    });
    return !isOver;
  }

  #forget(id: Key): Promise<void> {
    return this.#o.rows.write((batch) => batch.remove(this.#table, id));
  }
}
