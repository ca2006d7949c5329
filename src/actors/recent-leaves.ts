/**
 * Groups that were left a moment ago: WhatsApp may still list them (contract clients §11). Kept in memory, 30 s each.
 */
import type { Clock } from '../clock.ts';

const HIDDEN_MS = 30_000;

export class RecentLeaves {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `workspace`: who asked to leave; only that workspace no longer sees the group. */
  left(digits: string, workspace: string | undefined, jid: string): void {
    const now = this.#clock.now();
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
    this.#until.set(keyOf(digits, workspace, jid), now + HIDDEN_MS);
  }

  has(digits: string, workspace: string | undefined, jid: string): boolean {
    return (this.#until.get(keyOf(digits, workspace, jid)) ?? 0) > this.#clock.now();
  }
}

const keyOf = (digits: string, workspace: string | undefined, jid: string): string =>
  `${digits} ${workspace ?? ''} ${jid}`;
