/**
 * Who wrote which message in a group: WhatsApp wants the author's JID in the key of a reaction or of a pin, and the app
 * knows only the id. Kept as long as messages can be reacted to in practice, 14 days, like the ids themselves.
 */
import type { Clock } from '../clock.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import { RotatingSweep } from './rotating-sweep.ts';

const KEPT_MS = 14 * 86_400_000;

type Author = { readonly jid: string; readonly at: number };

export class GroupAuthors {
  readonly #table: Table<Author>;
  readonly #sweep: RotatingSweep<Author>;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#clock = clock;
    this.#table = store.table('group-authors');
    this.#sweep = new RotatingSweep(this.#table, ({ at }) => (clock.now() - at > KEPT_MS ? 'remove' : 'keep'));
  }

  record(batch: Batch, id: string, jid: string): void {
    batch.put(this.#table, id, { jid, at: this.#clock.now() });
    this.#sweep.onAdd(batch);
  }

  of(id: string): string | undefined {
    return this.#table.get(id)?.jid;
  }
}
