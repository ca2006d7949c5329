/**
 * What routes may ask of calls. Contract voice §2. No method waits for a call, only for whether there is one; what becomes
 * of it is told to the app by callbacks.
 */

/** Which access a call brings along. All of it is secret. */
type Brought = {
  readonly metaToken: string;
  readonly phoneNumberId: string;
  /** `v23.0`. */
  readonly graphVersion: string;
  /** The call's own, used while the bridge has none configured. */
  readonly nodeToken?: string;
};

export type InboundCall = Brought & {
  /** The app's id (`wa_call_id`). */
  readonly call: string;
  readonly metaCallId: string;
  readonly workspace: string;
  readonly assistantId: string;
  readonly callerPhone: string;
  readonly calleePhone: string;
  /** Meta's offer; for an outbound call that waits for it, Meta's answer. */
  readonly sdp: string;
};

export type OutboundCall = Brought & {
  readonly call: string;
  readonly workspace: string;
  readonly assistantId: string;
  readonly to: string;
  readonly from: string;
};

export type CallStats = {
  readonly live: number;
  readonly cascade: number;
  readonly realtime: number;
  /** Calls that failed before anybody talked, since the start. */
  readonly setupFailures: number;
};

export interface CallDesk {
  /** Idempotent per id of Meta's; of one that has ended it changes nothing for 10 min. */
  answer(call: InboundCall): void;
  /** Of an unknown id, too: an `answer` that comes later finds it ended. */
  terminate(metaCallId: string): void;
  /** Idempotent per id of the app's. */
  placeOutbound(call: OutboundCall): void;
  /** False: no such outbound call. */
  link(call: string, metaCallId: string): Promise<boolean>;
  /** Meta's answer to an outbound call; false: no such call. */
  connect(metaCallId: string, sdp: string): Promise<boolean>;
  /** Both sides from now on; false: the call is not active. */
  record(metaCallId: string): Promise<boolean>;
  stats(): CallStats;
}
