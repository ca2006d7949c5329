/**
 * Moves one store's rows and dead letters into another, before its folder goes away.
 *
 * Invariant O7 (`outbox.ts`): a row is durable in the new store before it is removed from the old one; it keeps its
 * number and its place in its line. A crash in between leaves it in both, which only means a repeat.
 */
import type { Store, Table } from '../store/store.ts';
import type { Entry } from './outbox-chain.ts';
import type { Home } from './outbox-home.ts';

const AT_ONCE = 500;

/** `entries` lists what is not gone; rows may be posted while they move. `from` must take no more appends. */
export async function moveRows(entries: () => Iterable<Entry>, from: Home, to: Home): Promise<void> {
  await settled(from);
  const moving = [...entries()].filter(({ home }) => home === from).sort((a, b) => a.seq - b.seq);
  for (const part of parts(moving)) {
    await copy(
      (seq) => from.row(seq),
      to.rows,
      to.store,
      part.map(({ seq }) => seq),
    );
    for (const entry of part) {
      if (entry.state === 'gone') to.spend(entry.seq);
      else entry.home = to;
    }
  }
  // only now: a row could still be buried in the old store until its entry pointed to the new one
  await settled(from);
  const dead = [...from.dead.keys()].map(Number);
  for (const part of parts(dead)) await copy((seq) => from.letter(seq), to.dead, to.store, part);
  to.deadLetters += dead.length;
  from.deadLetters = 0;

  const rows = [...from.rows.keys()];
  await from.store.write((batch) => {
    for (const key of rows) batch.remove(from.rows, key);
    for (const key of dead) batch.remove(from.dead, key);
  });
}

/** Every write called so far is durable: writes become so in call order (ST5). */
async function settled(home: Home): Promise<void> {
  await home.flush();
  await home.store.write((batch) => batch.remove(home.rows, 0));
}

type Read<V> = (key: number) => V | undefined;

async function copy<V>(read: Read<V>, into: Table<V>, store: Store, keys: readonly number[]): Promise<void> {
  await store.write((batch) => {
    for (const key of keys) {
      const value = read(key);
      if (value !== undefined) batch.put(into, key, value);
    }
  });
}

function* parts<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < items.length; at += AT_ONCE) yield items.slice(at, at + AT_ONCE);
}
