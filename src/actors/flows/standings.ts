/**
 * What is known of all sessions without reading them: how each stands, for a count that is asked for often, and which wait
 * for their number. In memory; it follows the index on disk (rows.ts RW1).
 */
import { type Brief, type State, stateOf } from './rows.ts';
import type { SessionRow } from './session.types.ts';

export class Standings {
  readonly #states = new Map<string, State>();
  /** Keys of those that wait for their number, by device. */
  readonly #forNumber = new Map<string, Set<string>>();

  /** On disk, when the process starts. */
  found({ key, state, forNumber }: Brief): void {
    this.#states.set(key, state);
    if (state === 'paused' && forNumber) this.waitForNumber(key);
  }

  saved(row: SessionRow): void {
    if (row.formerKey !== undefined) this.#states.delete(row.formerKey);
    this.#states.set(row.key, stateOf(row));
  }

  gone(key: string): void {
    this.#states.delete(key);
  }

  counts(): { readonly active: number; readonly waiting: number } {
    let [active, waiting] = [0, 0];
    for (const state of this.#states.values()) {
      if (state === 'running' || state === 'paused' || state === 'waiting') active += 1;
      if (state === 'waiting') waiting += 1;
    }
    return { active, waiting };
  }

  waitForNumber(key: string): void {
    const device = key.slice(0, key.indexOf('_'));
    const keys = this.#forNumber.get(device) ?? new Set();
    this.#forNumber.set(device, keys.add(key));
  }

  /** Who waited for it; they do no more. */
  ready(device: string): ReadonlySet<string> {
    const keys = this.#forNumber.get(device) ?? new Set();
    this.#forNumber.delete(device);
    return keys;
  }
}
