/**
 * The rules of one pairing (contract clients §4.1, §5, §6.1): how long people have, what the app may be shown, when a
 * code is asked for. Times in milliseconds.
 *
 * Deliberately not here: the states (number.ts) and their timers (number-regions.ts).
 */
import type { NumberContext } from './number.types.ts';

export const PAIRING = {
  /** WhatsApp unreachable for so long: the pairing ends without ever having had a QR. */
  firstQr: 90_000,
  /** From the first QR to the scan; rotation and lost sockets do not extend it. */
  scan: 90_000,
  /** A code younger than this is given to further callers. */
  codeFresh: 120_000,
  /** After that it can still be typed until its 180 s are over. */
  codeStale: 60_000,
  /** How long a terminated pairing waits, hidden, for the next initialize. */
  linger: 30_000,
  /** `Qr generated` at most this often. */
  betweenQrs: 5_000,
} as const;

/** Why a pairing ran out of time, short enough for the status word. */
export type Expiry = 'no connection' | 'QR timeout' | 'code expired';

/** A code that may be handed out without asking WhatsApp for another. */
export const hasFreshCode = ({ code, codeStale }: Pick<NumberContext, 'code' | 'codeStale'>): boolean =>
  code !== undefined && !codeStale;

/** One code per socket at a time: ask only when one is wanted, none is fresh and none is on its way. */
export const mustAskForCode = (context: Pick<NumberContext, 'want' | 'code' | 'codeStale' | 'codeAsked'>): boolean =>
  context.want === 'code' && !context.codeAsked && !hasFreshCode(context);

/** The QR that the app has not seen yet; none while a code is wanted or a terminate hides the pairing. */
export function unseenQr(context: Pick<NumberContext, 'want' | 'stopped' | 'qr' | 'shownQr'>): string | undefined {
  if (context.want === 'code' || context.stopped || context.qr === context.shownQr) return undefined;
  return context.qr;
}
