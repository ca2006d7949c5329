/**
 * Dead letters for the operator's command on the host (contract README §3.1), for a bridge that is down: only for stores
 * that no running outbox has attached (`outbox-admin.ts` serves that one). What a letter says is not shown: it is a
 * customer's words.
 */
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import { appendedAt, deadLettersOf, revived, rowsOf } from './outbox-rows.ts';

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

/** Puts every dead letter back into its place in the outbox, as new; resolves with their number. */
export async function replayDeadLetters(store: Store, clock: Clock): Promise<number> {
  const rows = rowsOf(store);
  const dead = deadLettersOf(store);
  const letters = [...dead.keys()].map(Number);
  for (let at = 0; at < letters.length; at += AT_ONCE) {
    await store.write((batch) => {
      for (const key of letters.slice(at, at + AT_ONCE)) {
        const letter = dead.get(key);
        if (!letter) continue;
        batch.put(rows, key, revived(letter, clock.now()));
        batch.remove(dead, key);
      }
    });
  }
  return letters.length;
}
