/**
 * A registration's fields → what the job will be (contract schedules §1-§4, §5, §11, §12, bulk §1.1, §4.1). Pure.
 *
 *  DR1  What cannot be read is refused whole, and nothing of it is stored (S-51).
 *  DR2  Due or past means now, whatever the way in (S-56): of a series the latest date that has passed, and none before it.
 *  DR3  The key decides what a repeat is: the app's id; for reminders also the instant and the content; without an id the
 *       same fields within a minute.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Fields, flagOf, mapOf, numberOf, textOf } from '../content/loose.ts';
import { newMessageId } from '../ids.ts';
import { splitOf } from './content/ab-split.ts';
import { recipientsOf } from './content/recipients.ts';
import { anchorOf, type JobRow } from './jobs.types.ts';
import { opensAt } from './opening.ts';
import { warmUpOf } from './pacing.ts';
import { contentDigest, digestOf } from './payload.ts';
import type { Entry, JobKind, Registered } from './protocol.ts';
import { quietHoursOf } from './quiet-hours.ts';
import { zoneOf } from './recipient-zone.ts';
import { latestOccurrence, occurrenceAfter, type Rule, ruleOf } from './recurrence.ts';
import { isZone, readTime, type Wall, wallOf } from './wall-clock.ts';

export type Draft = { readonly kind: 'draft'; readonly row: JobRow; readonly now: boolean };
export type DraftRead = Draft | Exclude<Registered, { kind: 'registered' }>;

const unreadable = (why: string) => ({ kind: 'unreadable', why }) as const;
const CAMPAIGN_TYPES = new Set(['custom', 'template', 'flow']);

export function draftOf(entry: Entry, now: number): DraftRead {
  const { kind, sender, workspace, body } = entry;
  const zone = textOf(body['timezone']).trim() || 'UTC';
  if (!isZone(zone)) return unreadable('unknown timezone');
  const quiet = quietHoursOf(body['quietHours']);
  if (quiet === 'unreadable') return unreadable('quietHours: {from: "HH:mm", to: "HH:mm"} expected');
  const campaignType = textOf(body['campaignType']).trim().toLowerCase();
  if (kind === 'campaign' && !CAMPAIGN_TYPES.has(campaignType)) return unreadable('Invalid campaignType');
  const flow = kind === 'campaign' && campaignType === 'flow' ? textOf(body['flowId']).trim() : undefined;
  if (flow === '') return unreadable('flowId expected');
  const time = timeOf(entry, zone, now);
  if (time.kind === 'unreadable') return time;
  const recipients = recipientsOf(kind, body);
  if (recipients.length === 0 && (kind === 'broadcast' || kind === 'campaign')) return { kind: 'no contacts' };

  const { at, rule, anchor } = time;
  const digest = contentDigest(body);
  const appId = appIdOf(kind, body);
  const key = keyOf(entry, appId);
  const isReminder = kind === 'bulk' && appId !== undefined && appId < 0;
  const id = `${kind}_${randomBytes(12).toString('base64url')}`;
  // What is to be sent now waits for nobody's clock.
  const isTimed = !entry.immediate || rule !== undefined;
  const zones =
    isTimed && flagOf(body['recipientTimezones'], false)
      ? [...new Set(recipients.map((each) => zoneOf(each.to ?? '', each.zone, zone)))]
      : undefined;
  const gap = gapOf(body);
  const provider = textOf(body['provider']).trim().toLowerCase();
  const owner = workspace ?? (textOf(body['workspaceId']).trim() || undefined);
  const byDevice = kind === 'single' && provider !== 'waba' && provider !== 'twilio';
  const row: JobRow = {
    id,
    kind,
    ...(appId !== undefined && { appId }),
    sender,
    ...(owner !== undefined && { workspace: owner }),
    provider,
    state: 'active',
    ledger: isReminder ? `${key}-${at}-${digest}` : appId === undefined ? id : key,
    key,
    zone,
    at,
    ...(rule && { rule }),
    ...(anchor && { anchor }),
    ...(zones && { zones }),
    ...(quiet && { quiet }),
    ...(gap && { gap }),
    occurrence:
      (rule && at <= now && latestOccurrence(rule, anchorOf({ at, zone, ...(anchor && { anchor }) }), zone, now)) || at,
    next: Math.max(opensAt({ zone, ...(zones && { zones }) }, at), now),
    dispatch: 0,
    digest,
    ...(flow !== undefined && { flow }),
    recipients: recipients.length,
    ...(byDevice && { messageId: newMessageId() }),
    createdAt: now,
    changedAt: now,
    runs: 0,
  };
  return { kind: 'draft', row, now: at <= now };
}

/** How many contacts of an A/B campaign get which template. */
export function splitCounts(body: Fields, recipients: number): { A: number; B: number } | undefined {
  const variantOf = splitOf(body, recipients);
  const counts = { A: 0, B: 0 };
  for (let index = 0; index < recipients; index++) {
    const variant = variantOf(index);
    if (variant === undefined) return undefined;
    counts[variant] += 1;
  }
  return recipients > 0 ? counts : undefined;
}

