/**
 * A registration's fields as they are kept: fingerprint, media taken out, a subset of recipients joined to the whole.
 *
 *  PL1  Fields that nobody here knows are kept.
 */
import { createHash } from 'node:crypto';
import { type Fields, isObject, listOf, mapOf, textOf } from '../content/loose.ts';

const MEDIA = new Set(['attachment_base64', 'file_base64']);
/** Who and when, not what: it may change without changing the message. */
const NOT_CONTENT = new Set([
  ...['scheduleId', 'broadcastId', 'campaignId', 'scheduleDateTime', 'timezone', 'targetPhoneNumbers'],
  ...['targetContacts', 'recipientAttributes', 'targetQueues', 'targetGroups', 'targetNumbers', 'tracked_bodies'],
  ...['workspaceId', 'workspace_id', 'warmerGap', 'node_token', 'repeatInterval', 'repeatEvery', 'daysOfWeek'],
  ...['endDate', 'recipientTimezones', 'quietHours', 'dryRun', 'appointmentId', 'campaignName', 'earlierContacts'],
]);

/** Prebuilt payloads are made anew for each registration, and never come with the app's list. */
const PER_RECIPIENT = new Set(['meta_payloads', 'meta_payloads_by_phone']);

/** The payload with every base64 medium replaced by its length (S-30, S-31). */
export const withoutMedia = (body: Fields): Fields => lightened(body) as Fields;

function lightened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lightened);
  if (!isObject(value)) return isDataUri(value) ? `${value.length} characters` : value;
  const entries = Object.entries(value).map(([name, field]) => {
    const isMedium = MEDIA.has(name) && typeof field === 'string' && field.length > 0;
    return [name, isMedium ? `${field.length} characters` : lightened(field)] as const;
  });
  return Object.fromEntries(entries);
}

const isDataUri = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 200 && /^data:[^,]{0,200};base64,/i.test(value.slice(0, 250));

/** The same for the same message: field order, empty values and numbers as text make no difference. */
export function contentDigest(body: Fields): string {
  const content = Object.entries(body).filter(([name]) => !NOT_CONTENT.has(name));
  return digestOf(Object.fromEntries(content));
}

/** Of any plain value, with the same tolerance. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(value)) ?? '')
    .digest('base64url')
    .slice(0, 22);
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(canonical);
  if (isObject(value)) {
    const names = Object.keys(value).filter((name) => !PER_RECIPIENT.has(name));
    const entries = names.sort().flatMap((name) => {
      const field = canonical(value[name]);
      return field === null ? [] : [[name, field] as const];
    });
    return entries.length === 0 ? null : Object.fromEntries(entries);
  }
  if (value === undefined || value === null || value === '' || value === false) return null;
  return value === true ? '1' : textOf(value);
}

/**
 * A re-dispatch often lists only some contacts (contract bulk §1.3): its content counts for what is left of all. Who is not
 * listed again goes on under `earlierContacts`, with what placeholders and prebuilt payloads know of them.
 */
export function joined(older: Fields, newer: Fields): Fields {
  const listed = new Set(contactsIn(newer).map(contactKey));
  const earlier = [...contactsIn(older), ...(listOf(older['earlierContacts']) ?? [])];
  const template = mapOf(newer['templateData']);
  const payloads = {
    ...mapOf(mapOf(older['templateData'])?.['meta_payloads']),
    ...mapOf(template?.['meta_payloads']),
  };
  const tracked = { ...mapOf(older['tracked_bodies']), ...mapOf(newer['tracked_bodies']) };
  return {
    ...newer,
    earlierContacts: earlier.filter((contact) => !listed.has(contactKey(contact))),
    ...(Object.keys(tracked).length > 0 && { tracked_bodies: tracked }),
    ...(template && Object.keys(payloads).length > 0 && { templateData: { ...template, meta_payloads: payloads } }),
  };
}

/** Numbers stand in for contacts where there are none (contract bulk §1.1). */
function contactsIn(body: Fields): readonly unknown[] {
  const contacts = listOf(body['targetContacts']) ?? [];
  if (contacts.length > 0) return contacts;
  return (listOf(body['targetPhoneNumbers']) ?? []).map((phone) => ({ phone: textOf(phone) }));
}

const contactKey = (contact: unknown): string =>
  isObject(contact) ? textOf(contact['id']) || textOf(contact['phone']) : '';
