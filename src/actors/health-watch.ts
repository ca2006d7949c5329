/**
 * Once a minute: is the socket of every number that counts as connected really open? Contract README §9.
 *
 *  HW1  A socket that is down and did not say so is restarted, as one that is deaf. What is being brought back (waiting,
 *       connecting, settling) is left alone: those states end by themselves.
 *
 * Deliberately not here: sessions that are open and hear nothing (machines/deafness.ts), and what a restart is (the machine).
 */
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import { maskPhone } from '../phone.ts';
import type { Supervisor } from './supervisor.ts';

const EVERY_MS = 60_000;

export type HealthWatchOptions = {
  readonly supervisor: Pick<Supervisor, 'numbers' | 'child'>;
  readonly clock: Clock;
  readonly log: Log;
};

export class HealthWatch {
  readonly #o: HealthWatchOptions;
  #timer: Timer | undefined;

  constructor(options: HealthWatchOptions) {
    this.#o = options;
  }

  start(): void {
    this.#timer = this.#o.clock.setTimeout(() => {
      this.start();
      this.#look();
    }, EVERY_MS);
  }

  stop(): void {
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
  }

  /** HW1. */
  #look(): void {
    const { supervisor, log } = this.#o;
    for (const digits of supervisor.numbers()) {
      const { actor, sockets } = supervisor.child(digits) ?? {};
      if (!actor?.getSnapshot().hasTag('live') || sockets?.current?.isOpen()) continue;
      log.error({ number: maskPhone(digits) }, 'a socket is down and did not say so');
      actor.send({ type: 'health lost', why: 'the socket is down and did not say so' });
    }
  }
}
