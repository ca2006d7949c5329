/** Where one message waits for what the app's answer means for it. Settled once; the first verdict stands. */
import type { Clock, Timer } from '../../clock.ts';
import type { Verdict } from './flows.ts';

export class AnswerSlot {
  readonly #clock: Clock;
  readonly #since: number;
  readonly #waiting = new Map<() => void, Timer>();
  #verdict: Verdict | undefined;
  #cancelled = false;

  /** `verdict`: known from before a crash. */
  constructor(clock: Clock, verdict: Verdict | undefined) {
    this.#clock = clock;
    this.#since = clock.now();
    this.#verdict = verdict;
  }

  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  settle(verdict: Verdict): void {
    this.#verdict ??= verdict;
    this.#release();
  }

  /** Nobody is to wait any longer: the process stops. */
  cancel(): void {
    this.#cancelled = true;
    this.#release();
  }

  /** The verdict as soon as it is known; undefined when it is not known `ms` after the slot was made. */
  within(ms: number): Promise<Verdict | undefined> {
    const left = this.#since + ms - this.#clock.now();
    if (this.#verdict !== undefined || this.#cancelled || left <= 0) return Promise.resolve(this.#verdict);
    return new Promise((resolve) => {
      const finish = () => {
        this.#waiting.delete(finish);
        resolve(this.#verdict);
      };
      this.#waiting.set(finish, this.#clock.setTimeout(finish, left));
    });
  }

  #release(): void {
    for (const [finish, timer] of this.#waiting) {
      this.#clock.clearTimeout(timer);
      finish();
    }
  }
}
