/**
 * The rows of many stores in order of acceptance, read lazily: one key of each table is in memory at a time.
 *
 *  MG1  Numbers rise strictly: a row that is being moved lies in two stores, and comes once.
 */
import type { Home } from './outbox-home.ts';
import type { DeadLetter, Row } from './outbox-rows.ts';

export type Found = { readonly seq: number; readonly home: Home } & (
  | { readonly state: 'waiting'; readonly row: Row }
  | { readonly state: 'refused'; readonly letter: DeadLetter }
);

type Source = { readonly home: Home; readonly state: Found['state']; readonly keys: Iterator<unknown>; head: number };

/** Cursors are the last sequence number that was given out. */
export const cursorOf = (seq: number): string => seq.toString(36);
/** The first number behind a cursor; any text that is none counts as the beginning (the route refuses such). */
export const behind = (cursor: string | undefined): number =>
  cursor === undefined ? 0 : (Number.parseInt(cursor, 36) || 0) + 1;

/** Dead letters, and with `rows` also what waits, from number `from` on. To be run through without a pause. */
export function* inOrder(homes: Iterable<Home>, from: number, rows: boolean): Generator<Found> {
  const sources: Source[] = [];
  const open = (home: Home, state: Found['state']) => {
    const keys = (state === 'waiting' ? home.rows : home.dead).keys({ from })[Symbol.iterator]();
    const source = { home, state, keys, head: next(keys) };
    if (source.head !== Infinity) sources.push(source);
  };
  for (const home of homes) {
    if (rows) open(home, 'waiting');
    open(home, 'refused');
  }
  try {
    for (let last = -1; ; ) {
      let first: Source | undefined;
      for (const source of sources) if (source.head < (first?.head ?? Infinity)) first = source;
      if (!first) return;
      const { home, state, head: seq, keys } = first;
      first.head = next(keys);
      const found = seq > last ? read(home, state, seq) : undefined;
      if (!found) continue;
      last = seq;
      yield found;
    }
  } finally {
    for (const { keys } of sources) keys.return?.();
  }
}

function next(keys: Iterator<unknown>): number {
  const { done, value } = keys.next();
  return done ? Infinity : Number(value);
}

function read(home: Home, state: Found['state'], seq: number): Found | undefined {
  if (state === 'refused') {
    const letter = home.letter(seq);
    return letter && { seq, home, state, letter };
  }
  const row = home.isSpent(seq) ? undefined : home.row(seq);
  return row && { seq, home, state, row };
}
