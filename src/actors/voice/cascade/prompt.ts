/**
 * The two prompts of a reply, within what the app takes. Contract voice §8.3. Pure.
 *
 *  PR1  Neither is longer than 6000 characters (V-03). The rules stay whole, the assistant's prompt is cut at its end.
 *  PR2  The new turn stands once, as the last line (V-11); when space is short the oldest turns go first.
 */
import { cut } from '../../../app-client/limits.ts';
import type { Line } from './talk.ts';

const LONGEST = 6_000;
const TURNS = 12;
const LONGEST_TURN = 2_500;
const LONGEST_CONTEXT = 3_000;

export function systemPrompt(prompt: string, rules: string): string {
  const own = cut(prompt, LONGEST - [...rules].length - 2).trim();
  return own === '' ? rules : `${own}\n\n${rules}`;
}

/** `before`: what was said until the new turn, without it. `context`: what tools answered, `''` without. */
export function userPrompt(before: readonly Line[], turn: string, context = ''): string {
  const newest = [
    ...(context === '' ? [] : [`Information for this answer:\n${cut(context, LONGEST_CONTEXT)}`]),
    `Customer: ${cut(turn, LONGEST_TURN)}`,
  ].join('\n');
  let left = LONGEST - [...newest].length;
  const lines: string[] = [];
  for (const { role, text } of before.slice(-TURNS).toReversed()) {
    const line = `${role === 'user' ? 'Customer' : 'Agent'}: ${text}\n`;
    left -= [...line].length;
    if (left < 0) break;
    lines.unshift(line);
  }
  return lines.join('') + newest;
}
