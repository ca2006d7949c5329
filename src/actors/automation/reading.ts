/** What of a fact and of the app's answer concerns automations. Pure. Contract inbound §1, §3.1, §6. */
import type { InboundFact } from '../../app-client/callbacks.types.ts';
import type { InboundAnswer } from '../../app-client/inbound-answers.ts';
import { textOf } from '../../app-client/inbound-content.ts';
import type { CustomerMessage } from './flows.ts';
import type { Verdict } from './tasks.ts';

/** Undefined for what automations never handle: own, late or edited messages, groups, reactions (inbound §1, §4, §5, §9). */
export function messageOf(fact: InboundFact): CustomerMessage | undefined {
  const { direction, stored, group, content, id, contact, name, at } = fact;
  if (direction === 'out' || stored || group || content.kind === 'reaction') return undefined;
  const media = content.kind === 'media' ? { media: content.type } : {};
  return { id, contact, name, text: textOf(content), ...media, at };
}

/** `first`: no earlier attempt can have told the message to the app, so a `dedup` means that it was handled before. */
export function verdictOf(answer: InboundAnswer, first: boolean): Verdict {
  switch (answer.kind) {
    case 'stored':
      return answer.flowId === undefined ? { kind: 'go on' } : { kind: 'flow', flowId: answer.flowId };
    case 'opt out':
    case 'copilot':
      return { kind: 'stop' };
    case 'dedup':
      return { kind: first ? 'stop' : 'go on' };
    case 'outbound sync':
    case 'reaction':
      return { kind: 'go on' };
    default:
      return answer satisfies never;
  }
}
