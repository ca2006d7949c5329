/**
 * How an assistant behaves in a call, the same in both pipelines: greeting, goodbye, the rules added to its prompt, and
 * which words of the caller end the call. Pure. Contract voice §4 step 9, §8.3, §8.4.
 *
 *  MN1  An exit keyword inside another word ends nothing (V-28); scripts without spaces have no words to look for.
 *  MN2  The rules are never cut; whoever must shorten cuts the assistant's own prompt.
 */
import type { Assistant } from '../../app-client/voice-calls.ts';

const GREETING = 'Hello! How can I help you today?';
const GOODBYE = 'Thank you for calling. Goodbye!';

/** `random`: 0..1. */
export function greetingOf({ greetings, greeting }: Assistant, random: () => number): string {
  return greetings[Math.floor(random() * greetings.length)] ?? (greeting || GREETING);
}

export const goodbyeOf = ({ goodbye }: Assistant): string => goodbye || GOODBYE;

/** `pt-BR` is `pt` to vendors that know languages without their regions. */
export const withoutRegion = (language: string): string => language.toLowerCase().replace(/[-_].*$/, '');

/** What every prompt of a call ends with. */
export function callRules({ languages, concise }: Assistant): string {
  const language =
    languages.length > 0
      ? `Answer only in these languages: ${languages.join(', ')}; take the one of the caller's last words.`
      : "Answer in the language of the caller's last words.";
  return [
    'You are on a phone call: your words are spoken aloud, so write no lists, symbols or links.',
    language,
    'Hindi and Urdu are one spoken language: a change of script is no change of language.',
    'When the words make no sense or are only a fragment, ask the caller to say it again.',
    ...(concise ? ['Answer in one or two short sentences.'] : []),
    'Stay on the topic that you are here for.',
  ].join('\n');
}

/** Scripts that are written without spaces between words. */
const NO_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** MN1 */
export function wantsToEnd(said: string, { exitKeywords }: Pick<Assistant, 'exitKeywords'>): boolean {
  const text = spaced(said);
  return exitKeywords.some((keyword) => {
    const word = spaced(keyword);
    if (word === '') return false;
    return NO_SPACES.test(word) ? text.includes(word) : ` ${text} `.includes(` ${word} `);
  });
}

/** Lower case, everything that is no letter, mark or digit as one space. */
const spaced = (text: string): string =>
  text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
