/**
 * What follows when a number's actor crashes (P2): restart with back-off, or quarantine. In the words of Elixir's
 * supervisors: a `transient` child with a restart intensity of `maxRestarts` in `withinMs`.
 *
 *  R1  A child that ran at least `minimumUptimeMs` starts with a clean record; one that dies at once does not.
 *  R2  More than `maxRestarts` crashes within `withinMs` end in quarantine; only an explicit initialize leads out.
 *  R3  Values only: the caller keeps the returned history and hands it in again.
 *
 * Deliberately not here: closes of the socket. They are expected, and the number machine handles them (close-reason.ts).
 */
import { type Backoff, backoff } from './backoff.ts';

export type RestartPolicy = {
  readonly maxRestarts: number;
  readonly withinMs: number;
  readonly minimumUptimeMs: number;
  readonly backoff: Backoff;
  /** 0..1, for jitter. */
  readonly random: () => number;
};

/** 5 crashes in 10 minutes are repaired, with 1 s, 2 s, 4 s … between them. */
export const defaultRestartPolicy: RestartPolicy = {
  maxRestarts: 5,
  withinMs: 10 * 60_000,
  minimumUptimeMs: 60_000,
  backoff: { base: 1_000, growth: 2, maxFactor: 30, jitter: 500, max: 30_000 },
  random: Math.random,
};

/** When the child crashed, epoch ms, oldest first; only crashes that still count. */
export type RestartHistory = { readonly crashes: readonly number[] };

export const freshHistory: RestartHistory = { crashes: [] };

export type RestartDecision =
  /** Start it again after `delay` milliseconds. */
  | { readonly kind: 'restart'; readonly delay: number; readonly history: RestartHistory }
  | { readonly kind: 'quarantine'; readonly until: 'initialize'; readonly history: RestartHistory };

/** Decides after a crash. `startedAt` and `endedAt` (epoch ms) are the life of the child that crashed. */
export function onExit(
  history: RestartHistory,
  { startedAt, endedAt }: { readonly startedAt: number; readonly endedAt: number },
  policy: RestartPolicy,
): RestartDecision {
  const proven = endedAt - startedAt >= policy.minimumUptimeMs;
  const earlier = proven ? [] : history.crashes.filter((at) => endedAt - at < policy.withinMs);
  const next: RestartHistory = { crashes: [...earlier, endedAt] };
  if (next.crashes.length > policy.maxRestarts) return { kind: 'quarantine', until: 'initialize', history: next };
  return { kind: 'restart', delay: backoff(policy.backoff, earlier.length, policy.random()), history: next };
}
