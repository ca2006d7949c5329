/**
 * Orders on their way to a thread of calls, and its answers.
 *
 *  OR1  An order that is not answered after 15 s says that the thread is broken.
 *  OR2  Every order is answered: by the thread, or with `false` when that is gone.
 */
import type { Clock, Timer } from '../../../clock.ts';
import type { FromThread, Order, ToThread } from './messages.types.ts';

export type OrdersOptions = {
  readonly post: (word: ToThread) => void;
  /** OR1 */
  readonly stuck: (order: Order) => void;
  readonly clock: Clock;
};

type Pending = { readonly order: Order; readonly answer: (known: boolean) => void; readonly timer: Timer };

const TAKEN_MS = 15_000;

export class Orders {
  readonly #o: OrdersOptions;
  readonly #pending = new Map<number, Pending>();
  #number = 0;

  constructor(options: OrdersOptions) {
    this.#o = options;
  }

  give(order: Order): Promise<boolean> {
    const { clock, post, stuck } = this.#o;
    this.#number += 1;
    const number = this.#number;
    const timer = clock.setTimeout(() => stuck(order), TAKEN_MS);
    return new Promise((answer) => {
      this.#pending.set(number, { order, answer, timer });
      post({ kind: 'order', number, order });
    });
  }

  /** Which order could not be carried out, if this one was. */
  taken({ number, outcome }: Extract<FromThread, { kind: 'taken' }>): Order | undefined {
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    if (!pending) return undefined;
    this.#o.clock.clearTimeout(pending.timer);
    pending.answer(outcome === 'done');
    return outcome === 'failed' ? pending.order : undefined;
  }

  /** OR2. What the thread has not taken. */
  drop(): Order[] {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const { answer, timer } of all) {
      this.#o.clock.clearTimeout(timer);
      answer(false);
    }
    return all.map(({ order }) => order);
  }
}
