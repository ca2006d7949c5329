/**
 * The breaker of one endpoint. Open: requests pass. Ajar: one request per interval passes, to see whether the app is back.
 *
 * Invariants:
 *  G1  it goes ajar after `FAILURES` requests in a row that nobody answered, or at the first refusal by configuration.
 *  G2  while ajar at most one request per interval passes: 1, 2, 4, 5 s for a silent app, 60 s for a refusal.
 *  G3  any other answer opens it at once.
 *
 * Deliberately not here: per-row back-off, and timeouts, which say that the app is slow for one request, not away.
 */

const FAILURES = 5;
const LONGEST_PROBE_MS = 5000;
const REFUSED_MS = 60_000;

export class Gate {
  #failures = 0;
  #intervalMs = 0;
  #nextProbe = 0;

  get ajar(): boolean {
    return this.#intervalMs > 0;
  }

  /** When the next request may pass (epoch ms); 0 while open. */
  get nextProbe(): number {
    return this.#nextProbe;
  }

  /** Whether a request may go now; while ajar a yes uses up the interval. */
  pass(now: number): boolean {
    if (!this.ajar) return true;
    if (now < this.#nextProbe) return false;
    this.#nextProbe = now + this.#intervalMs;
    return true;
  }

  /** The app answered. True when this opened the gate. */
  answered(): boolean {
    const opened = this.ajar;
    this.#failures = this.#intervalMs = this.#nextProbe = 0;
    return opened;
  }

  /**
   * Nobody answered. `probe`: the request had passed while ajar; others were under way already and say nothing new.
   * True when the gate went ajar by it.
   */
  unanswered(now: number, probe: boolean): boolean {
    const ajar = this.ajar;
    this.#failures++;
    if (ajar ? !probe : this.#failures < FAILURES) return false;
    this.#intervalMs = Math.min(this.#intervalMs * 2 || 1000, LONGEST_PROBE_MS);
    this.#nextProbe = now + this.#intervalMs;
    return !ajar;
  }

  /** Refused by configuration (401, 403, redirect). */
  refused(now: number): void {
    this.#intervalMs = REFUSED_MS;
    this.#nextProbe = now + REFUSED_MS;
  }
}
