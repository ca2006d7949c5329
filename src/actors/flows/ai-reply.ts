/**
 * A model's reply as variables (contract flows §3.2): the text, and what of it is JSON, also in fences or between words.
 */
import { isObject } from '../../content/loose.ts';
import { parsedJson } from './json.ts';
import { setResult } from './results.ts';
import type { Variables } from './variables.ts';

const PAIRS = [
  ['{', '}'],
  ['[', ']'],
] as const;
/** Where models put a list that was asked for. */
const ROWS = ['rows', 'items', 'records', 'data', 'results'];

export function setReply(vars: Variables, variable: string, reply: string): void {
  setResult(vars, variable, reply);
  const found = jsonIn(reply);
  const object = Array.isArray(found) ? found.find(isObject) : found;
  if (isObject(object)) for (const [key, value] of Object.entries(object)) vars.set(`${variable}.${key}`, value);
  const rows = Array.isArray(found)
    ? found
    : isObject(found)
      ? ROWS.map((key) => found[key]).find(Array.isArray)
      : undefined;
  if (rows) vars.set(`${variable}.__rows`, rows);
}

/** Lists of anything but objects are prose ("see [1]") unless they are the whole reply. */
function jsonIn(reply: string): unknown {
  const text = reply.trim();
  const fenced = /```(?:json)?(.*?)```/is.exec(text)?.[1]?.trim();
  const whole = parsedJson(fenced ?? text);
  if (isObject(whole) || Array.isArray(whole)) return whole;
  // Whichever begins first holds the other.
  const pairs = PAIRS.toSorted(([a], [b]) => text.indexOf(a) - text.indexOf(b));
  for (const [open, close] of pairs) {
    const [from, to] = [text.indexOf(open), text.lastIndexOf(close)];
    const part = from >= 0 && to > from ? parsedJson(text.slice(from, to + 1)) : undefined;
    if (isObject(part) || (Array.isArray(part) && part.some(isObject))) return part;
  }
  return undefined;
}
