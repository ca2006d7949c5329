/**
 * What calls tell the app through the outbox: that a call failed, and what was said in it. Contract voice §3.
 *
 *  CC1  Everything of one call shares an order key, so turns arrive in spoken order, also after an outage (V-20).
 *  CC2  No field is longer than the app accepts.
 *
 * Deliberately not here: what is asked and answered at once (voice-calls.ts).
 */
import type { CallErrorFact, CallTurnFact } from './callbacks.types.ts';
import { cut, LIMITS } from './limits.ts';

export const CALL_PATHS = {
  callError: '/api/waba-call/bridge-error',
  callTurn: '/api/waba-call/transcript-turn',
} as const;

export type CallBody = {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly orderKeys: readonly string[];
  readonly timeoutMs: number;
};

/** Pure. */
export function callBody(fact: CallErrorFact | CallTurnFact): CallBody {
  const shared = { orderKeys: [`call:${fact.call}`], timeoutMs: 5_000 };
  switch (fact.kind) {
    case 'call error':
      return {
        ...shared,
        path: CALL_PATHS.callError,
        body: {
          wa_call_id: fact.call,
          ...(fact.metaCallId !== undefined && { meta_call_id: fact.metaCallId }),
          reason: cut(fact.reason, LIMITS.call.reason),
        },
      };
    case 'call turn':
      return {
        ...shared,
        path: CALL_PATHS.callTurn,
        body: {
          wa_call_id: fact.call,
          role: fact.role,
          text: cut(fact.text, LIMITS.call.text),
          t_ms: fact.sinceAcceptMs,
        },
      };
    default:
      throw new TypeError(`unknown fact ${String(fact satisfies never)}`);
  }
}
