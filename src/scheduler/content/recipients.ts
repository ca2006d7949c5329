/**
 * Whom a job is for, in list order (contract schedules §1, §4, §12, bulk §2.1).
 *
 *  RE1  One phone is one recipient however often and however it is listed, also with and without Brazil's ninth digit and
 *       the like (S-16). Further entries of the same person ride along in `also`.
 *  RE2  `key` depends on nothing but what identifies the entry for the app: a retry with other attributes finds its row.
 *  RE3  Groups and hidden ids are recipients of singles only; elsewhere such an entry has no phone number.
 */
import { type Fields, firstText, isObject, listOf, mapOf, numberOf, textOf } from '../../content/loose.ts';
import { extractDigits, lidOfJid, phoneOfJid, splitJid, variants } from '../../phone.ts';
import type { JobKind } from '../protocol.ts';
import { completed, composed } from './country-code.ts';

export type Recipient = {
  /** What the ledger knows it by: the contact's id where there is one (broadcasts, campaigns), else its digits or JID. */
  readonly key: string;
  readonly contactId?: number;
  /** The string the app listed; callbacks name it. */
  readonly listed: string;
  /** Digits (or a JID for singles) that it is sent to; undefined: nothing usable (fails with `No phone number`). */
  readonly to?: string;
  /** Its own `timezone` as it came, if any. */
  readonly zone?: string;
  /** What placeholders are filled from. */
  readonly fields: Fields;
  /** Further entries with the same phone: they get the first one's result (settings §6). */
  readonly also: readonly Also[];
};

type Also = Pick<Recipient, 'key' | 'contactId' | 'listed'>;
/** While the list is read. Built field by field: copies of 100,000 objects cost a second. */
type Entry = { -readonly [Field in keyof Omit<Recipient, 'also'>]: Recipient[Field] } & { readonly also: Also[] };

export function recipientsOf(kind: JobKind, body: Fields): Recipient[] {
  switch (kind) {
    case 'single':
      return [single(body)];
    case 'bulk':
    case 'recurring':
      return collapsed(listed(body));
    case 'broadcast':
    case 'campaign':
      return collapsed(contacts(body));
    default:
      return kind satisfies never;
  }
}

/** RE1 */
function collapsed(entries: readonly Entry[]): Recipient[] {
  const byPerson = new Map<string, Entry>();
  const keys = new Set<string>();
  for (const entry of entries) {
    if (keys.has(entry.key)) continue;
    keys.add(entry.key);
    const person = entry.to === undefined ? `no phone: ${entry.key}` : personOf(entry.to);
    const first = byPerson.get(person);
    if (first) {
      const { key, contactId, listed } = entry;
      first.also.push({ key, listed, ...(contactId !== undefined && { contactId }) });
    } else byPerson.set(person, entry);
  }
  return [...byPerson.values()];
}

/** The same text for every way to write one person's number. */
export const personOf = (digits: string): string => variants(digits).reduce((a, b) => (a < b ? a : b));

function single(body: Fields): Recipient {
  const phone = firstText(body, 'targetPhoneNumber');
  const jid = jidOf(firstText(body, 'targetJid')) ?? (phone.includes('@') ? jidOf(phone) : extractDigits(phone));
  const listed = phone || firstText(body, 'targetJid');
  return { key: jid ?? listed, listed, fields: {}, also: [], ...(jid !== undefined && { to: jid }) };
}

/** A phone's JID becomes its digits, so that one person has one key. */
function jidOf(text: string): string | undefined {
  const parts = splitJid(text);
  if (!parts) return undefined;
  const { user, server } = parts;
  if (server === 'g.us') return /^[\d-]+$/.test(user) ? `${user}@g.us` : undefined;
  return phoneOfJid(text) ?? (lidOfJid(text) !== undefined && /^\d+$/.test(user) ? `${user}@lid` : undefined);
}

function listed(body: Fields): Entry[] {
  const attributes = mapOf(body['recipientAttributes']) ?? {};
  return (listOf(body['targetPhoneNumbers']) ?? []).map((item, index) => {
    const text = textOf(item).trim();
    const fields = (Object.hasOwn(attributes, text) && mapOf(attributes[text])) || {};
    const digits = digitsOf(text);
    const to = digits && completed(digits, codeOf(fields), onlyDigits(fields['mobile']));
    return entryOf(digits ?? (text || `#${index}`), text, to, fields);
  });
}

function contacts(body: Fields): Entry[] {
  const given = listOf(body['targetContacts']) ?? [];
  const items = given.length > 0 ? given : (listOf(body['targetPhoneNumbers']) ?? []);
  return items.map((item, index) => {
    const fields = isObject(item) ? item : { phone: textOf(item) };
    const text = firstText(fields, 'phone', 'full_phone');
    const to = text === '' ? withCode(fields) : digitsOf(text);
    const id = numberOf(fields['id']);
    const isKnown = Number.isSafeInteger(id);
    const entry = entryOf(isKnown ? String(id) : (to ?? (text || `#${index}`)), text || (to ?? ''), to, fields);
    if (isKnown) entry.contactId = id;
    return entry;
  });
}

function entryOf(key: string, listedText: string, to: string | undefined, fields: Fields): Entry {
  const entry: Entry = { key, listed: listedText, fields, also: [] };
  if (to !== undefined) entry.to = to;
  const zone = firstText(fields, 'timezone');
  if (zone !== '') entry.zone = zone;
  return entry;
}

/** RE3 */
const digitsOf = (text: string): string | undefined => (text.includes('@') ? phoneOfJid(text) : extractDigits(text));

function withCode(fields: Fields): string | undefined {
  const mobile = onlyDigits(fields['mobile']);
  return mobile === '' ? undefined : digitsOf(composed(codeOf(fields), mobile));
}

const onlyDigits = (value: unknown): string => textOf(value).replace(/\D/g, '');
const codeOf = (fields: Fields): string => onlyDigits(fields['country_code']).replace(/^0+/, '');
