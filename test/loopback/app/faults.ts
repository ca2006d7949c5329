/** The ways in which the app can misbehave, for all paths or one. Pure state; `app-peer.ts` acts on it. */

import type { Reply } from './answers.ts';
import { apiPath } from './requests.ts';

/**
 * - `ok`    as the contract says; without a path it also ends every path's mode
 * - `down`  nobody listens (ECONNREFUSED); for one path only, the connection is destroyed before anything is processed
 * - `500` `422`  refused, nothing processed
 * - `slow`  processed and answered after `ms`
 * - `cut`   processed, then the connection is destroyed instead of an answer: the caller cannot know
 */
export const MODES = ['ok', 'down', '500', '422', 'slow', 'cut'] as const;
export type Mode = (typeof MODES)[number];
export type ModeCommand = { readonly path?: string | undefined; readonly mode: Mode; readonly ms?: number | undefined };
export type ActiveMode = { readonly mode: Mode; readonly ms: number };

const OK: ActiveMode = { mode: 'ok', ms: 0 };
const SLOW_MS = 1000;

export class Faults {
  #everywhere: ActiveMode = OK;
  readonly #paths = new Map<string, ActiveMode>();
  readonly #next = new Map<string, Reply[]>();

  set({ path, mode, ms = SLOW_MS }: ModeCommand): void {
    if (path !== undefined) {
      this.#paths.set(apiPath(path), { mode, ms });
      return;
    }
    this.#everywhere = { mode, ms };
    if (mode === 'ok') this.#paths.clear();
  }

  /** The mode of a path: its own, else the general one. */
  at(path: string): ActiveMode {
    return this.#paths.get(path) ?? this.#everywhere;
  }

  get down(): boolean {
    return this.#everywhere.mode === 'down';
  }

  /** The next valid request of this path gets this answer, once; several wait in line. */
  nextAnswer(path: string, reply: Reply): void {
    const waiting = this.#next.get(apiPath(path)) ?? [];
    waiting.push(reply);
    this.#next.set(apiPath(path), waiting);
  }

  takeAnswer(path: string): Reply | undefined {
    return this.#next.get(path)?.shift();
  }
}
