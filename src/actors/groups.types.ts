/**
 * What can be asked of a number's groups, and what is known of one (contract clients §11), in no engine's dialect.
 *
 *  GT1  A participant's `id` is the phone JID whenever the phone is known; otherwise it is the LID JID and there is no
 *       `phoneNumber`. LID digits are never offered as a phone (C-46, C-48).
 */

export type GroupParticipant = {
  readonly id: string;
  readonly phoneNumber?: string;
  readonly lid?: string;
  readonly admin: 'admin' | 'superadmin' | null;
};

/** Field names as older bridges answered `meta`: apps read them. */
export type GroupMeta = {
  /** `<digits>[-<digits>]@g.us`. */
  readonly id: string;
  readonly subject: string;
  readonly owner?: string;
  /** Epoch seconds. */
  readonly creation?: number;
  readonly desc?: string;
  readonly size: number;
  /** Only admins write. */
  readonly announce: boolean;
  /** Only admins change the group's settings. */
  readonly restrict: boolean;
  /** Seconds after which messages disappear. */
  readonly ephemeralDuration?: number;
  readonly participants: readonly GroupParticipant[];
};

export type ParticipantAction = 'add' | 'remove' | 'promote' | 'demote';
export type GroupSetting = 'announcement' | 'not_announcement' | 'locked' | 'unlocked';

/** `jid` is a group, `participants` are phone JIDs or LID JIDs. */
export type GroupCommand =
  | { readonly kind: 'create'; readonly subject: string; readonly participants: readonly string[] }
  | { readonly kind: 'all' }
  | { readonly kind: 'meta'; readonly jid: string }
  | {
      readonly kind: 'participants';
      readonly jid: string;
      readonly action: ParticipantAction;
      readonly participants: readonly string[];
    }
  | { readonly kind: 'subject'; readonly jid: string; readonly subject: string }
  /** An empty description removes it. */
  | { readonly kind: 'description'; readonly jid: string; readonly description: string }
  | { readonly kind: 'settings'; readonly jid: string; readonly setting: GroupSetting }
  | { readonly kind: 'leave'; readonly jid: string }
  | { readonly kind: 'invite code'; readonly jid: string }
  | { readonly kind: 'revoke invite'; readonly jid: string };

/** `status` is WhatsApp's: `200` done, `403`, `404`, `408`, `409`, … */
export type ParticipantResult = { readonly jid: string; readonly status: string };

export type GroupAnswer =
  | { readonly kind: 'meta'; readonly meta: GroupMeta }
  | { readonly kind: 'all'; readonly groups: readonly GroupMeta[] }
  | { readonly kind: 'participants'; readonly result: readonly ParticipantResult[]; readonly meta: GroupMeta | null }
  | { readonly kind: 'invite'; readonly code: string }
  | { readonly kind: 'done' }
  /** Created, but WhatsApp's answer names no group. */
  | { readonly kind: 'no jid' }
  /** Refused, or no answer by the deadline: then it may have happened all the same. */
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'not connected' };
