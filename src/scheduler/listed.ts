/**
 * A row of the app's list against the job that is known here (contract schedules §10): what is new in it, and what the job
 * becomes. Pure.
 *
 *  LI1  What counts is what the app told before, not what is stored: the stored payload is richer (S-03), and may have been
 *       changed here. With nothing told before, the registration itself is what was told.
 *  LI2  Content: prebuilt payloads and media stay unless the template itself is another one; then they would say the old.
 *  LI3  Recipients: before anything was sent the list is taken as it is now, unless it is empty. Later a series only gains
 *       new numbers, because whoever was sent is left out of the list (S-04).
 *  LI4  Time: one that has passed meanwhile is overdue, not "now": what becomes of it is the scheduler's (S-02). An edit of
 *       other fields never makes a series run out of turn, nor one of its hour run it again for a time before its last run.
 */
import type { ActiveRow } from '../app-client/schedule-list.ts';
import { type Fields, flagOf, listOf, mapOf, numberOf, textOf } from '../content/loose.ts';
import { recipientsOf } from './content/recipients.ts';
import { type Draft, type DraftRead, draftOf } from './drafts.ts';
import { anchorOf, type JobRow } from './jobs.types.ts';
import { opensAt } from './opening.ts';
import { digestOf } from './payload.ts';
import { latestOccurrence, occurrenceAfter } from './recurrence.ts';

const CONTENT = [
  'provider',
  'message',
  'messageType',
  'isTemplate',
  'templateData',
  'mediaUrl',
  'latitude',
  'longitude',
];
const TIME = ['scheduleDateTime', 'timezone', 'repeatInterval', 'repeatEvery', 'daysOfWeek', 'endDate'];
const WHO = ['targetPhoneNumbers', 'recipientAttributes'];

export type Listed = NonNullable<JobRow['listed']>;

export type Revision =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'revised'; readonly draft: Draft; readonly body: Fields; readonly also: Partial<JobRow> };

/** What the row says, as fingerprints: cheap, because every row is asked each minute. */
export function listedOf(row: ActiveRow, at: number): Listed {
  const { body, recurring, sender, advances } = row;
  return {
    digest: digestOf([sender, recurring, pick(body, [...CONTENT, ...TIME])]),
    who: digestOf(pick(body, WHO)),
    advances,
    at,
  };
}

export const isSame = (a: Listed | undefined, b: Listed): boolean =>
  a !== undefined && a.digest === b.digest && a.who === b.who && a.advances === b.advances;

/** As a registration of its own; LI4. */
export function registrationOf(row: ActiveRow, body: Fields, listed: Listed, now: number): DraftRead {
  const read = draftOf({ kind: row.recurring ? 'recurring' : 'bulk', sender: row.sender, body }, now);
  if (read.kind !== 'draft') return read;
  const { row: job } = read;
  return { ...read, row: { ...job, listed, occurrence: job.at, next: opensAt(job, job.at) } };
}

/** Whether a row that is listed after its job has ended asks for more than that job did. */
export function isReborn(job: JobRow, { row }: Draft, listed: Listed): boolean {
  const isEdited = job.listed?.digest === undefined ? row.at !== job.at : job.listed.digest !== listed.digest;
  if (!isEdited) return false;
  // The app sets a new time first and cancels then (run-now).
  const since = (job.endedAt ?? 0) - (job.outcome === 'cancelled' ? 60_000 : 0);
  return row.rule ? occurrenceAfter(row.rule, anchorOf(row), row.zone, since) !== undefined : row.at > since;
}

/** `hasSent`: somebody was sent under this job's ledger. */
export function revisionOf(
  job: JobRow,
  payload: Fields,
  row: ActiveRow,
  listed: Listed,
  hasSent: boolean,
  now: number,
): Revision {
  const kind = row.recurring ? 'recurring' : 'bulk';
  const told = job.listed;
  const read = draftOf({ kind, sender: row.sender, body: row.body }, now);
  if (read.kind !== 'draft') return { kind: 'unreadable', why: read.kind === 'unreadable' ? read.why : read.kind };
  // LI1: the time of an immediate send, or of one that was due, is the app's own bookkeeping.
  const isFirst = told?.digest === undefined;
  const timeDiffers = !isSameTime(job, read.row) && !(isFirst && read.row.at <= now && !job.rule);
  const isEdited = isFirst ? timeDiffers || !isSameContent(payload, row.body) : told.digest !== listed.digest;
  const people = told?.who === listed.who ? undefined : peopleOf(payload, row, hasSent);
  if (!isEdited && !people) return { kind: 'unchanged' };

  const body = { ...payload, ...(isEdited && edited(payload, row.body)), ...people };
  const { sender } = isEdited ? row : job;
  const own = job.workspace === undefined ? {} : { workspace: job.workspace };
  const draft = draftOf({ kind: isEdited ? kind : job.kind, sender, body, ...own }, now);
  if (draft.kind !== 'draft') return { kind: 'unreadable', why: draft.kind === 'unreadable' ? draft.why : draft.kind };
  const isMoved = isEdited && timeDiffers;
  const times = isMoved ? moved(job, draft.row, now) : kept(job, draft.row, now);
  return { kind: 'revised', draft, body, also: { ...times, listed } };
}

