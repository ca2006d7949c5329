/**
 * Is an open session deaf: still open here, but nobody answers, or nobody hears us (P10)?
 *
 *  DF1  Only an answer to something of ours proves that both directions work; what the peer says on its own proves one.
 *       The library asks every `everyMs`, so a session without an answer for `everyMs + answerMs` is deaf, and its peer
 *       had at least `answerMs` for the last question.
 *  DF2  A peer that takes up to `answerMs` for every answer is slow, not deaf.
 *  DF3  A look that comes more than `LATE_MS` after its time, or a clock that went back, proves nothing: this process was
 *       blocked or suspended, and answers may lie unread in the socket. The full time begins anew.
 *
 * Deliberately not here: timers and sockets (engines/unofficial/watchdog.ts).
 */

export type KeepAlive = {
  /** How often the library asks, milliseconds (contract clients §6.3). */
  readonly everyMs: number;
  /** How long an answer may take, milliseconds. */
  readonly answerMs: number;
};

/** A deaf session is found 12 to 27 s after it went deaf. */
export const KEEP_ALIVE: KeepAlive = { everyMs: 15_000, answerMs: 12_000 };

/** Less than `answerMs`, so that a late look alone never makes a session deaf. */
export const LATE_MS = 5_000;

export type Hearing =
  | { readonly kind: 'deaf'; readonly silentMs: number }
  /** Look again after `afterMs`; `heardAt` is the last answer that counts. */
  | { readonly kind: 'hearing'; readonly afterMs: number; readonly heardAt: number };

/** `heardAt`: the last answer; `dueAt`: when this look was due (epoch ms all). */
export function hearing(
  { now, heardAt, dueAt }: { readonly now: number; readonly heardAt: number; readonly dueAt: number },
  { everyMs, answerMs }: KeepAlive,
): Hearing {
  const limit = everyMs + answerMs;
  const silentMs = now - heardAt;
  if (now - dueAt > LATE_MS || silentMs < 0) return { kind: 'hearing', afterMs: limit, heardAt: now };
  if (silentMs >= limit) return { kind: 'deaf', silentMs };
  return { kind: 'hearing', afterMs: limit - silentMs, heardAt };
}
