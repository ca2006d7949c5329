/**
 * When settings are asked for in the background (contract settings §3, §4).
 *
 *  RF1  Every entry used in the last 24 h is asked for again 4 to 4.5 minutes after its last look-up, whether it has a
 *       socket or not (C-30), so that it is never older than 5 minutes beside an app that answers.
 *  RF2  One number is asked for once a second at most, however often it is busted; 4 look-ups run at once.
 *  RF3  An app that does not answer ends the round: the others would wait in vain too. The next round follows 30 s later.
 */
import type { Clock, Timer } from '../clock.ts';

const DUE_MS = 240_000;
const ROUND_MS = 30_000;
const USED_MS = 86_400_000;
const APART_MS = 1_000;
const AT_ONCE = 4;

/** Times in epoch ms; `askedAt`: when its last look-up began. */
export type Refreshed = { readonly digits: string; readonly usedAt: number; readonly askedAt?: number };

export type SettingsRefreshOptions<E extends Refreshed> = {
  readonly entries: () => Iterable<E>;
  /** Resolves when the look-up ended, with whether the app answered. */
  readonly ask: (entry: E) => Promise<boolean>;
  readonly clock: Clock;
};

export class SettingsRefresh<E extends Refreshed> {
  readonly #o: SettingsRefreshOptions<E>;
  /** RF2: when each number was last asked for here. */
  readonly #askedAt = new Map<string, number>();
  #timer: Timer | undefined;
  #running = false;
  #stopped = true;

  constructor(options: SettingsRefreshOptions<E>) {
    this.#o = options;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
  }

  /** Something became due: a round at once, unless one runs (which will see it). */
  wake(): void {
    if (this.#stopped || this.#running) return;
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
    void this.#round();
  }

  async #round(): Promise<void> {
    const { clock } = this.#o;
    this.#running = true;
    let answers = true;
    let due = this.#due();
    while (due.now.length > 0 && answers && !this.#stopped) {
      answers = await this.#askAll(due.now);
      due = this.#due();
    }
    this.#running = false;
    const waitMs = answers ? Math.min(due.nextIn, ROUND_MS) : ROUND_MS;
    if (!this.#stopped) this.#timer = clock.setTimeout(() => void this.#round(), waitMs);
  }

  /** False as soon as one got no answer (RF3). */
  async #askAll(entries: readonly E[]): Promise<boolean> {
    const { clock, ask } = this.#o;
    const queue = entries.values();
    let answers = true;
    const work = async () => {
      for (const entry of queue) {
        if (!answers || this.#stopped) return;
        this.#askedAt.set(entry.digits, clock.now());
        if (!(await ask(entry))) answers = false;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return answers;
  }

  /** What may be asked for now, one entry of a number, and in how many ms the first that RF2 holds back may. */
  #due(): { now: readonly E[]; nextIn: number } {
    const time = this.#o.clock.now();
    for (const [digits, at] of this.#askedAt) if (time - at >= APART_MS) this.#askedAt.delete(digits);
    const now = new Map<string, E>();
    let nextIn = Number.POSITIVE_INFINITY;
    for (const entry of this.#o.entries()) {
      const isDue = entry.askedAt === undefined || time - entry.askedAt >= DUE_MS;
      if (!isDue || time - entry.usedAt >= USED_MS) continue;
      const askedAt = this.#askedAt.get(entry.digits);
      if (askedAt !== undefined) nextIn = Math.min(nextIn, askedAt + APART_MS - time);
      else if (now.has(entry.digits)) nextIn = Math.min(nextIn, APART_MS);
      else now.set(entry.digits, entry);
    }
    return { now: [...now.values()], nextIn };
  }
}
