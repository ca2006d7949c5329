/**
 * Why a connection ended, and what that means. Codes are data: contract clients §6.1 and §6.2, facts/baileys §6. The
 * connection says why it ended; this table alone decides what happens next.
 *
 *  V1  Only WhatsApp's own word ends a login: 401, a repeated 403/411, or a refusal of a login that was never open.
 *      No network fault, proxy fault or restart ever does (C-17).
 *  V2  A proven login is retried without limit of attempts.
 *  V3  Every retry waits, except the one restart (515) that ends a pairing.
 *
 * Deliberately not here: status words (status-words.ts), moving files (the supervisor), crashes (restart.ts).
 */
import { type Backoff, backoff } from './backoff.ts';

/**
 * `code` is WhatsApp's or Baileys' status code; undefined when the socket ended without one. `text` is for the operator.
 * `by: 'proxy'`: the number's own proxy does not work, so WhatsApp was never asked (clients §9).
 */
export type CloseReason = { readonly code?: number; readonly text: string; readonly by?: 'proxy' };

export type Verdict =
  /** Connect again after `delay` milliseconds. */
  | { readonly kind: 'retry'; readonly delay: number }
  /** The phone has approved, the login is on disk: connect with it at once. */
  | { readonly kind: 'retry now' }
  /** Another connection of the same login took over. `warn`: so often that another process must be using it. */
  | { readonly kind: 'replaced'; readonly delay: number; readonly warn: boolean }
  /** No retry; what is on disk stays. `pairing`: there is no login yet, the pairing was refused. */
  | { readonly kind: 'stop'; readonly because: 'refused' | 'pairing' }
  /** The login is gone. `ours`: we logged out ourselves. `pairAgain`: an explicit initialize waits for a QR (clients §1). */
  | { readonly kind: 'forget'; readonly ours: boolean; readonly pairAgain: boolean };

/**
 * What is on disk: nothing; a login that a phone has just approved but that was never open; one that was. Only a `fresh`
 * login may be unlinked by the account check (clients §6.1).
 */
export type Login = 'none' | 'fresh' | 'proven';

/** What the meaning of a code depends on. */
export type CloseFacts = {
  readonly login: Login;
  readonly explicit: boolean;
  /** The login was already refused with 403/411 and not opened since. */
  readonly refused: boolean;
  /** Earlier closes in a row without a minute of uptime. */
  readonly failures: number;
  /** Earlier 440 in a row. */
  readonly replaced: number;
  /** 0..1, for jitter. */
  readonly random: number;
};

/** Base waits of clients §6.2 in milliseconds; every other code, and none, waits `OTHER_BASE`. */
const BASE: ReadonlyMap<number, number> = new Map([
  [515, 2_000],
  [500, 4_000],
  [408, 6_000],
  [440, 6_000],
  [428, 4_000],
]);
const OTHER_BASE = 3_000;

const REPLACED = 440;
const RESTART = 515;
/**
 * The login was refused for what this client is, not for who it is. To a saved login they are "any other" code (clients
 * §6.2): the next release of the library, or of WhatsApp, lets it in again. The library has no words for them.
 */
const CLIENT_REFUSED: ReadonlyMap<number, string> = new Map([
  [405, 'client outdated'],
  [409, 'client refused'],
]);
const REFUSED: ReadonlySet<number> = new Set([403, 411]);
const LOGGED_OUT = 401;

/** This many 440 in a row mean a second process, not an accident. */
const REPLACED_LIMIT = 5;
export const REPLACED_DELAY_MS = 5 * 60_000;

const CURVE: Omit<Backoff, 'base'> = { growth: 1.5, maxFactor: 10, jitter: 1_500, max: 30_000 };
/** While somebody waits for a QR it must come within 15 s of WhatsApp being reachable again (C-54). */
const PAIRING_CURVE: Omit<Backoff, 'base'> = { ...CURVE, max: 10_000 };

/** What the text of a 408 is when all QR strings of one socket are used up (facts/baileys §5.1). */
const REFS_ENDED = 'QR refs attempts ended';
/** The text of the 401 that our own logout causes (facts/baileys §6). */
const OWN_LOGOUT = 'Intentional Logout';

/** What follows from `reason`. Total: every code, known or not, has a verdict. */
export function verdict(reason: CloseReason, facts: CloseFacts): Verdict {
  const { code } = reason;
  if (facts.login === 'none') return ofPairing(reason, facts);
  if (code === LOGGED_OUT && reason.text.includes(OWN_LOGOUT)) return { kind: 'forget', ours: true, pairAgain: false };
  const gone: Verdict = { kind: 'forget', ours: false, pairAgain: facts.explicit && facts.login === 'proven' };
  if (code === LOGGED_OUT) return gone;
  if (code !== undefined && REFUSED.has(code)) {
    const last = facts.login === 'fresh' || (facts.refused && facts.explicit);
    return last ? gone : { kind: 'stop', because: 'refused' };
  }
  if (code === RESTART && facts.login === 'fresh' && facts.failures === 0) return { kind: 'retry now' };
  if (code === REPLACED) return ofReplaced(facts);
  return { kind: 'retry', delay: delayOf(code, CURVE, facts) };
}

/** No login yet (clients §6.1): refusals end the pairing, everything else is tried again inside its 90 s. */
function ofPairing({ code, text }: CloseReason, facts: CloseFacts): Verdict {
  const refused = code === LOGGED_OUT || (code !== undefined && (REFUSED.has(code) || CLIENT_REFUSED.has(code)));
  if (refused || text.includes(REFS_ENDED)) return { kind: 'stop', because: 'pairing' };
  return { kind: 'retry', delay: delayOf(code, PAIRING_CURVE, facts) };
}

function ofReplaced(facts: CloseFacts): Verdict {
  const warn = facts.replaced + 1 >= REPLACED_LIMIT;
  return { kind: 'replaced', delay: warn ? REPLACED_DELAY_MS : delayOf(REPLACED, CURVE, facts), warn };
}

function delayOf(code: number | undefined, curve: Omit<Backoff, 'base'>, { failures, random }: CloseFacts): number {
  const base = (code === undefined ? undefined : BASE.get(code)) ?? OTHER_BASE;
  return backoff({ ...curve, base }, failures, random);
}

/** `Stream Errored (conflict) (401)`, for the operator. */
export function reasonText({ code, text }: CloseReason): string {
  if (code === undefined) return text;
  return `${CLIENT_REFUSED.get(code) ?? text} (${code})`;
}

/** Why a pairing was refused, for the status word: without the code, it has room for 19 characters. */
export function refusalText({ code, text }: CloseReason): string {
  if (text.includes(REFS_ENDED)) return 'QR timeout';
  return (code === undefined ? undefined : CLIENT_REFUSED.get(code)) ?? text;
}
