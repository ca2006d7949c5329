/**
 * What a flow fetches from elsewhere: one guarded request (contract flows §3.1).
 *
 *  FE1  The address is checked once and that very address connected to; no redirect is followed (net/guarded-request.ts,
 *       F-31).
 *  FE2  15 s, 5 MB each way. Anything but a 2xx is a refusal: for a flow it is no result.
 */
import type { CallAnswer } from '../../app-client/flow-calls.types.ts';
import type { Clock } from '../../clock.ts';
import type { Egress } from '../../net/egress.ts';
import { guardedRequest } from '../../net/guarded-request.ts';
import type { GuardedFetch } from './node.ts';

const TIMEOUT_MS = 15_000;
const LARGEST_BYTES = 5 * 1_048_576;

/** `egress`: with the rules for webhooks. */
export function guardedFetch({ egress, clock }: { readonly egress: Egress; readonly clock: Clock }): GuardedFetch {
  return async ({ method, url, headers, body }) => {
    if (body !== undefined && Buffer.byteLength(body) > LARGEST_BYTES) return refused(0, 'the request is too large');
    const answer = await guardedRequest(url, {
      ...{ egress, clock, method, headers: Object.fromEntries(headers) },
      ...(body !== undefined && { body }),
      ...{ timeoutMs: TIMEOUT_MS, largest: LARGEST_BYTES },
    });
    if (answer.kind === 'no answer') return answer;
    const { status, text } = answer;
    return status >= 200 && status < 300 ? { kind: 'ok', value: { status, text } } : refused(status, `HTTP ${status}`);
  };
}

const refused = (status: number, error: string): CallAnswer<never> => ({ kind: 'refused', status, error });
