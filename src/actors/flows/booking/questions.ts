/** Questions of a booking: how they are asked, and whether an answer is one (contract flows §3.4). Pure. */
import { isLabel, wholeNumber } from '../options.ts';
import type { Question } from './booking.ts';

const SKIP = 'skip';
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/;
/** No mailbox has a longer name; on longer texts the pattern takes too long. */
const LONGEST_EMAIL = 254;
const LONGEST_SLUG = 40;

export function questionText({ label, options, required }: Question): string {
  const rows = options.map((option, index) => `${index + 1}. ${option}`);
  return [label, ...rows, ...(required ? [] : [`(${SKIP})`])].join('\n');
}

/** What is stored; undefined: no answer to this question. */
export function answerMeant(question: Question, said: string): string | undefined {
  const text = said.trim();
  if (!question.required && text.toLowerCase() === SKIP) return '';
  if (question.options.length > 0)
    return question.options.find((option) => isLabel(option, text)) ?? question.options[wholeNumber(text) - 1];
  if (question.type === 'email') return text.length <= LONGEST_EMAIL && EMAIL.test(text) ? text : undefined;
  return text === '' ? undefined : text;
}

/** The variables that an answer goes to. */
export function variablesOf({ map, label }: Question): string[] {
  const plain = label.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+/, '')
    .slice(0, LONGEST_SLUG)
    .replace(/_+$/, '');
  return [map, slug].filter((name) => name !== '');
}
