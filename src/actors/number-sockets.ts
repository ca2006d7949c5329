/**
 * The sockets of one number, held by the supervisor, and the order in which things happen before its next one opens.
 *
 *  NS1  Every handle is closed exactly once, whoever asks first; closing never logs out.
 *  NS2  `settled` covers every close and every step queued with `queue`: who awaits it opens a socket on clean ground.
 *  NS3  Nothing here rejects: a socket that does not close in time, or a step that fails, is reported and left behind.
 *
 * Deliberately not here: when to close (supervisor.ts).
 */
import type { Clock } from '../clock.ts';
import type { Handle } from './engines/engine.ts';

/** A socket that does not close in this time is abandoned: the engine has cut its TCP connection by then. */
export const CLOSE_DEADLINE_MS = 5_000;

export class NumberSockets {
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown, what: string) => void;
  readonly #unclosed = new Set<Handle>();
  #current: Handle | undefined;
  #opened = false;
  #settled: Promise<void> = Promise.resolve();

  constructor(clock: Clock, onFailure: (error: unknown, what: string) => void) {
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  /** The handle of the attempt that the machine is in. */
  get current(): Handle | undefined {
    return this.#current;
  }

  /** The current attempt has logged in. */
  get opened(): boolean {
    return this.#opened;
  }

  get settled(): Promise<void> {
    return this.#settled;
  }

  own(handle: Handle): void {
    this.#unclosed.add(handle);
    this.#current = handle;
  }

  loggedIn(): void {
    this.#opened = true;
  }

  close(handle: Handle): void {
    if (this.#current === handle) this.#forget();
    if (this.#unclosed.delete(handle)) this.#wait(this.#closed(handle));
  }

  closeAll(): void {
    for (const handle of this.#unclosed) this.close(handle);
  }

  /**
   * Takes the current handle away from whoever would close it, and closes it after a last word over it: a logout that must
   * not be cut off.
   */
  closeAfter(lastWord: (handle: Handle) => Promise<unknown>): void {
    const handle = this.#current;
    if (!handle || !this.#unclosed.delete(handle)) return;
    this.#forget();
    const said = lastWord(handle).catch((error: unknown) => this.#onFailure(error, 'the last word over a socket'));
    this.#wait(said.then(() => this.#closed(handle)));
  }

  /** Queues a step behind everything so far; the next socket waits for it. */
  queue(step: () => Promise<void>, what: string): void {
    this.#settled = this.#settled.then(step).catch((error: unknown) => this.#onFailure(error, what));
  }

  #forget(): void {
    this.#current = undefined;
    this.#opened = false;
  }

  #wait(work: Promise<unknown>): void {
    this.#settled = Promise.all([this.#settled, work]).then(() => undefined);
  }

  #closed(handle: Handle): Promise<void> {
    return new Promise((resolve) => {
      const late = () => {
        this.#onFailure(new Error(`not closed within ${CLOSE_DEADLINE_MS} ms`), 'closing a socket');
        resolve();
      };
      const timer = this.#clock.setTimeout(late, CLOSE_DEADLINE_MS);
      handle
        .close()
        .catch((error: unknown) => this.#onFailure(error, 'closing a socket'))
        .finally(() => {
          this.#clock.clearTimeout(timer);
          resolve();
        });
    });
  }
}
