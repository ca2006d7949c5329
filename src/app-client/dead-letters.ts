/**
 * Dead letters for the operator's command (contract README §3.1: listed and replayed on the host, no HTTP route).
 * Only for a store that no running outbox has attached. What a letter says is not shown: it is a customer's words.
 */
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import { appendedAt, deadLettersOf, type Row, rowsOf, Sequence } from './outbox-rows.ts';

export type DeadLetterLine = {
  readonly path: string;
  readonly why: string;
  /** Epoch milliseconds. */
  readonly appended: number;
  readonly died: number;
};

const AT_ONCE = 500;

/** Oldest first. */
export function* listDeadLetters(store: Store): Iterable<DeadLetterLine> {
  for (const { key, value } of deadLettersOf(store).range())
    yield { path: value.row.path, why: value.why, appended: appendedAt(Number(key)), died: value.died };
}

/** Puts every dead letter back into the outbox, behind what waits there and as new; resolves with their number. */
export async function replayDeadLetters(store: Store, clock: Clock): Promise<number> {
  const rows = rowsOf(store);
  const dead = deadLettersOf(store);
  const sequence = new Sequence(clock);
  const letters = [...dead.keys()].map(Number);
  for (const key of [...rows.keys({ reverse: true, limit: 1 }), ...letters.slice(-1)]) sequence.above(Number(key));
  for (let at = 0; at < letters.length; at += AT_ONCE) {
    await store.write((batch) => {
      for (const key of letters.slice(at, at + AT_ONCE)) {
        const letter = dead.get(key);
        if (!letter) continue;
        const { repeats: _, ...row }: Row = letter.row;
        batch.put(rows, sequence.next(), row);
        batch.remove(dead, key);
      }
    });
  }
  return letters.length;
}
