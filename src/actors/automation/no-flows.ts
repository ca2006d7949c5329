/** A bridge without a flow runtime: it says so in the log each time a flow is asked for, and starts nothing. */
import { type Log, numberLog } from '../../log.ts';
import type { Flows } from './flows.ts';

export function noFlows(log: Log): Flows {
  let count = 0;
  return {
    waiting: () => false,
    offer: () => Promise.resolve('not consumed'),
    start: ({ device, messageId }) => {
      count += 1;
      numberLog(log, device).warn({ messageId, count }, 'flow not available: this bridge runs no flows');
      return Promise.resolve('refused');
    },
    end: () => Promise.resolve(),
  };
}
