/**
 * What WhatsApp does not let a number do at the moment, learned from refusals. One durable row per code, in the number's
 * own store, so that it survives a restart and goes with the login.
 *
 *  LI1  Only refusals of the account or of its pace are limits of the number: 463 (restricted, facts/baileys §3) and 429
 *       (too much at once). Any other code speaks of one message.
 *  LI2  WhatsApp does not say how long: a limit is believed for a while after it was last met, and never blocks a send here.
 *
 * Deliberately not here: what follows from a limit (bulk jobs ask, operators read).
 */
import type { Clock } from '../clock.ts';
import type { Store, Table } from '../store/store.ts';

export type Limit = {
  readonly code: number;
  readonly why: string;
  /** Last met, and believed until: epoch ms. */
  readonly at: number;
  readonly until: number;
};

const KNOWN: ReadonlyMap<number, { why: string; believedMs: number }> = new Map([
  [463, { why: 'WhatsApp has restricted this number', believedMs: 24 * 3_600_000 }],
  [429, { why: 'this number sends faster than WhatsApp allows', believedMs: 10 * 60_000 }],
]);

const tableOf = (store: Store): Table<Limit> => store.table<Limit>('limits');

/** LI1. Resolves when it is durable; other codes change nothing. */
export async function noteRefusal(store: Store, code: number, clock: Clock): Promise<void> {
  const limit = limitOf(code, clock.now());
  if (limit) await store.write((batch) => batch.put(tableOf(store), code, limit));
}

/** What a refusal with this code, met at `at` (epoch ms), says of the number; undefined when it speaks of one message (LI1). */
export function limitOf(code: number, at: number): Limit | undefined {
  const known = KNOWN.get(code);
  return known && { code, why: known.why, at, until: at + known.believedMs };
}

/** What holds at `now` (epoch ms), the one that lasts longest first. */
export function limitsOf(store: Store, now: number): Limit[] {
  const rows = [...tableOf(store).range()].map(({ value }) => value);
  return rows.filter(({ until }) => until > now).sort((a, b) => b.until - a.until);
}
