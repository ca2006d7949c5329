/**
 * What a job does next after a send, by engine: one row for each kind of failure (contract bulk "Error classes that stop a
 * run", settings §6, facts/cloud-api.md §6.1, facts/twilio.md §6). Pure.
 *
 *  BO1  A number that is slow, restricted or without credentials never costs a recipient: who was not accepted stays pending.
 *  BO2  What may have been accepted is `unknown`, and is never tried again.
 *
 * Deliberately not here: sending (bulk-sends.ts), and how often a job tries again.
 */
import type { ProviderResult } from './engines/provider.ts';
import { limitOf } from './limits.ts';
import type { BulkOutcome, SendAnswer } from './protocol.ts';

type Failed = Extract<ProviderResult, { kind: 'failed' }>;
/** Everything but `pending`, whose end is waited for. */
export type Answered = Exclude<SendAnswer, { kind: 'pending' }>;

/** Where a vendor says that it is too much, and not for how long. */
const SLOW_MS = 60_000;
/** WhatsApp's own faults, not the message's. */
const isTheirs = (code: number): boolean => code === 408 || code >= 500;

const DAY_MS = 86_400_000;
const nextDay = (now: number): number => (Math.floor(now / DAY_MS) + 1) * DAY_MS;

/** Contract bulk §2.5; never text instead. */
const missing = (why: string): BulkOutcome => ({
  kind: 'failed',
  error: `attachment-missing: ${why}`,
  attempted: false,
});

/** Of the linked device. `now`: epoch ms. */
export function ofAnswer(answer: Answered, now: number): BulkOutcome {
  switch (answer.kind) {
    case 'sent':
      return { kind: 'sent', id: answer.id };
    case 'unknown':
      return { kind: 'interrupted', error: answer.error };
    case 'not ready':
      return { kind: 'not ready', why: answer.why };
    case 'timed out':
      return { kind: 'transient', error: answer.why };
    case 'failed':
      return ofRefusal(answer, now);
    default:
      return answer satisfies never;
  }
}

function ofRefusal({ why, code, error }: Extract<Answered, { kind: 'failed' }>, now: number): BulkOutcome {
  switch (why) {
    case 'media refused':
      return missing(error);
    case 'unsupported':
      return { kind: 'failed', error, attempted: false };
    case 'not on WhatsApp':
      // WhatsApp was asked, and asking too fast is what it minds.
      return { kind: 'failed', error, attempted: true };
    case 'no time':
      return { kind: 'transient', error };
    case undefined:
      break;
    default:
      return why satisfies never;
  }
  // A fault of the moment: nothing was handed over (promised-sends.ts treats it likewise).
  if (code === undefined || isTheirs(code)) return { kind: 'transient', error };
  const limit = limitOf(code, now);
  if (!limit) return { kind: 'failed', error, attempted: true };
  const said = `${limit.why} (${code})`;
  return code === 463
    ? { kind: 'stop', whom: 'number', until: limit.until, error: said }
    : { kind: 'wait', whom: 'number', until: limit.until, why: said };
}

/** Of Cloud API and Twilio. `now`: epoch ms. */
export function ofProvider(result: ProviderResult, now: number): BulkOutcome {
  switch (result.kind) {
    case 'sent':
      return { kind: 'sent', id: result.id };
    case 'unknown':
      return { kind: 'unknown', error: result.error };
    case 'failed':
      return ofClass(result, now);
    default:
      return result satisfies never;
  }
}

function ofClass(result: Failed, now: number): BulkOutcome {
  const { error, retryAfterMs } = result;
  const after = now + (retryAfterMs ?? SLOW_MS);
  // Where the class names no time, it goes on by request.
  const until = retryAfterMs === undefined ? {} : { until: after };
  switch (result.class) {
    case 'slow number':
    case 'slow account':
      return { kind: 'wait', whom: 'number', until: after, why: error };
    case 'slow recipient':
      return { kind: 'wait', whom: 'recipient', until: after, why: error };
    case 'transient':
      return { kind: 'transient', error, ...until };
    case 'no time':
      // The pace of the number, or of this recipient, had no place before the deadline.
      if (retryAfterMs !== undefined) return { kind: 'wait', whom: result.whom ?? 'number', until: after, why: error };
      return { kind: 'transient', error };
    case 'not now':
    case 'never':
    case 'needs template':
    case 'request wrong':
      return { kind: 'failed', error, attempted: true };
    case 'opted out':
    case 'unknown code':
      return { kind: 'failed', error, attempted: true, because: result.class };
    case 'unsupported':
      return { kind: 'failed', error, attempted: false };
    case 'media refused':
      return missing(error);
    case 'template wrong':
      return { kind: 'wrong', error };
    case 'pause campaign':
      return { kind: 'stop', whom: 'run', error, ...until };
    case 'day used up':
      return { kind: 'stop', whom: 'run', error, until: nextDay(now) };
    case 'pause number':
    case 'credentials':
      return { kind: 'stop', whom: 'number', error, ...until };
    default:
      return result.class satisfies never;
  }
}
