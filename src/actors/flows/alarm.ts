/**
 * Rings for the session whose deadline is nearest, by the index on disk: one timer, however many sessions wait.
 *
 *  AL1  Overdue ones ring at start, in due order (contract flows §11), and each once at a time.
 *  AL2  A clock that was put forward, or a machine that slept, is noticed within a minute.
 */
import type { Clock, Timer } from '../../clock.ts';
import type { Brief, Rows } from './rows.ts';

const LOOK_MS = 60_000;

export type AlarmOptions = {
  readonly rows: Pick<Rows, 'briefs' | 'deadlineOf'>;
  /** Resolves when what was due has been done, or the deadline moved. */
  readonly ring: (brief: Brief) => Promise<void>;
  readonly clock: Clock;
};

export class Alarm {
  readonly #o: AlarmOptions;
  readonly #ringing = new Set<string>();
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  #isOn = false;

  constructor(options: AlarmOptions) {
    this.#o = options;
  }

  start(): void {
    this.#isOn = true;
    this.#look();
  }

  stop(): void {
    this.#isOn = false;
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer.timer);
  }

  /** A session has this deadline now. */
  hasMoved(at: number): void {
    if (this.#isOn && (!this.#timer || at < this.#timer.at)) this.#arm(at);
  }

  #look(): void {
    const { rows, clock } = this.#o;
    const now = clock.now();
    for (const brief of rows.briefs()) {
      if (this.#ringing.has(brief.key)) continue;
      if (brief.at > now) return this.#arm(brief.at);
      this.#ring(brief);
    }
    this.#arm(now + LOOK_MS);
  }

  #ring(brief: Brief): void {
    this.#ringing.add(brief.key);
    void this.#o.ring(brief).finally(() => {
      this.#ringing.delete(brief.key);
      if (!this.#isOn) return;
      const at = this.#o.rows.deadlineOf(brief.key);
      // One that stands where it stood has failed: it is for the next look.
      if (at !== undefined && at !== brief.at) this.hasMoved(at);
    });
  }

  #arm(at: number): void {
    const { clock } = this.#o;
    if (!this.#isOn) return;
    if (this.#timer) clock.clearTimeout(this.#timer.timer);
    const wait = Math.min(Math.max(0, at - clock.now()), LOOK_MS);
    const ring = () => {
      this.#timer = undefined;
      this.#look();
    };
    this.#timer = { at, timer: clock.setTimeout(ring, wait) };
  }
}
