/**
 * The newest message that this number sent through the bridge, per chat: what a reaction without a target is for
 * (contract messages §6).
 *
 *  NO1  Only what people see as a message of its own counts: no reaction, pin, edit or revoke.
 *  NO2  A row is forgotten after 30 days, as the message is (sent-index.ts).
 */
import type { Clock } from '../clock.ts';
import { lidOfJid, phoneJid, phoneOfJid, variants } from '../phone.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import { LidMap } from './lid-map.ts';
import { RotatingSweep } from './rotating-sweep.ts';

const KEPT_MS = 30 * 86_400_000;

type Row = { readonly id: string; readonly at: number };

const tableOf = (store: Store): Table<Row> => store.table<Row>('newest-own');

export class NewestOwn {
  readonly #table: Table<Row>;
  readonly #sweep: RotatingSweep<Row>;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#table = tableOf(store);
    this.#clock = clock;
    this.#sweep = new RotatingSweep(this.#table, ({ at }) => (clock.now() - at > KEPT_MS ? 'remove' : 'keep'));
  }

  /** `chat`: the JID that is really used. */
  record(batch: Batch, chat: string, id: string): void {
    batch.put(this.#table, chat, { id, at: this.#clock.now() });
    this.#sweep.onAdd(batch);
  }
}

/** Looks for the chat as it was used: by phone where a LID is known, and under every spelling of the number. */
export function newestOwn(store: Store, to: string): string | undefined {
  const lid = lidOfJid(to);
  const digits = lid === undefined ? phoneOfJid(to) : new LidMap(store).phoneOf(lid);
  const chats = [to, ...(digits === undefined ? [] : variants(digits).map(phoneJid))];
  const rows = chats.flatMap((chat) => tableOf(store).get(chat) ?? []);
  return rows.sort((a, b) => b.at - a.at)[0]?.id;
}
