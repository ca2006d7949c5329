/**
 * From the number that somebody typed to the JID that WhatsApp knows (facts/numbers-and-lid §3).
 *
 *  RC1  Before the first send to a number WhatsApp is asked, for the number and its national variants together.
 *  RC2  Answers are kept: 24 h when there is an account, 1 h when there is none, at most 20,000.
 *  RC3  "Not on WhatsApp" is only what WhatsApp said about every variant; a failed look-up sends to the digits.
 */
import type { Clock } from '../../../clock.ts';
import { lidOfJid, phoneJid, phoneOfJid, splitJid, variants } from '../../../phone.ts';
import type { Store, Table } from '../../../store/store.ts';
import type { LidMap } from '../../lid-map.ts';
import { RotatingSweep } from '../../rotating-sweep.ts';

const HOUR_MS = 3_600_000;
const POSITIVE_MS = 24 * HOUR_MS;
const NEGATIVE_MS = HOUR_MS;
const MAX_ROWS = 20_000;

export type Resolved =
  | { readonly kind: 'jid'; readonly jid: string }
  | { readonly kind: 'not on WhatsApp' }
  | { readonly kind: 'invalid'; readonly why: string };

/** `onWhatsApp` of the socket: accounts that exist; undefined when the answer never came. */
export type LookUp = (digits: readonly string[]) => Promise<readonly { jid: string; exists: unknown }[] | undefined>;

type Row = { readonly jid: string | null; readonly until: number };

export class Recipients {
  readonly #store: Store;
  readonly #table: Table<Row>;
  readonly #sweep: RotatingSweep<Row>;
  readonly #lids: LidMap;
  readonly #clock: Clock;
  readonly #asking = new Map<string, Promise<Row | undefined>>();
  #rows: number;

  constructor(store: Store, lids: LidMap, clock: Clock) {
    this.#store = store;
    this.#table = store.table('recipients');
    this.#lids = lids;
    this.#clock = clock;
    this.#rows = [...this.#table.keys({ limit: MAX_ROWS + 1 })].length;
    this.#sweep = new RotatingSweep(this.#table, ({ until }) => {
      if (until > clock.now() && this.#rows <= MAX_ROWS) return 'keep';
      this.#rows -= 1;
      return 'remove';
    });
  }

  /** `to`: a phone JID, a LID or a group. At most one look-up per number is under way. */
  async resolve(to: string, lookUp: LookUp): Promise<Resolved> {
    const lid = lidOfJid(to);
    if (lid !== undefined) {
      const pn = this.#lids.phoneOf(lid);
      return { kind: 'jid', jid: pn === undefined ? to : phoneJid(pn) };
    }
    const digits = phoneOfJid(to);
    if (digits === undefined) {
      return splitJid(to)?.server === 'g.us'
        ? { kind: 'jid', jid: to }
        : { kind: 'invalid', why: 'not a WhatsApp address' };
    }
    const row = this.#fresh(digits) ?? (await this.#ask(digits, lookUp));
    if (!row) return { kind: 'jid', jid: phoneJid(digits) };
    return row.jid === null ? { kind: 'not on WhatsApp' } : { kind: 'jid', jid: row.jid };
  }

  #fresh(digits: string): Row | undefined {
    const row = this.#table.get(digits);
    return row && row.until > this.#clock.now() ? row : undefined;
  }

  #ask(digits: string, lookUp: LookUp): Promise<Row | undefined> {
    const asking = this.#asking.get(digits) ?? this.#lookUp(digits, lookUp).finally(() => this.#asking.delete(digits));
    this.#asking.set(digits, asking);
    return asking;
  }

  async #lookUp(digits: string, lookUp: LookUp): Promise<Row | undefined> {
    // Rate limit, timeout, closing socket: no knowledge, so no verdict (RC3).
    const found = await lookUp(variants(digits)).catch(() => undefined);
    if (!found) return undefined;
    const jids = found.map(({ jid }) => jid);
    const jid = jids.find((candidate) => phoneOfJid(candidate) === digits) ?? jids[0] ?? null;
    const row: Row = { jid, until: this.#clock.now() + (jid === null ? NEGATIVE_MS : POSITIVE_MS) };
    if (!this.#table.has(digits)) this.#rows += 1;
    await this.#store.write((batch) => {
      batch.put(this.#table, digits, row);
      this.#sweep.onAdd(batch);
    });
    return row;
  }
}
