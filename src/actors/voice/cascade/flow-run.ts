/**
 * Runs a call flow: does what its interpreter says, and tells it what came of it. Contract voice §10.
 *
 *  FR1  A turn that comes while the graph speaks or thinks belongs to its next wait. When the graph ends before there is
 *       one, the turn begins it again at its start (§10): nobody is hung up on for having spoken. Who wants to be left in
 *       peace ends the graph with `cf_hangup`, which nothing delays.
 *  FR2  An answer of the model that does not come is asked of the caller again in words, and the flow goes on.
 *  FR3  A long text is said in parts, each of which every engine takes; who interrupts one has heard enough of the rest.
 *
 * Deliberately not here: what a node means (`call-flow.ts`).
 */
import type { Brain } from './brain.ts';
import type { FlowEvent, FlowInterpreter, FlowStep } from './call-flow.ts';
import type { Attended, Ending, Talk } from './talk.ts';

const HANG_UP_MS = 1_200;
const END = { why: 'end of the call flow', goodbye: '', afterMs: HANG_UP_MS };
const TOKENS = 200;
const TEMPERATURE = 0.6;
const LONGEST_PART = 1_000;

export type FlowRunOptions = {
  readonly talk: Talk;
  readonly brain: Pick<Brain, 'reply' | 'search'>;
  readonly flow: FlowInterpreter;
  readonly first: FlowStep;
  /** What is said when silence ends the call. */
  readonly goodbye: string;
};

/** `left`: the rest of the call is a conversation. */
export type FlowResult =
  | { readonly kind: 'ended'; readonly ending: Ending }
  | { readonly kind: 'left'; readonly callAssistantId: string };

export async function runFlow({ talk, brain, flow, first, goodbye }: FlowRunOptions): Promise<FlowResult> {
  const ended = (ending: Ending): FlowResult => ({ kind: 'ended', ending });
  let { state, effect } = first;
  for (;;) {
    let event: FlowEvent = { kind: 'done' };
    if (effect.kind === 'end') {
      const turn = talk.unheard();
      if (!turn) return ended(talk.ended.aborted ? undefined : END);
      ({ state, effect } = flow.again(state, turn));
      continue;
    }
    switch (effect.kind) {
      case 'say': {
        for (const part of partsOf(effect.text)) {
          const said = await talk.say(part);
          if (said === 'dumb') return ended('dumb');
          if (said !== 'said') break;
        }
        break;
      }
      case 'hear': {
        const heard = effect.silenceMs === undefined ? await talk.attend() : await within(talk, effect.silenceMs);
        if (heard.kind === 'dumb') return ended('dumb');
        if (heard.kind === 'silent') return ended({ why: 'silence', goodbye, afterMs: HANG_UP_MS });
        if (heard.kind !== 'over') event = heard;
        break;
      }
      case 'ask': {
        const task = { ...effect, maxTokens: TOKENS, temperature: TEMPERATURE };
        const reply = await brain.reply(talk.said, task, talk.ended);
        if (reply === undefined && (await talk.reprompt()) === 'dumb') return ended('dumb');
        event = { kind: 'answer', text: reply ?? '' };
        break;
      }
      case 'search': {
        const [said, text] = await Promise.all([talk.say(effect.filler), brain.search(effect.query, talk.ended)]);
        if (said === 'dumb') return ended('dumb');
        event = { kind: 'answer', text };
        break;
      }
      case 'converse':
        return { kind: 'left', callAssistantId: effect.callAssistantId };
      case 'hang up':
        return ended({ why: effect.why, goodbye: effect.goodbye, afterMs: HANG_UP_MS });
      default:
        effect satisfies never;
    }
    if (talk.ended.aborted) return ended(undefined);
    ({ state, effect } = flow.next(state, event));
  }
}

/** FR3. Whole sentences where they fit, whole words where not. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (const sentence of text.match(/[^.!?।。！？]+[.!?।。！？]*\s*|[.!?।。！？]+\s*/gu) ?? []) {
    const last = parts.at(-1);
    if (last !== undefined && last.length + sentence.length <= LONGEST_PART) parts[parts.length - 1] = last + sentence;
    else parts.push(...(sentence.match(new RegExp(`.{1,${LONGEST_PART}}(\\s|$)|\\S{${LONGEST_PART}}`, 'gsu')) ?? []));
  }
  return parts;
}

/** A listen that goes on by itself (V-17). */
async function within(talk: Talk, silenceMs: number): Promise<Attended | { readonly kind: 'silence' }> {
  const heard = await talk.hear(silenceMs);
  return typeof heard === 'string' ? { kind: heard } : { kind: 'turn', turn: heard };
}
