/**
 * One customer, one session (contract flows §6.1). To be called in the customer's mailbox.
 *
 *  OS1  A customer known by LID alone is re-keyed as soon as the number is known, at the app too; the old key stays a name of
 *       the session.
 *  OS2  Whichever session else turns out to be theirs leaves the store in the same write, and with it what the app keeps of
 *       it.
 */
import type { FlowFact } from '../../app-client/flow-facts.types.ts';
import type { Log } from '../../log.ts';
import type { Identity } from '../../phone.ts';
import type { Batch } from '../../store/store.ts';
import type { Rows } from './rows.ts';
import type { SessionRow } from './session.types.ts';
import { parkFact } from './snapshot.ts';
import { keyOf } from './new-session.ts';

const TWICE = 'its customer has another session';

export type OneSessionOptions = {
  readonly rows: Rows;
  /** One write. */
  readonly save: (row: SessionRow, facts: readonly FlowFact[], also: (batch: Batch) => void) => Promise<void>;
  readonly onGone: (key: string) => void;
  readonly log: Log;
};

type With = { readonly why?: string; readonly told?: readonly FlowFact[]; readonly also?: (batch: Batch) => void };

export class OneSession {
  readonly #o: OneSessionOptions;

  constructor(options: OneSessionOptions) {
    this.#o = options;
  }

  /** The new session, saved in the place of every other; it gets the replies that were kept since then. */
  async begun(wanted: SessionRow, since: number, also: (batch: Batch) => void): Promise<SessionRow> {
    const { rows } = this.#o;
    const others = rows.allOf(wanted.device, wanted.contact);
    // Names that are theirs stay theirs.
    const contact = others.reduce((known, other) => ({ ...other.contact, ...known }), wanted.contact);
    const key = keyOf(wanted.device, contact);
    const formerKey = others.find((other) => other.key === key)?.formerKey;
    const row: SessionRow = { ...wanted, key, contact, ...(formerKey !== undefined && { formerKey }) };
    const keys = new Set([keyOf(wanted.device, wanted.contact), ...others.map((other) => other.key)]);
    await this.replace(row, others, {
      why: 'another flow was started',
      also: (batch) => {
        for (const from of keys) rows.kept.pass(batch, from, key, since);
        also(batch);
      },
    });
    return row;
  }

  /** OS1. The session as it is with what is known of the customer now. */
  async rekeyed(row: SessionRow, contact: Identity): Promise<SessionRow> {
    const known = { ...contact, ...row.contact };
    const isNews = (contact.pn !== undefined && !row.contact.pn) || (contact.lid !== undefined && !row.contact.lid);
    if (!isNews) return row;
    const key = row.contact.pn === undefined ? keyOf(row.device, known) : row.key;
    const moved: SessionRow = { ...row, key, contact: known, ...(key !== row.key && { formerKey: row.key }) };
    const others = this.#o.rows.allOf(row.device, known).filter((other) => other.key !== row.key);
    const isKept = key !== row.key && !row.ended && row.wait !== undefined;
    const told = isKept ? [{ kind: 'flow park', device: row.device, session: row.key } as const, parkFact(moved)] : [];
    await this.replace(moved, others, { told });
    return moved;
  }

  /** OS2 */
  async replace(row: SessionRow, others: readonly SessionRow[], more: With = {}): Promise<void> {
    const { why = TWICE, told = [], also } = more;
    const about = { outcome: 'aborted', reason: why };
    for (const { ended, id } of others) if (!ended) this.#o.log.info({ session: id, ...about }, 'a flow ended');
    const gone = others.filter(({ key }) => key !== row.key);
    const cleared = gone.map(({ device, key: session }): FlowFact => ({ kind: 'flow park', device, session }));
    await this.#o.save(row, [...cleared, ...told], (batch) => {
      for (const other of others) this.#o.rows.overslept(batch, other);
      for (const other of gone) this.#o.rows.remove(batch, other);
      also?.(batch);
    });
    for (const { key } of gone) this.#o.onGone(key);
  }
}
