/**
 * What the number machine hears, remembers and says. Plain JSON only (design/xstate §2.1): sockets belong to the
 * supervisor, timers to the machine's clock.
 */
import type { CloseReason, Login, Verdict } from './close-reason.ts';

/** The account a connection is logged in as. `lid` is the bare LID user. `id` is `<digits>:<device>@s.whatsapp.net`. */
export type Account = { readonly id: string; readonly lid?: string; readonly name?: string };

/** Commands from the outside (HTTP routes, restore, supervisor). All are idempotent in every state. */
export type NumberCommand =
  /** initialize-client / get-pairing-code: start or join, clear `stopped` and quarantine, take over a lingering pairing. */
  | { readonly type: 'initialize'; readonly want: 'qr' | 'code' }
  /** Process start, saved login present and not stopped by the operator. Never leads to a QR. */
  | { readonly type: 'restore' }
  /** terminate-client: soft. A pairing, or an explicit start, lingers for 30 s (contract clients §4.1). */
  | { readonly type: 'stop' }
  /** The login was logged out and removed (unlink-client): nothing to come back to. */
  | { readonly type: 'forget' };

/** What one connection attempt reports, in order; `closed` is always the last word of an attempt. */
export type ConnectionEvent =
  | { readonly type: 'qr'; readonly qr: string }
  /** `at`: when WhatsApp accepted the code, epoch ms; its 180 s run from there. */
  | { readonly type: 'code'; readonly code: string; readonly at: number }
  /** WhatsApp refused to make a code: the pairing ends. A socket that merely dropped reports only `closed`. */
  | { readonly type: 'code failed'; readonly error: string }
  /** Pair-success is on disk; WhatsApp closes with 515 next. */
  | { readonly type: 'paired'; readonly account: Account }
  | { readonly type: 'opened'; readonly account: Account }
  /** The session is open and deaf (P10); `closed` follows unless a new attempt has begun by then. */
  | { readonly type: 'health lost'; readonly why: string }
  | { readonly type: 'closed'; readonly reason: CloseReason };

/** What the machine's parts tell one another within one step. Nobody outside sends these. */
export type InternalEvent =
  | { readonly type: 'dial' }
  | { readonly type: 'hang up' }
  | { readonly type: 'show qr' }
  | { readonly type: 'linger' }
  | { readonly type: 'linger over' }
  | { readonly type: 'pairing expired'; readonly reason: string }
  | { readonly type: 'verdict'; readonly verdict: Verdict; readonly reason: CloseReason };

export type NumberEvent = NumberCommand | ConnectionEvent | InternalEvent;

export type NumberInput = {
  readonly digits: string;
  /** Creds with `me` and `account` are on disk (the test for "paired"; `registered` is no guide). */
  readonly paired: boolean;
  /** Stopped by the operator; survives a restart. */
  readonly stopped: boolean;
  /** 0..1; asked once, for the seed of all jitter, so that the context stays plain data and tests are exact. */
  readonly random?: () => number;
};

/** The input of one connection attempt: `pair` makes new creds, `login` uses the saved ones. `attempt` counts from 1. */
export type ConnectionInput = { readonly digits: string; readonly mode: 'login' | 'pair'; readonly attempt: number };

/** What the machine asks of a live connection. */
export type ConnectionRequest = { readonly type: 'request code' };

export type NumberContext = {
  readonly digits: string;
  readonly login: Login;
  readonly stopped: boolean;
  /** A pairing is in progress, from the first socket to the end of its first settling: it lingers, and has words of its own. */
  readonly pairing: boolean;
  /** An explicit initialize stands behind the running attempt: a refused login is replaced in the same go. */
  readonly explicit: boolean;
  readonly want: 'qr' | 'code';
  /** The last of the six states that was entered. */
  readonly state: NumberState;
  readonly why: string | undefined;
  /** Connections so far. */
  readonly attempt: number;
  /** Closes in a row without a minute of uptime between them: the n of the back-off. */
  readonly failures: number;
  /** How many of the last closes in a row were 440. */
  readonly replaced: number;
  /** 403/411 was the last word on this login. */
  readonly refused: boolean;
  /** How long the current wait between two attempts is. */
  readonly delay: number;
  /** 0..1. */
  readonly seed: number;
  readonly account: Account | undefined;
  readonly qr: string | undefined;
  /** The QR the app was told last. */
  readonly shownQr: string | undefined;
  readonly code: string | undefined;
  readonly codeAt: number | undefined;
  /** The code is too old to be handed to a new caller (contract clients §5). */
  readonly codeStale: boolean;
  /** A code was asked for on this socket and has not come yet. */
  readonly codeAsked: boolean;
  /** Down for less than 60 s after being ready: the app still believes `Ready` and hears nothing (C-39). */
  readonly blip: boolean;
};

/** The six states; `NumberView` (actors/protocol.ts) is derived from them. */
export type NumberState = 'disconnected' | 'restoring' | 'connecting' | 'qr' | 'pairing' | 'connected';

/** What the outside may ask of a snapshot without knowing state names. */
export type NumberTag = 'live' | 'busy' | 'pairing';

/** Facts for the owner: persisted or told to the app by the number actor. */
export type NumberEmitted =
  /** One update-status callback (contract clients §7); throttling and the 60 s of grace are already applied. */
  | { readonly type: 'status'; readonly status: string; readonly progress: number; readonly qr?: string }
  /** The operator's stop mark changed: persist it. */
  | { readonly type: 'stopped changed'; readonly stopped: boolean }
  /** WhatsApp itself says the pairing is gone (401, repeated 403/411): move the login aside. */
  | { readonly type: 'login gone'; readonly reason: CloseReason }
  /**
   * The linked account is not this number. `fresh`, a pairing just made: log that device out, then remove its login. The
   * connection actor is stopped right after this event, so keep the handle. Not fresh: nothing to do.
   */
  | { readonly type: 'wrong account'; readonly fresh: boolean }
  /** For the operator's log: another process seems to use this login (440 five times in a row). */
  | { readonly type: 'warning'; readonly text: string }
  /** An attempt has ended in `state`, and what was decided; a `transition` follows in the same step if it leads away. */
  | { readonly type: 'ended'; readonly state: NumberState; readonly reason: CloseReason; readonly verdict: Verdict }
  /** For the why-down history and the log. */
  | { readonly type: 'transition'; readonly from: NumberState; readonly to: NumberState; readonly why: string };

/** What may be known of a number outside of its machine; the machine's part of `NumberView` (actors/protocol.ts). */
export type NumberFacts = {
  /** `disconnected` while a terminated pairing or start lingers. */
  readonly state: NumberState;
  /** Open, account known, settled. */
  readonly ready: boolean;
  readonly paired: boolean;
  readonly stopped: boolean;
  readonly lingering: boolean;
  /** Only while ready. */
  readonly user?: Account;
  /** The latest QR, in state `qr`. Secret. */
  readonly qr?: string;
  /** The code that can be typed now, in state `pairing`, and its age (epoch ms of its birth). Secret. */
  readonly code?: string;
  readonly codeAt?: number;
  /** Why it is not connected, in words for the operator. */
  readonly why?: string;
};
