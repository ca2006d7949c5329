/**
 * What is done about what a number tells: the app and the history hear of it, and a login that is gone is put away.
 *
 *  S4  A login is moved away only on the machine's `login gone` / `wrong account` or on unlink, after its handle is closed
 *      and its unsent callbacks are safe in `data/`.
 *
 * Deliberately not here: when a number tells something (machines/number.ts).
 */
import type { Fact } from '../app-client/callbacks.types.ts';
import type { Outbox } from '../app-client/outbox.types.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NumberEmitted } from '../machines/number.types.ts';
import { maskPhone } from '../phone.ts';
import type { DeviceStores } from '../store/store.ts';
import type { History } from './history.ts';
import type { NumberRecords } from './number-record.ts';
import { CLOSE_DEADLINE_MS, type NumberSockets } from './number-sockets.ts';

export type NumberFactsOptions = {
  readonly stores: DeviceStores;
  readonly records: NumberRecords;
  readonly history: Pick<History, 'note'>;
  readonly outbox: Pick<Outbox, 'detach'>;
  readonly tell: (fact: Fact) => void;
  readonly clock: Clock;
  readonly log: Log;
};

/** Who tells, and what it holds. */
type TellingNumber = { readonly digits: string; readonly sockets: NumberSockets };

export class NumberFacts {
  readonly #o: NumberFactsOptions;

  constructor(options: NumberFactsOptions) {
    this.#o = options;
  }

  heard(number: TellingNumber, fact: NumberEmitted): void {
    const { digits } = number;
    switch (fact.type) {
      case 'status':
        this.#o.tell({
          kind: 'status',
          device: digits,
          status: fact.status,
          progress: fact.progress,
          ...(fact.qr !== undefined && { qr: fact.qr }),
          at: this.#o.clock.now(),
        });
        return;
      case 'stopped changed':
        this.#o.records.change(digits, { stopped: fact.stopped });
        return;
      case 'login gone':
        this.removeLogin(number);
        return;
      case 'wrong account':
        if (fact.fresh) this.#rejectAccount(number);
        return;
      case 'transition':
        this.#o.history.note(digits, fact);
        this.#o.log.info({ number: maskPhone(digits), from: fact.from, to: fact.to, reason: fact.why }, 'number');
        return;
      case 'ended':
        this.#o.history.note(digits, fact);
        return;
      case 'warning':
        this.#o.log.warn({ number: maskPhone(digits), reason: fact.text }, 'number');
        return;
      default:
        fact satisfies never;
    }
  }

  /**
   * A pairing that linked somebody else's account: that device is logged out, then forgotten (clients §6.1). The machine
   * stops the attempt right after saying so, hence `closeAfter`.
   */
  #rejectAccount(number: TellingNumber): void {
    number.sockets.closeAfter((handle) => handle.logout(this.#o.clock.now() + CLOSE_DEADLINE_MS));
    this.removeLogin(number);
  }

  /** S4: sockets closed, callbacks safe, then the folder moves aside. */
  removeLogin({ digits, sockets }: TellingNumber): void {
    const { stores, outbox, records } = this.#o;
    sockets.closeAll();
    sockets.queue(async () => {
      if (!stores.exists(digits)) return;
      await outbox.detach(digits);
      await stores.remove(digits);
      records.forget(digits);
    }, 'moving a login aside');
  }
}
