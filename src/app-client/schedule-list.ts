/**
 * `GET /api/scheduled/active`: the schedules that the app considers alive. Contract schedules §10.
 *
 *  SL1  Only a well-formed 2xx is a list; everything else is no answer, so that it changes nothing (S-05).
 *  SL2  A row that cannot be read spoils no other one. One without an id makes the list incomplete: which row it stands for
 *       is not known, so no row may count as missing.
 *  SL3  1,000 rows are the app's limit; that many may be a part of more.
 *
 * Deliberately not here: whether time, zone and interval make sense, and what follows from a row (scheduler/sync.ts).
 */
import { z } from 'zod';
import { type Digits, extractDigits } from '../phone.ts';
import type { AppClient } from './client.ts';

export type ActiveRow = {
  readonly kind: 'row';
  /** The app's id, positive. */
  readonly id: number;
  readonly sender: Digits;
  readonly recurring: boolean;
  /** `node_schedule_id`: the bridge's id of it, where the app knows one. */
  readonly bridgeId?: string;
  /** False: the app has no next date that a finished run could move it to. */
  readonly advances: boolean;
  /** The fields of a registration. */
  readonly body: Readonly<Record<string, unknown>>;
};

export type UnreadableRow = { readonly kind: 'unreadable'; readonly id: number; readonly why: string };

export type ScheduleList =
  | {
      readonly kind: 'list';
      readonly rows: readonly (ActiveRow | UnreadableRow)[];
      readonly complete: boolean;
    }
  | { readonly kind: 'no answer'; readonly why: string };

const TIMEOUT_MS = 15_000;
const MOST_ROWS = 1_000;

/** What a registration has of a row, in the list's own names; times and flags of the app's display are left out. */
const FIELDS: ReadonlySet<string> = new Set([
  ...['provider', 'message', 'messageType', 'isTemplate', 'templateData', 'mediaUrl', 'latitude', 'longitude'],
  ...['scheduleDateTime', 'timezone', 'targetPhoneNumbers', 'recipientAttributes'],
  ...['repeatInterval', 'repeatEvery', 'daysOfWeek', 'endDate'],
]);

const fields = z.record(z.string(), z.unknown());
/** PHP turns a list with gaps into a map. */
const answer = z.object({
  ok: z.union([z.literal(true), z.literal(1), z.undefined()]),
  schedules: z.union([z.array(z.unknown()), fields.transform((map) => Object.values(map))]),
});
const identified = z.union([
  z.object({ scheduleId: z.coerce.number().int().positive() }).transform(({ scheduleId }) => scheduleId),
  z.object({ id: z.coerce.number().int().positive() }).transform(({ id }) => id),
]);
const text = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => String(value ?? '').trim());
const row = z.object({
  schedule_type: text,
  node_schedule_id: text,
  from_number: text.transform((value) => extractDigits(value)),
  nextRunAt: z.unknown(),
});

export async function scheduleList(client: Pick<AppClient, 'get'>, signal?: AbortSignal): Promise<ScheduleList> {
  const call = { timeoutMs: TIMEOUT_MS, ...(signal && { signal }) };
  const got = await client.get('/api/scheduled/active', {}, call);
  if (got.kind === 'no answer') return { kind: 'no answer', why: got.detail };
  const read = got.status >= 200 && got.status < 300 ? answer.safeParse(got.body) : undefined;
  if (!read?.success) return { kind: 'no answer', why: `HTTP ${got.status}${read ? ' without a list' : ''}` };
  const { schedules } = read.data;
  const rows = schedules.flatMap((each) => rowOf(each) ?? []);
  return { kind: 'list', rows, complete: schedules.length < MOST_ROWS && rows.length === schedules.length };
}

/** Undefined: nobody knows whose row it is (SL2). */
function rowOf(value: unknown): ActiveRow | UnreadableRow | undefined {
  const { data: id } = identified.safeParse(value);
  if (id === undefined) return undefined;
  const { data } = row.safeParse(value);
  if (!data) return { kind: 'unreadable', id, why: 'the row cannot be read' };
  const { from_number: sender, schedule_type: type, node_schedule_id: bridgeId, nextRunAt } = data;
  if (!sender) return { kind: 'unreadable', id, why: 'from_number is no phone number' };
  const named = Object.entries(value as object).filter(([name, field]) => FIELDS.has(name) && field !== undefined);
  return {
    kind: 'row',
    id,
    sender,
    recurring: type === 'recurring',
    ...(bridgeId !== '' && { bridgeId }),
    advances: nextRunAt !== null && nextRunAt !== '',
    // Without a time it would be due now (§5), which only a registration may mean.
    body: { scheduleDateTime: null, ...Object.fromEntries(named), scheduleId: id },
  };
}
