/**
 * Meta's error codes → what a failure means (facts/cloud-api.md §6.1), and its text for the app (contract messages §9.2).
 *
 *  CE1  The code decides, never the HTTP status: throttling comes as 400, permanent failures as 500.
 */
import { z } from 'zod';
import { errorCode, type FailureClass, type ProviderResult } from '../provider.ts';

type Failed = Exclude<ProviderResult, { kind: 'sent' }>;
type Row = readonly [meaning: FailureClass, retryAfterMs?: number];

const all = (meaning: Row, ...codes: readonly number[]) => codes.map((code) => [code, meaning] as const);

const TABLE = new Map<number, Row>([
  ...all(['slow number', 2_000], 130429),
  ...all(['slow account', 60_000], 4, 80007),
  ...all(['slow recipient', 1_000], 131056),
  ...all(['transient', 1_000], 1, 2, 131000, 131016, 133004),
  ...all(['transient', 60_000], 131057, 2494100),
  ...all(['not now', 86_400_000], 131049),
  ...all(['never'], 131026, 130472, 131021, 130403),
  ...all(['opted out'], 131050),
  ...all(['needs template'], 131047),
  ...all(['request wrong'], 33, 100, 131008, 131009, 131051, 131052, 131053, 134011, 135000),
  ...all(['template wrong'], 132000, 132001, 132005, 132007, 132012, 132018),
  ...all(['pause campaign'], 132015, 132016, 132068, 132069, 131048, 131063, 131064),
  ...all(['pause number'], 131042, 368, 131031, 131037, 131045, 133010),
  // Stops only recipients of that country.
  ...all(['never'], 130497),
  ...all(['credentials'], 0, 3, 10, 190, 131005),
]);

function rowOf(code: number): Row {
  if (code >= 200 && code <= 299) return ['credentials'];
  // Whatever is wrong with a template fails for every recipient.
  if (code >= 132000 && code <= 132999) return TABLE.get(code) ?? ['template wrong'];
  return TABLE.get(code) ?? ['unknown code'];
}

const text = z.string().catch('');
const envelope = z.object({
  error: z.object({
    message: text,
    code: errorCode,
    error_subcode: z.coerce.number().int().optional().catch(undefined),
    error_user_title: text,
    error_user_msg: text,
    error_data: z.object({ details: text }).catch({ details: '' }),
    fbtrace_id: text,
  }),
});

/** No vendor's word holds a number up for longer than this. */
const LONGEST_MS = 3_600_000;

/** A refusal of Meta's; `status` only where there is no code, `askedMs` as its `Retry-After` says. */
export function failureOf(status: number, body: unknown, askedMs: number): Failed {
  const result = refusal(status, body);
  if (result.kind !== 'failed' || result.retryAfterMs === undefined) return result;
  return { ...result, retryAfterMs: Math.max(result.retryAfterMs, Math.min(askedMs, LONGEST_MS)) };
}

function refusal(status: number, body: unknown): Failed {
  const parsed = envelope.safeParse(body);
  if (!parsed.success) return withoutCode(status);
  const { code, error_subcode, message, error_user_title, error_user_msg, error_data, fbtrace_id } = parsed.data.error;
  const forUsers = [error_user_title, error_user_msg].filter((part) => part !== '').join(': ');
  const words = forUsers || error_data.details || message || 'refused by Meta';
  const subcode = error_subcode === undefined ? '' : `/${error_subcode}`;
  const trace = fbtrace_id === '' ? '' : `, trace ${fbtrace_id}`;
  const [meaning, retryAfterMs] = rowOf(code);
  return {
    kind: 'failed',
    error: `${code}: ${words} (code ${code}${subcode}${trace})`,
    class: meaning,
    code,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function withoutCode(status: number): Failed {
  // A gateway that gave up waiting cannot tell what became of the request.
  if (status === 504) return { kind: 'unknown', error: 'Meta did not answer in time (HTTP 504); outcome unknown' };
  const error = `WhatsApp Cloud API answered HTTP ${status}`;
  if (status === 401) return { kind: 'failed', error, class: 'credentials' };
  if (status === 429) return { kind: 'failed', error, class: 'slow number', retryAfterMs: 2_000 };
  if (status >= 500) return { kind: 'failed', error, class: 'transient', retryAfterMs: 1_000 };
  return { kind: 'failed', error, class: 'request wrong' };
}
