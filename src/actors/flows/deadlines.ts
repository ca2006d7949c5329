/**
 * When a session has to be looked at next, and what is then due. Pure. Contract flows §6.6, §11.
 *
 *  DL1  Every session has a deadline, what has ended too: then it is forgotten. What runs has one only while it is paused;
 *       a process that starts takes up all that runs by itself.
 *  DL2  Of several deadlines the earliest counts, of equal ones the flow's own: a delay, then the wait, then silence.
 *  DL3  A time beyond every calendar, such as an author's 1e300 minutes, is `NEVER`: the index of deadlines knows no later one.
 */
import { isRunning, type OpenWait, type SessionRow, type Sleep } from './session.types.ts';

/** Without a rule: then it is no longer live, yet an answer still resumes it. */
const DORMANT_AFTER_MS = 600_000;
const SHORTEST_RULE_S = 30;
const KEPT_AFTER_END_MS = 300_000;
const NEVER = 999_999_999_999_999;

export type Due =
  | { readonly kind: 'run' }
  | { readonly kind: 'sleep'; readonly sleep: Sleep }
  | { readonly kind: 'wait'; readonly open: OpenWait }
  /** The rule's silence is over, or nobody came for very long. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'dormant' }
  | { readonly kind: 'forget' };

type Deadline = { readonly at: number; readonly due: Due };

/** `ttlMs`: `FLOW_WAIT_TTL_HOURS`. */
export function nextDeadline(row: SessionRow, ttlMs: number): Deadline {
  const [last, ...others] = deadlines(row, ttlMs);
  const { at, due } = others.reduceRight((earliest, each) => (each.at <= earliest.at ? each : earliest), last);
  return { at: Math.min(at, NEVER), due };
}

function deadlines(row: SessionRow, ttlMs: number): [Deadline, ...Deadline[]] {
  const { ended, pause, wait, sleeps } = row;
  if (ended) return [{ at: ended.at + KEPT_AFTER_END_MS, due: { kind: 'forget' } }];
  if (isRunning(row)) return [{ at: pause?.until ?? NEVER, due: { kind: 'run' } }];
  const asleep = sleeps.map((sleep): Deadline => ({ at: sleep.until, due: { kind: 'sleep', sleep } }));
  const open: Deadline[] = wait?.due === undefined ? [] : [{ at: wait.due, due: { kind: 'wait', open: wait } }];
  const [soonest] = asleep.toSorted((a, b) => a.at - b.at);
  return [
    { at: lastActAt(row) + ttlMs, due: { kind: 'timeout' } },
    ...(soonest ? [soonest] : []),
    ...open,
    ...silence(row),
  ];
}

/** The last thing that it does by itself. A delay or a timer of the flow is longer than any TTL by the author's will. */
export const lastActAt = ({ lastEventAt, wait, sleeps }: SessionRow): number =>
  Math.min(NEVER, Math.max(lastEventAt, wait?.due ?? 0, ...sleeps.map(({ until }) => until)));

/** While a wait for the customer is open; never during a delay. */
function silence({ wait, timeoutS, byMessage, lastEventAt, isDormant }: SessionRow): Deadline[] {
  if (!wait) return [];
  // What leads to the question takes its time.
  const last = Math.max(lastEventAt, wait.since);
  if (timeoutS !== undefined)
    return [{ at: last + Math.max(timeoutS, SHORTEST_RULE_S) * 1_000, due: { kind: 'timeout' } }];
  if (!byMessage || isDormant) return [];
  return [{ at: last + DORMANT_AFTER_MS, due: { kind: 'dormant' } }];
}
