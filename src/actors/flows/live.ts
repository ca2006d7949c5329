/**
 * A session that runs now, and the one way out of it in the middle of a node.
 *
 *  LV1  Who leaves is not waited for: the run ends at once, and the effects of a node that goes on in the background never
 *       resolve. What it had journaled stands, so that a later run of the node goes on from there.
 *  LV2  The first reason to leave stands.
 */
import type { Pause, SessionRow } from './session.types.ts';

export type Left =
  | { readonly kind: 'paused'; readonly pause: Pause }
  /** Somebody ended it, or the process stops. */
  | { readonly kind: 'stopped' }
  /** The disk refused; what is on it stands. */
  | { readonly kind: 'broken'; readonly error: unknown };

export class Live {
  readonly row: SessionRow;
  /** What is being written of it. */
  saving: Promise<unknown> = Promise.resolve();
  readonly #whenLeft: Promise<Left>;
  #resolve: (left: Left) => void = () => undefined;
  #left: Left | undefined;

  constructor(row: SessionRow) {
    this.row = row;
    this.#whenLeft = new Promise((resolve) => (this.#resolve = resolve));
  }

  get left(): Left | undefined {
    return this.#left;
  }

  get hasLeft(): boolean {
    return this.#left !== undefined;
  }

  leave(left: Left): void {
    this.#left ??= left;
    this.#resolve(this.#left);
  }

  /** LV1. What the work comes to, unless the session is left before. */
  async race<T>(work: Promise<T>): Promise<{ readonly kind: 'done'; readonly value: T } | Left> {
    // Nobody hears of what fails after that.
    work.catch(() => undefined);
    const done = work.then((value) => ({ kind: 'done', value }) as const);
    return this.#left ?? Promise.race([this.#whenLeft, done]);
  }
}

export const never = (): Promise<never> => new Promise(() => undefined);
