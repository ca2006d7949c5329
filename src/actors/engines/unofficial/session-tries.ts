/**
 * Repairs what libsignal does to sessions that it tried in vain.
 *
 * A contact has several sessions with us as soon as one of both sides opened a new one; messages of the older one may
 * still be under way. libsignal 6.0.0 tries such a message on every session, the last used first, steps the ratchet of
 * each before it knows whether the message belongs there, and stores them all: the newest session, the one we send
 * with, is then broken, and the contact can read nothing that we send with it ("Bad MAC").
 *
 * ST1  After a decryption, every session but the one that fitted is as it was before.
 *
 * Deliberately not here: the cryptography. Field names are those of libsignal's serialised record (session_record.js).
 */

type Session = { readonly indexInfo: { readonly used?: number } };
type SessionRecord = { readonly _sessions: Readonly<Record<string, Session>> };

/** The record to store instead of `after`; undefined when it is right as it is. Both are serialised session records. */
export function withoutFailedTries(before: unknown, after: unknown): (SessionRecord & Uint8Array) | undefined {
  if (!isRecord(before) || !isRecord(after)) return undefined;
  const tried = failedTries(before._sessions, after._sessions);
  if (tried.length === 0) return undefined;
  const restored = Object.fromEntries(tried.map((key) => [key, before._sessions[key]]));
  // Baileys' types call a serialised record bytes.
  return { ...after, _sessions: { ...after._sessions, ...restored } } as unknown as SessionRecord & Uint8Array;
}

/** The sessions that libsignal tried before it came to the right one: in its order, up to the one marked as used now. */
function failedTries(before: SessionRecord['_sessions'], after: SessionRecord['_sessions']): string[] {
  const used = (sessions: SessionRecord['_sessions'], key: string) => sessions[key]?.indexInfo.used ?? 0;
  const order = Object.keys(before).sort((a, b) => used(before, b) - used(before, a));
  const fitted = order.findIndex((key) => used(after, key) !== used(before, key));
  // A pre-key message names its session; one that fitted within the millisecond of its last use was the first try.
  return fitted <= 0 ? [] : order.slice(0, fitted).filter((key) => after[key] !== undefined);
}

const isRecord = (value: unknown): value is SessionRecord =>
  typeof value === 'object' && value !== null && '_sessions' in value && typeof value._sessions === 'object';
