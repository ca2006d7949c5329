/**
 * Wakes the scheduler when its nearest work is due (contract schedules §5; S-35, S-44, S-45). The only user of
 * node-schedule, and only for one absolute date at a time: what repeats is worked out in recurrence.ts, and a job per
 * row would keep every row in memory twice.
 *
 * Invariants:
 *  T1  `onDue` never runs before the armed instant by the clock, however the alarm came to ring.
 *  T2  It runs within LOOK_MS after it, also when the clock was put forward or the machine slept: alarms count from the
 *      moment they were set and notice neither, so the clock is looked at as often as that and the alarm set anew.
 *  T3  Once per arming. An `onDue` that fails is logged, and called again after LOOK_MS unless it armed something.
 */
import { scheduleJob } from 'node-schedule';
import { type Clock, systemClock } from '../clock.ts';
import type { Log } from '../log.ts';

/** The promised tolerance of §5. */
const LOOK_MS = 5_000;

type Options = { readonly clock: Clock; readonly onDue: () => void | Promise<void>; readonly log: Log };

export class DueTimer {
  readonly #clock: Clock;
  readonly #onDue: () => void | Promise<void>;
  readonly #log: Log;
  #at: number | undefined;
  #silence: (() => void) | undefined;
  #stopped = false;

  constructor({ clock, onDue, log }: Options) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#log = log;
  }

  /** Replaces what was armed; undefined when there is nothing to wait for. */
  arm(at: number | undefined): void {
    if (this.#stopped || at === this.#at) return;
    this.#at = at;
    this.#wait();
  }

  /** For good: an `onDue` that is under way may still call `arm`. */
  stop(): void {
    this.arm(undefined);
    this.#stopped = true;
  }

  #wait(): void {
    this.#silence?.();
    this.#silence = undefined;
    if (this.#at === undefined) return;
    const check = () => this.#check();
    const look = this.#clock.setTimeout(check, LOOK_MS);
    const cancel = alarm(this.#clock, this.#at, check);
    this.#silence = () => {
      this.#clock.clearTimeout(look);
      cancel();
    };
  }

  #check(): void {
    if (this.#at === undefined) return;
    if (this.#clock.now() < this.#at) return this.#wait();
    this.arm(undefined);
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      await this.#onDue();
    } catch (error) {
      this.#log.error({ err: error }, 'work that fell due could not be started');
      if (this.#at === undefined) this.arm(this.#clock.now() + LOOK_MS);
    }
  }
}

/** node-schedule keeps dates by the machine's clock; any other clock keeps them itself. Returns what cancels it. */
function alarm(clock: Clock, at: number, ring: () => void): () => void {
  // It answers null for a date that has passed meanwhile. A fixed name, because it keeps the names of those for good.
  const job = clock === systemClock ? scheduleJob('due', new Date(at), ring) : null;
  if (job) return () => job.cancel();
  const wait = at - clock.now();
  // Further away than that, the next look sets it.
  if (wait > LOOK_MS) return () => {};
  const timer = clock.setTimeout(ring, Math.max(0, wait));
  return () => clock.clearTimeout(timer);
}
