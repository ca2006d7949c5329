/**
 * What can be seen of the numbers, and waiting until a view becomes true. Holds no state of its own; every answer is read
 * from the supervisor at the moment of asking.
 *
 * D1  `view` and `all` never have a side effect, also for unknown numbers (contract clients §2).
 * D2  `ready` is true only while the number's own socket can write frames: never a false "connected".
 */
import type { Clock } from '../clock.ts';
import { viewOf } from '../machines/number.ts';
import type { NumberView } from './protocol.ts';
import type { Supervisor } from './supervisor.ts';

const UNKNOWN = {
  known: false,
  state: 'disconnected',
  ready: false,
  paired: false,
  stopped: false,
  lingering: false,
  quarantined: false,
} as const;

export class Views {
  readonly #supervisor: Supervisor;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(supervisor: Supervisor, clock: Clock) {
    this.#supervisor = supervisor;
    this.#clock = clock;
    supervisor.onChange((digits) => {
      for (const check of this.#waiting.get(digits) ?? []) check();
    });
  }

  view(digits: string): NumberView {
    const child = this.#supervisor.child(digits);
    if (!child) return { digits, ...UNKNOWN };
    if (!child.actor) {
      const why = child.revival.quarantine ?? 'restarting after a crash';
      const paired = this.#supervisor.isPaired(digits);
      return { digits, ...UNKNOWN, known: true, paired, why, quarantined: child.revival.quarantine !== undefined };
    }
    const view = viewOf(child.actor.getSnapshot());
    const ready = view.ready && (child.sockets.current?.isOpen() ?? false);
    return { ...view, digits, known: true, ready, quarantined: false };
  }

  *all(): Iterable<NumberView> {
    for (const digits of this.#supervisor.numbers()) yield this.view(digits);
  }

  /** Resolves true as soon as `until` holds, false at the deadline (epoch ms). */
  until(digits: string, until: (view: NumberView) => boolean, deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const checks = this.#waiting.get(digits) ?? new Set();
      this.#waiting.set(digits, checks);
      const finish = (answer: boolean) => {
        this.#clock.clearTimeout(timer);
        checks.delete(check);
        if (checks.size === 0 && this.#waiting.get(digits) === checks) this.#waiting.delete(digits);
        resolve(answer);
      };
      const check = () => {
        if (until(this.view(digits))) finish(true);
      };
      const left = Math.max(0, deadline - this.#clock.now());
      const timer = this.#clock.setTimeout(() => finish(until(this.view(digits))), left);
      checks.add(check);
      check();
    });
  }
}
