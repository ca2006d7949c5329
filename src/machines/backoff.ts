/**
 * How long to wait before the next try: growth with a ceiling, plus jitter. A pure function of a count, so that the
 * count is all that anybody has to remember.
 */

export type Backoff = {
  /** Milliseconds before the first retry, without jitter. */
  readonly base: number;
  /** Each further try waits this many times longer… */
  readonly growth: number;
  /** …up to this many times the base. */
  readonly maxFactor: number;
  /** Milliseconds of jitter at most, so that numbers that dropped together do not return together. */
  readonly jitter: number;
  /** Ceiling of the whole wait, milliseconds. */
  readonly max: number;
};

/** Milliseconds before try `n` (0 = the first retry). `random` is 0..1. */
export function backoff({ base, growth, maxFactor, jitter, max }: Backoff, n: number, random: number): number {
  return Math.min(base * Math.min(growth ** n, maxFactor) + Math.round(random * jitter), max);
}
