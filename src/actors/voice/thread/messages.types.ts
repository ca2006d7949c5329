/** What the desk and the thread of the calls say to each other. All of it can be cloned; none of it is audio. */
import type { CallFact } from '../../../app-client/callbacks.types.ts';
import type { CallMeter, Standing } from '../call.types.ts';
import type { CallStats, InboundCall, OutboundCall } from '../desk.types.ts';

export type Order =
  | { readonly kind: 'answer'; readonly call: InboundCall }
  | { readonly kind: 'place'; readonly call: OutboundCall }
  | { readonly kind: 'terminate'; readonly metaCallId: string }
  | { readonly kind: 'link'; readonly call: string; readonly metaCallId: string }
  | { readonly kind: 'connect'; readonly metaCallId: string; readonly sdp: string }
  | { readonly kind: 'record'; readonly metaCallId: string };

export type ToThread =
  | { readonly kind: 'order'; readonly number: number; readonly order: Order }
  /** End every call, then say that it is done. */
  | { readonly kind: 'stop' };

/** Of an order. `unknown`: there is no such call. `failed`: a defect, which is in the log. */
export type Outcome = 'done' | 'unknown' | 'failed';

export type FromThread =
  | { readonly kind: 'taken'; readonly number: number; readonly outcome: Outcome; readonly stats: CallStats }
  | { readonly kind: 'standing'; readonly standing: Standing; readonly stats: CallStats }
  | { readonly kind: 'fact'; readonly fact: CallFact }
  /** A line of the log, whole, with the log's rules applied. */
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'set up' | 'first word'; readonly ms: number }
  | {
      readonly kind: 'figures';
      readonly outcome: Parameters<CallMeter['ended']>[0];
      readonly figures: Parameters<CallMeter['ended']>[1];
    }
  | { readonly kind: 'stopped' };
