/**
 * What becomes of one number whose actor has crashed: started again after a back-off, or quarantine (machines/restart.ts
 * decides).
 *
 *  RV1  Crashes are forgotten only after a minimum uptime, or by an explicit start.
 *  RV2  At most one restart is armed, and none after `cancel`.
 *
 * Deliberately not here: starting and closing (supervisor.ts).
 */
import type { Clock, Timer } from '../clock.ts';
import { freshHistory, onExit, type RestartHistory, type RestartPolicy } from '../machines/restart.ts';

export class Revival {
  readonly #clock: Clock;
  readonly #policy: RestartPolicy;
  readonly #restart: () => void;
  #startedAt = 0;
  #history: RestartHistory = freshHistory;
  #timer: Timer | undefined;
  #quarantine: string | undefined;

  constructor(clock: Clock, policy: RestartPolicy, restart: () => void) {
    this.#clock = clock;
    this.#policy = policy;
    this.#restart = restart;
  }

  /** Why the number is in quarantine, when it is. */
  get quarantine(): string | undefined {
    return this.#quarantine;
  }

  started(): void {
    this.#startedAt = this.#clock.now();
  }

  /** Somebody asks for the number: out of quarantine, with nothing held against it. */
  release(): void {
    this.cancel();
    this.#quarantine = undefined;
    this.#history = freshHistory;
  }

  cancel(): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** When it is started again (epoch ms); undefined: quarantine, for the reason given. */
  crashed(why: string): number | undefined {
    const now = this.#clock.now();
    const exit = onExit(this.#history, { startedAt: this.#startedAt, endedAt: now }, this.#policy);
    this.#history = exit.history;
    if (exit.kind === 'quarantine') {
      this.#quarantine = why;
      return undefined;
    }
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#restart();
    }, exit.delay);
    return now + exit.delay;
  }
}
