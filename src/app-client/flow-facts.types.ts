/**
 * What flows tell the app without waiting for an answer (marked Q in contract flows §8). Full-length values:
 * flow-callbacks.ts cuts them and makes the bodies.
 */
import type { Identity } from '../phone.ts';
import type { InboundContent } from './inbound-content.ts';

/** Whose conversation; facts of one `session` are posted in order. */
type OfFlow = {
  readonly device: string;
  /** The session key. */
  readonly session: string;
};

type WithCustomer = OfFlow & {
  readonly workspace?: string;
  /** Digits. */
  readonly customer: string;
};

export type FlowFact =
  /** inbound-message, direction out: what a flow sent, for the app's thread. `id` is made once per send. */
  | (OfFlow & {
      readonly kind: 'flow message';
      readonly contact: Identity;
      /** `flow_out_<ms>_<random>`. */
      readonly id: string;
      readonly content: InboundContent;
      readonly buttons?: readonly {
        readonly text: string;
        readonly type: 'url' | 'phone' | 'copy' | 'quick_reply';
        readonly value?: string;
      }[];
      readonly header?: string;
      readonly footer?: string;
      readonly templateName?: string;
      /** Epoch seconds. */
      readonly at: number;
    })
  | (OfFlow & {
      readonly kind: 'flow position';
      readonly subscriber: number;
      readonly nodeId: string;
      readonly label: string;
    })
  | (OfFlow & { readonly kind: 'flow complete'; readonly subscriber: number })
  /** Only the newest of a session is kept. Without a snapshot: cleared. */
  | (OfFlow & {
      readonly kind: 'flow park';
      readonly snapshot?: {
        readonly flowId: string;
        readonly subscriber?: number;
        readonly customer: string;
        readonly nodeId: string;
        readonly waiting: Readonly<Record<string, unknown>>;
        readonly variables: Readonly<Record<string, unknown>>;
        readonly provider: string;
      };
    })
  | (WithCustomer & {
      readonly kind: 'flow tag';
      readonly action: 'add' | 'remove' | 'add_group' | 'remove_group';
      readonly id: string;
      readonly name: string;
    })
  | (WithCustomer & {
      readonly kind: 'flow assign';
      readonly team: string;
      readonly user: string;
      readonly note: string;
    })
  | (WithCustomer & {
      readonly kind: 'flow task';
      readonly title: string;
      readonly notes: string;
      readonly assignee: string;
      readonly priority: string;
      readonly related: string;
      /** Null: none. */
      readonly dueInS: number | null;
    })
  | (WithCustomer & {
      readonly kind: 'flow contact';
      readonly fields: readonly { readonly key: string; readonly value: string }[];
    });
