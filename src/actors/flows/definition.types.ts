/**
 * A flow as the runtime reads it: nodes by id, edges by port. Plain data; made by definition.ts from the app's wire or
 * builder shape (contract flows §2.2), never changed afterwards.
 */
import type { Fields } from '../../content/loose.ts';

export type FlowNode = {
  readonly id: string;
  /** `flowNodeType` as on the wire, such as `InteractiveButtons`; contract flows §2.4. */
  readonly type: string;
  /** For people: what the builder calls it. */
  readonly label: string;
  /** Everything the node says; each node kind reads its own fields with the readers of content/loose.ts. */
  readonly fields: Fields;
  /** A word that leads here from anywhere in the flow; absent when it is switched off or has no words. */
  readonly jump?: { readonly keywords: readonly string[]; readonly exact: boolean };
};

/** Ports: 0 else, 1 out or first option, 2 second … (contract flows §2.3). */
export type Edge = {
  readonly from: string;
  readonly port: number;
  readonly to: string;
  /** As the builder calls the port; tells `out` from `p0`, which are both port 1. Absent where the app does not say. */
  readonly handle?: string;
};

export type Flow = {
  readonly id: string;
  readonly name: string;
  readonly workspace: string | undefined;
  /** A run begins here; undefined only for a flow without nodes. */
  readonly start: string | undefined;
  readonly nodes: ReadonlyMap<string, FlowNode>;
  readonly edges: readonly Edge[];
};

/** What is wrong with a flow, found when it is read, not by customers. */
export type FlowProblem = {
  /** `error`: that part cannot work; `warning`: it works, though hardly as meant. */
  readonly level: 'error' | 'warning';
  readonly nodeId?: string;
  readonly code:
    | 'empty'
    | 'unknown type'
    | 'call node'
    | 'no node behind edge'
    | 'missing edge'
    | 'unreachable'
    | 'loop without wait'
    | 'field missing'
    | 'too long';
  /** For the author, with the field or port it is about. */
  readonly message: string;
};
