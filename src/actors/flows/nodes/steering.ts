/**
 * Nodes that send nothing and decide what follows: conditions, delays, sub-flows (contract flows §2.4, §5, §11).
 */
import { firstText, numberOf } from '../../../content/loose.ts';
import { missing, unwired } from '../checks.ts';
import { holds, rowsOf } from '../conditions.ts';
import type { FlowNode } from '../definition.types.ts';
import type { NodeKind } from '../node.ts';

const YES = 1;
const NO = 2;

export const condition: NodeKind = {
  types: ['Condition'],
  run: async ({ node, vars }) => ({ kind: 'next', port: holds(node.fields, vars) ? YES : NO }),
  check: (node, flow) => [
    ...(rowsOf(node.fields).length === 0 ? missing(node, 'error', 'conditions') : []),
    ...unwired(
      node,
      flow,
      new Map([
        [YES, 'Yes'],
        [NO, 'No'],
      ]),
    ),
  ],
};

const forReply = ({ fields }: FlowNode): boolean => firstText(fields, 'eventType').toLowerCase() === 'reply';

const seconds = (value: unknown): number => Math.max(0, numberOf(value) || 0);

/** For some time, or until the customer says something, whatever it is; then `timeout` (port 2) when there is one. */
export const timeDelay: NodeKind = {
  types: ['TimeDelay'],
  run: async ({ node, now }) => {
    if (forReply(node)) {
      const timeout = seconds(node.fields['timeoutSeconds']);
      const wait = { nextNodeType: 'TimeDelayReply', nodeId: node.id, variable: '' } as const;
      return { kind: 'wait', wait, ...(timeout > 0 && { due: now + timeout * 1_000 }) };
    }
    const delay = seconds(node.fields['delaySeconds']);
    return delay > 0 ? { kind: 'sleep', seconds: delay } : { kind: 'next', port: 1 };
  },
  match: (_, __, { tap, vote, text }) => ({
    text: tap?.title || text || (vote?.labels.join(', ') ?? ''),
    port: 1,
    anyText: true,
  }),
  waits: forReply,
  check: (node) => (forReply(node) ? [] : missing(node, 'warning', 'delaySeconds')),
};

export const subFlow: NodeKind = {
  types: ['SubFlow'],
  run: async ({ node, warn }) => {
    const flowId = firstText(node.fields, 'flowId');
    if (flowId !== '') return { kind: 'sub flow', flowId };
    warn('a sub-flow node names no flow, passed');
    return { kind: 'next', port: 1 };
  },
  check: (node) => missing(node, 'error', 'flowId'),
};