type Time = { readonly kind: 'time'; readonly at: number; readonly rule?: Rule; readonly anchor?: Wall };

function timeOf({ kind, immediate, body }: Entry, zone: string, now: number): Time | ReturnType<typeof unreadable> {
  if (kind === 'campaign' && immediate && flagOf(body['isRecurring'], false)) return daily(body, zone, now);
  if (immediate) return { kind: 'time', at: now };
  const read = readTime(body['scheduleDateTime'], zone, now);
  if (read.kind === 'unreadable') return unreadable(read.why);
  if (kind !== 'recurring') return { kind: 'time', at: read.at };
  const rule = ruleOf(body);
  if (rule.kind === 'unreadable') return unreadable(rule.why);
  const isShifted = !isDeepStrictEqual(read.wall, wallOf(read.at, zone));
  return { kind: 'time', at: read.at, rule: rule.rule, ...(isShifted && { anchor: read.wall }) };
}

/** A recurring campaign runs each day at `recurringTime` (bulk §4.1). */
function daily(body: Fields, zone: string, now: number): Time | ReturnType<typeof unreadable> {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(textOf(body['recurringTime']).trim());
  if (!match) return unreadable('Invalid recurringTime');
  const rule: Rule = { every: 'daily', repeatEvery: 1, days: [] };
  const yesterday = wallOf(now - 36 * 3_600_000, zone);
  const anchor: Wall = { ...yesterday, hour: Number(match[1]), minute: Number(match[2]), second: 0 };
  return { kind: 'time', at: occurrenceAfter(rule, anchor, zone, now - 1) ?? now, rule };
}

const ID_FIELD = { single: 'scheduleId', bulk: 'scheduleId', recurring: 'scheduleId' } as const;
const ID_FIELDS = { ...ID_FIELD, broadcast: 'broadcastId', campaign: 'campaignId' } as const;

function appIdOf(kind: JobKind, body: Fields): number | undefined {
  const id = numberOf(body[ID_FIELDS[kind]]);
  return Number.isSafeInteger(id) && id !== 0 ? id : undefined;
}

/** What a job of this kind with this id is registered under. */
export function keyOfApp(kind: JobKind, appId: number): string {
  return kind === 'broadcast' || kind === 'campaign' ? `${kind}-${appId}` : `schedule-${appId}`;
}

/** DR3 */
function keyOf({ kind, sender, body }: Entry, appId: number | undefined): string {
  return appId === undefined ? `same-${kind}-${sender}-${digestOf(body)}` : keyOfApp(kind, appId);
}

function gapOf(body: Fields): JobRow['gap'] {
  const fields = mapOf(body['warmerGap']);
  return fields && warmUpOf(numberOf(fields['min']), numberOf(fields['max']));
}
