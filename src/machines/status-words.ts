/**
 * The words the app hears in `update-status` (contract clients §7), in one table. The app reads every word it does not
 * know as "pending, needs pair", so the words marked "pairing" may never be said of a paired number (C-39).
 */

export type StatusWord = keyof typeof WORDS | 'pair failed';

export type Status = { readonly status: string; readonly progress: number };

/** Older apps keep at most this much (clients §7). */
export const STATUS_LIMIT = 32;

const WORDS = {
  /** Pairing: a QR can be scanned. */
  'qr generated': { status: 'Qr generated', progress: 0 },
  /** Pairing: a code can be typed. */
  'code generated': { status: 'Code generated', progress: 0 },
  /** Pairing: the first socket of a pairing connects. */
  connecting: { status: 'Connecting', progress: 25 },
  /** Pairing: a further socket connects. */
  reconnecting: { status: 'Reconnecting', progress: 50 },
  /** Pairing: the socket ended before it brought a QR. */
  'start failed': { status: 'Reconnecting', progress: 30 },
  /** Pairing: the connect after a scan. */
  'syncing data': { status: 'Syncing data', progress: 75 },
  ready: { status: 'Ready', progress: 100 },
  mismatch: { status: 'Mismatch', progress: 0 },
  'logged out': { status: 'Logged Out', progress: 0 },
  'connection failed': { status: 'Connection Failed', progress: 0 },
  disconnected: { status: 'Disconnected', progress: 0 },
} as const satisfies Record<string, Status>;

/** The status for `word`. `reason` completes `pair failed` and is cut so that the whole fits `STATUS_LIMIT`. */
export function statusOf(word: StatusWord, reason = ''): Status {
  if (word !== 'pair failed') return WORDS[word];
  return { status: `Pair failed: ${reason.trim() || 'unknown'}`.slice(0, STATUS_LIMIT).trimEnd(), progress: 0 };
}
