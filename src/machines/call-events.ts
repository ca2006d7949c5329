/**
 * What happens to a call, what comes of the work done for it, and how it ends by either. Contract voice §4-§6.
 *
 * Deliberately not here: when any of it counts (call.ts).
 */

/** What Meta is told at the end. */
export type LastWord = 'none' | 'reject' | 'terminate';

/** Why a call ended, decided once. `error`: the app hears it (`bridge-error`); `why`: the log does. */
export type Ending = { readonly why: string; readonly error?: string; readonly lastWord: LastWord };

export type Worked = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: string };
/** Of preparing: only there the call may be refused (`reject`, §4 step 2). */
export type Prepared =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: string; readonly reject: boolean };
/** `in doubt`: the app may have it; we go on as if it had (V-36). */
export type Claimed =
  | { readonly kind: 'claimed' | 'taken' | 'in doubt' }
  | { readonly kind: 'failed'; readonly error: string };

export type CallEvent =
  /** The app ends it: the caller hung up, or an operator takes over. */
  | { readonly type: 'terminate' }
  /** Outbound: Meta's answer is there. */
  | { readonly type: 'answer' }
  /** Outbound: Meta has it, under an id that we know. */
  | { readonly type: 'linked' }
  /** The first packet of the other side. */
  | { readonly type: 'heard' }
  /** No way to the other side any more: failed, closed, or silent for too long. */
  | { readonly type: 'lost'; readonly why: string }
  /** The pipeline is done. */
  | { readonly type: 'hang up'; readonly why: string; readonly error?: string }
  /** The process ends. */
  | { readonly type: 'shutdown' };

/** What an event ends a call with; who holds it decides what Meta hears. */
export type Cut = { readonly why: string; readonly error?: string };

/** Why an event ends a call. `early`: before it talks, being lost or stopped is a failure that the app hears of. */
export function cutBy(event: CallEvent, early: boolean): Cut {
  switch (event.type) {
    case 'terminate':
      return { why: 'ended by the app' };
    case 'shutdown':
      return { why: 'the bridge stops', ...(early && { error: 'the bridge stops' }) };
    case 'lost':
      return { why: event.why, ...(early && { error: event.why }) };
    case 'hang up':
      return { why: event.why, ...(event.error !== undefined && { error: event.error }) };
    case 'answer':
    case 'linked':
    case 'heard':
      return { why: event.type };
    default:
      return event satisfies never;
  }
}
