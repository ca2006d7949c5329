/**
 * Twilio's error codes → what a failure means (facts/twilio.md §6), and its text for the app.
 *
 *  TE1  The code decides, never the HTTP status.
 */
import { z } from 'zod';
import { errorCode, type FailureClass, type ProviderResult } from '../provider.ts';

type Failed = Exclude<ProviderResult, { kind: 'sent' }>;
type Row = readonly [meaning: FailureClass, retryAfterMs?: number];

const all = (meaning: Row, ...codes: readonly number[]) => codes.map((code) => [code, meaning] as const);

const TABLE = new Map<number, Row>([
  ...all(['slow number', 2_000], 20429, 63018),
  ...all(['slow account', 2_000], 63017),
  ...all(['transient', 2_000], 63012),
  // Twilio's own queue is full: it holds 4 to 10 hours of messages.
  ...all(['slow number', 600_000], 30001, 21611),
  ...all(['day used up'], 63038),
  ...all(['not now', 86_400_000], 63049, 63032),
  ...all(['needs template'], 63016),
  ...all(['opted out'], 21610),
  ...all(['never'], 63024, 63003, 21211, 63033),
  ...all(['request wrong'], 21617, 21620, 63019, 63021, 63030),
  ...all(['template wrong'], 21655, 21656, 63027, 63028),
  ...all(['pause number'], 63007, 63013, 63015, 63051),
  ...all(['credentials'], 20003),
]);

const envelope = z.object({ code: errorCode, message: z.string().catch('refused by Twilio') });

/** No vendor's word holds a number up for longer than this. */
const LONGEST_MS = 3_600_000;

/** A refusal of Twilio's; `status` only where there is no code, `askedMs` as its `Retry-After` says. */
export function failureOf(status: number, body: unknown, askedMs: number): Failed {
  const result = refusal(status, body);
  if (result.kind !== 'failed' || result.retryAfterMs === undefined) return result;
  return { ...result, retryAfterMs: Math.max(result.retryAfterMs, Math.min(askedMs, LONGEST_MS)) };
}

function refusal(status: number, body: unknown): Failed {
  const { data } = envelope.safeParse(body);
  if (!data) return withoutCode(status);
  const { code, message } = data;
  const row = TABLE.get(code);
  const [meaning, retryAfterMs]: Row = row ?? (status >= 500 ? ['transient', 2_000] : ['unknown code']);
  return {
    kind: 'failed',
    error: `${code}: ${message}`,
    class: meaning,
    code,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function withoutCode(status: number): Failed {
  // A gateway that gave up waiting cannot tell what became of the request.
  if (status === 504) return { kind: 'unknown', error: 'Twilio did not answer in time (HTTP 504); outcome unknown' };
  const error = `Twilio answered HTTP ${status}`;
  if (status === 401) return { kind: 'failed', error, class: 'credentials' };
  if (status === 429) return { kind: 'failed', error, class: 'slow number', retryAfterMs: 2_000 };
  if (status >= 500) return { kind: 'failed', error, class: 'transient', retryAfterMs: 2_000 };
  return { kind: 'failed', error, class: 'request wrong' };
}