/** LI4 */
function moved(job: JobRow, row: JobRow, now: number): Partial<JobRow> {
  const { at, rule, zone } = row;
  // Other rules for a series that has begun: its next date. Another hour: the next one after what has run.
  const since = at === job.at ? now : job.lastRunAt;
  if (!rule || since === undefined || at > now) return { occurrence: at, next: opensAt(row, at) };
  const anchor = anchorOf(row);
  // What is over is ended by what is over.
  const occurrence = occurrenceAfter(rule, anchor, zone, since) ?? latestOccurrence(rule, anchor, zone, now) ?? at;
  return { occurrence, next: opensAt(row, occurrence) };
}

/** Of a job whose other fields were edited. */
export function kept({ at, zone, rule, occurrence, next }: JobRow, row: JobRow, now: number): Partial<JobRow> {
  const opens = opensAt({ zone, ...(row.zones && { zones: row.zones }) }, occurrence);
  const due = next === undefined ? {} : { next: Math.max(opens, Math.min(next, now)) };
  return { at, zone, ...(rule && { rule }), occurrence, ...due };
}

const isSameTime = (a: JobRow, b: JobRow): boolean =>
  a.at === b.at && a.zone === b.zone && digestOf(a.rule) === digestOf(b.rule);

const isSameContent = (a: Fields, b: Fields): boolean => digestOf(contentOf(a)) === digestOf(contentOf(b));

/** Without what only a registration has, and in one notation: compared are two answers of different origin. */
function contentOf(body: Fields): Fields {
  const { templateData, isTemplate, latitude, longitude, ...rest } = pick(body, CONTENT);
  const place = [numberOf(latitude), numberOf(longitude)].filter((value) => !Number.isNaN(value));
  return { ...rest, template: templateOf(templateData), isTemplate: flagOf(isTemplate, false), place };
}

function templateOf(value: unknown): unknown {
  const { attachment_base64: _, ...template } = mapOf(value) ?? {};
  return template;
}

/** LI2 */
function edited(payload: Fields, body: Fields): Fields {
  const before = payload['templateData'];
  const isSameTemplate = digestOf(templateOf(before)) === digestOf(templateOf(body['templateData']));
  const fields = pick(body, [...CONTENT, ...TIME]);
  return isSameTemplate && before !== undefined ? { ...fields, templateData: before } : fields;
}

/** LI3. Undefined: they stay. */
function peopleOf(payload: Fields, row: ActiveRow, hasSent: boolean): Fields | undefined {
  const listed = listOf(row.body['targetPhoneNumbers']) ?? [];
  if (listed.length === 0 || (hasSent && !row.recurring)) return undefined;
  const before = mapOf(payload['recipientAttributes']) ?? {};
  const now = mapOf(row.body['recipientAttributes']) ?? {};
  if (!hasSent) {
    const each = listed.map(textOf).map((phone) => [phone, { ...mapOf(before[phone]), ...mapOf(now[phone]) }] as const);
    const people = { targetPhoneNumbers: listed, recipientAttributes: Object.fromEntries(each) };
    return digestOf(people) === digestOf(pick(payload, WHO)) ? undefined : people;
  }
  const known = new Set(
    recipientsOf('recurring', payload).flatMap(({ key, also }) => [key, ...also.map((each) => each.key)]),
  );
  const added = recipientsOf('recurring', row.body).filter(({ key }) => !known.has(key));
  if (added.length === 0) return undefined;
  const attributes = added.map(({ listed: phone, fields }) => [phone, fields] as const);
  return {
    targetPhoneNumbers: [...(listOf(payload['targetPhoneNumbers']) ?? []), ...added.map(({ listed: phone }) => phone)],
    recipientAttributes: { ...before, ...Object.fromEntries(attributes) },
  };
}

const pick = (body: Fields, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]] as const])));
