/**
 * The thread's side of the calls: orders in, and everything that calls tell out (contract voice §2).
 *
 *  SV1  Orders are carried out in the order they came, and each is answered as soon as it is.
 *  SV2  An order that throws is no other call's end.
 *
 * Deliberately not here: what a call needs (main/voice-thread.ts).
 */
import type { Log } from '../../../log.ts';
import type { CallMeter } from '../call.types.ts';
import type { Calls } from '../calls.ts';
import type { FromThread, Order, Outcome, ToThread } from './messages.types.ts';

export type Say = (word: FromThread) => void;

export const meterOf = (say: Say): CallMeter => ({
  setUp: (ms) => say({ kind: 'set up', ms }),
  firstWord: (ms) => say({ kind: 'first word', ms }),
  ended: (outcome, figures) => say({ kind: 'figures', outcome, figures }),
});

export type ServedCalls = Pick<
  Calls,
  'answer' | 'placeOutbound' | 'terminate' | 'link' | 'connect' | 'record' | 'stats'
>;

export type OrderPort = { on(event: 'message', listener: (word: ToThread) => void): unknown };

export type Served = {
  readonly calls: ServedCalls;
  readonly say: Say;
  /** Ends every call, and resolves when all is free. */
  readonly stop: () => Promise<void>;
  readonly log: Log;
};

export function serve(port: OrderPort, { calls, say, stop, log }: Served): void {
  const outcomeOf = (order: Order): Outcome => {
    try {
      return done(calls, order) ? 'done' : 'unknown';
    } catch (error) {
      log.error({ err: error, kind: order.kind }, 'an order to the calls failed');
      return 'failed';
    }
  };
  port.on('message', (word: ToThread) => {
    switch (word.kind) {
      case 'order':
        return say({ kind: 'taken', number: word.number, outcome: outcomeOf(word.order), stats: calls.stats() });
      case 'stop':
        return void stop().then(() => say({ kind: 'stopped' }));
      default:
        return word satisfies never;
    }
  });
}

function done(calls: ServedCalls, order: Order): boolean {
  switch (order.kind) {
    case 'answer':
      calls.answer(order.call);
      return true;
    case 'place':
      calls.placeOutbound(order.call);
      return true;
    case 'terminate':
      calls.terminate(order.metaCallId);
      return true;
    case 'link':
      return calls.link(order.call, order.metaCallId);
    case 'connect':
      return calls.connect(order.metaCallId, order.sdp);
    case 'record':
      return calls.record(order.metaCallId);
    default:
      return order satisfies never;
  }
}
