/**
 * Nodes that say nothing: where a flow begins and ends, and types that mean nothing in a chat (contract flows §2.4).
 *
 *  PA1  A type that nobody knows, or that only calls know, is passed through port 1 with a warning: a flow never stops at it.
 */
import type { NodeKind } from '../node.ts';

export const trigger: NodeKind = { types: ['Trigger'], run: async () => ({ kind: 'next', port: 1 }) };

export const end: NodeKind = { types: ['End', 'end'], run: async () => ({ kind: 'end' }) };

/** PA1 */
export const unknown: NodeKind = {
  types: [],
  run: async ({ node, warn }) => {
    warn(`flow node of unknown type ${node.type}, passed`);
    return { kind: 'next', port: 1 };
  },
  check: ({ type }) => [{ level: 'warning', code: 'unknown type', message: `Nodes of type ${type} do nothing` }],
};

/** PA1; contract voice. */
export const callNode: NodeKind = {
  types: ['CallSay', 'CallListen', 'CallAi', 'CallMenu', 'CallSearch', 'CallTransfer', 'CallHangup'],
  run: async ({ node, warn }) => {
    warn(`flow node ${node.type} is for calls, passed`);
    return { kind: 'next', port: 1 };
  },
  check: ({ type }) => [{ level: 'warning', code: 'call node', message: `${type} does nothing in a chat` }],
};
