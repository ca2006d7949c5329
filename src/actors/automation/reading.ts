/** What of a fact and of the app's answer concerns automations. Pure. Contract inbound §1, §3.1, §6. */
import type { InboundFact } from '../../app-client/callbacks.types.ts';
import type { InboundAnswer } from '../../app-client/inbound-answers.ts';
import { type InboundContent, textOf } from '../../app-client/inbound-content.ts';
import type { CustomerMessage, Verdict } from './flows.ts';

/** Undefined for what automations never handle: own, late or edited messages, groups, reactions (inbound §1, §4, §5, §9). */
export function messageOf(fact: InboundFact): CustomerMessage | undefined {
  const { direction, stored, group, content, id, contact, name, at } = fact;
  if (direction === 'out' || stored || group || content.kind === 'reaction') return undefined;
  return { id, contact, name, text: textOf(content), ...detailsOf(content), at };
}

type Details = Pick<CustomerMessage, 'tap' | 'media' | 'bytes' | 'place'>;

/** What only flows read. */
function detailsOf(content: InboundContent): Details {
  switch (content.kind) {
    case 'text':
      return content.tap ? { tap: content.tap } : {};
    case 'media': {
      const { type: media, mime, attachment } = content;
      return { media, ...(attachment && { bytes: { mime, attachment } }) };
    }
    case 'location': {
      const { latitude, longitude } = content;
      return { place: { latitude, longitude } };
    }
    case 'contact':
    case 'reaction':
      return {};
    default:
      return content satisfies never;
  }
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
