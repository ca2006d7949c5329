/**
 * One id for each request, so that a caller's complaint and a line of the log find each other.
 *
 *  RI1  A caller's own `X-Request-Id` is used when it is a plain id; anything else, which could be a phone number or a
 *       forged line of a log, is replaced.
 *  RI2  It is in every answer as `X-Request-Id`, in every line that this room logs about the request, and in 500 bodies.
 */
import { newCorrelationId } from '../ids.ts';
import type { Middleware } from './env.ts';

/** At least one letter: a phone number is no id. */
const PLAIN_ID = /^(?=.*[A-Za-z])[\w-]{1,100}$/;

export const requestId: Middleware = async function requestId(c, next) {
  const given = c.req.header('x-request-id') ?? '';
  const id = PLAIN_ID.test(given) ? given : newCorrelationId();
  c.set('requestId', id);
  c.header('X-Request-Id', id);
  return next();
};
