/**
 * A call without a script: greeting, then a reply for each turn. Contract voice §4 step 9, §8.3, §8.4.
 *
 *  CO1  A turn that comes before the reply is heard replaces it: the reply then answers both.
 *  CO2  An exit keyword ends the call with a goodbye, whatever else was said.
 */
import type { Assistant } from '../../../app-client/voice-calls.ts';
import { goodbyeOf, wantsToEnd } from '../manners.ts';
import type { Brain, Task } from './brain.ts';
import type { Ending, Talk } from './talk.ts';

export const GOODBYE_MS = 1_500;

export type ConversationOptions = {
  readonly talk: Talk;
  readonly brain: Pick<Brain, 'reply'>;
  readonly assistant: Assistant;
  readonly task: Task;
  /** `''`: the caller speaks first. */
  readonly greeting: string;
};

export async function converse({ talk, brain, assistant, task, greeting }: ConversationOptions): Promise<Ending> {
  const goodbye = (why: string): Ending => ({ why, goodbye: goodbyeOf(assistant), afterMs: GOODBYE_MS });
  let said = await talk.say(greeting);
  for (;;) {
    if (said === 'dumb') return 'dumb';
    const attended = await talk.attend();
    if (attended.kind === 'over') return undefined;
    if (attended.kind === 'dumb') return 'dumb';
    if (attended.kind === 'silent') return goodbye('silence');
    if (wantsToEnd(attended.turn.text, assistant)) return goodbye('exit keyword');
    const further = talk.further();
    const reply = await brain.reply(talk.said, task, further);
    if (further.aborted) said = 'overtaken';
    else said = reply === undefined ? await talk.reprompt() : await talk.say(reply, further);
  }
}
