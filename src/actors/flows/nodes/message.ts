/** Message (and the builder's "sequence"): replies one after the other (contract flows §2.4). */
import { isObject, listOf, textOf } from '../../../content/loose.ts';
import type { NodeKind } from '../node.ts';

/** After each reply (contract flows §11). */
const PAUSE_MS = 1_000;

export const message: NodeKind = {
  types: ['Message'],
  run: async ({ node, vars, send, pause }) => {
    for (const reply of (listOf(node.fields['flowReplies']) ?? []).filter(isObject)) {
      await send({ kind: 'text', text: vars.fill(textOf(reply['data'])) });
      await pause(PAUSE_MS);
    }
    return { kind: 'next', port: 1 };
  },
};
