/**
 * One conversation as it lies on disk: everything that a process needs to go on with it after any crash. Plain JSON.
 *
 *  SE1  `agenda` is a stack: what is to run next lies last. A branch that waits leaves its siblings on it.
 *  SE2  `visit` is the node that runs now, with the results of its finished effects; what it changes of the variables is
 *       kept only when it is through.
 *  SE3  A node is named with the call of its flow, because a flow may be run inside itself.
 */
import type { CallAnswer } from '../../app-client/flow-calls.types.ts';
import type { Content } from '../../content/content.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import type { Identity } from '../../phone.ts';
import type { Match, Sent } from './node.ts';
import type { Menu, Reply, Wait } from './waits.types.ts';

/** A flow that is being run; `from`: the node whose sub-flow it is. */
export type Call = {
  readonly id: number;
  readonly flow: string;
  /** Of its pinned definition. */
  readonly hash: string;
  readonly from?: Place;
  /** It has returned; kept for its menus. */
  readonly isThrough?: boolean;
};

export type Place = { readonly call: number; readonly node: string };

/** `gap`: the pause between two nodes comes first (contract flows §11). */
export type Item = Place & { readonly gap: boolean };

/** What leads to a visit. */
export type Cause =
  | { readonly kind: 'run' }
  | { readonly kind: 'answer'; readonly wait: Wait; readonly reply: Reply; readonly match: Match }
  | { readonly kind: 'due'; readonly wait: Wait };

/** A finished effect; `begun`: one that must not be done twice. */
export type Entry =
  | { readonly kind: 'sent'; readonly result: Sent }
  | { readonly kind: 'begun' }
  | { readonly kind: 'answered'; readonly answer: CallAnswer<unknown> }
  | { readonly kind: 'told' };

export type Visit = Place & {
  readonly number: number;
  /** Epoch ms at which it began. */
  readonly at: number;
  readonly cause: Cause;
  /** By the number of the effect. */
  readonly journal: Record<string, Entry>;
};

/** Of this visit among all visits of all sessions. */
export const visitName = ({ id }: Pick<SessionRow, 'id'>, { number }: Pick<Visit, 'number'>): string =>
  `${id}-${number}`;

export type OpenWait = Place & { readonly wait: Wait; readonly since: number; readonly due?: number };

/**
 * A delay. `name` (of the visit): of one that the app was asked to keep; when it does, `until` is when the bridge ends it
 * instead.
 */
export type Sleep = Place & { readonly until: number; readonly name?: string };

/** Why the visit under way cannot go on now. */
export type Pause = {
  readonly why: string;
  readonly until: number;
  /** When the first of these pauses began: together they end after 24 h (contract flows §6.5). */
  readonly since: number;
  readonly tries: number;
  /** It also ends when the number becomes ready. */
  readonly forNumber: boolean;
};

export type Ending = 'completed' | 'timeout' | 'aborted';

export type SessionRow = {
  readonly key: string;
  /** The key it had while the customer was known by LID alone. */
  readonly formerKey?: string;
  readonly id: string;
  readonly device: string;
  readonly contact: Identity;
  readonly engine: EngineName;
  readonly workspace?: string;
  readonly subscriber?: number;
  /** The text that started it, for a start by keyword. */
  readonly trigger?: string;
  /** Seconds of silence that end it; absent: none by rule. */
  readonly timeoutS?: number;
  readonly cooldownS: number;
  /** Started by a message of the customer: silence makes it dormant. */
  readonly byMessage: boolean;
  readonly flowName: string;

  calls: readonly Call[];
  nextCall: number;
  agenda: readonly Item[];
  visit?: Visit;
  visits: number;
  wait?: OpenWait;
  sleeps: readonly Sleep[];
  pause?: Pause;
  /** An End was reached; it counts when no sibling waits (contract flows §2.3). */
  endSeen: boolean;

  menus: readonly (Menu & { readonly call: number })[];
  /** The persistent menu that dead ends return to. */
  lastMenu?: OpenWait;
  menuAnswered: boolean;
  /** Runs of each node since the customer's last message. */
  runs: Record<string, number>;
  /** Nodes whose position the app was told. */
  told: readonly string[];
  variables: readonly (readonly [string, unknown])[];
  lastSent?: Content;

  readonly startedAt: number;
  /** Of the customer's last message, a resume, or a timer. */
  lastEventAt: number;
  /** Since when it stands where it does. */
  since: number;
  isDormant: boolean;
  ended?: { readonly how: Ending; readonly at: number; readonly why?: string };
};

export const isRunning = (row: SessionRow): boolean => !row.ended && (!!row.visit || row.agenda.length > 0);
