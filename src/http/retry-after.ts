/**
 * `Retry-After` of a 503: how many seconds until a number that is down is tried again by itself.
 *
 *  RA1  Only a time that is known: the next reconnect or restart that the number's history tells of. A number in
 *       quarantine, stopped or not paired waits for somebody, a process that shuts down for its successor: no header.
 */
import type { Operator } from '../actors/protocol.ts';
import type { Clock } from '../clock.ts';
import type { HttpContext } from './env.ts';

/** Sets the header of the answer that is about to be given. */
export type RetryAfter = (c: HttpContext, digits: string) => void;

export const retryAfter =
  (operator: Pick<Operator, 'history'>, clock: Clock): RetryAfter =>
  (c, digits) => {
    const nextAt = operator.history(digits).at(-1)?.nextAt ?? 0;
    const left = nextAt - clock.now();
    if (left > 0) c.header('Retry-After', String(Math.ceil(left / 1_000)));
  };
