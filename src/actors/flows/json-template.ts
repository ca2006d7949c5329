/**
 * An author's JSON with placeholders, filled so that a value stays one value (contract flows §3.1, F-34).
 *
 *  JT1  Every placeholder is first a mark inside a string, then the text is read as JSON, and only in what was read do
 *       the marks become values: no value can end a string, add a key or change one.
 *  JT2  A placeholder that stands alone, without quotes, is its value as JSON has it; inside a string it is text. In keys
 *       nothing is replaced.
 */
import { isObject } from '../../content/loose.ts';
import { parsedJson } from './json.ts';
import { bounded, shown, type Variables } from './variables.ts';

export type FilledJson =
  | { readonly kind: 'json'; readonly value: unknown }
  /** Nothing that can be read: as written, with values encoded as JSON encodes them. */
  | { readonly kind: 'text'; readonly text: string };

const PLACEHOLDER = /\{\{([^{}]+)\}\}/g;
/** A string that nobody ends goes on to the end of the text, so that no part of it is looked at twice. */
const STRING_OR_PLACEHOLDER = /"(?:[^"\\]|\\.)*"?|\{\{([^{}]+)\}\}/gs;
/** Characters of nobody's: what an author wrote of them is taken out before. */
const [OPEN, BARE, CLOSE] = ['\uE000', '\uE001', '\uE002'];
const MARK = /\uE000(\uE001?)(\d+)\uE002/g;

export function filledJson(authored: string, vars: Variables): FilledJson {
  const placeholders: string[] = [];
  const mark = (placeholder: string, bare: string) => `${OPEN}${bare}${placeholders.push(placeholder) - 1}${CLOSE}`;
  const marked = authored
    .replace(/[\uE000-\uE002]/g, '')
    .replace(STRING_OR_PLACEHOLDER, (found: string, name: string | undefined) =>
      name === undefined ? found.replace(PLACEHOLDER, (inside) => mark(inside, '')) : `"${mark(found, BARE)}"`,
    );
  const read = parsedJson(marked);
  if (read === undefined) return { kind: 'text', text: encoded(authored, vars) };
  const bound = bounded();
  const valueOf = (index: string) => vars.find((placeholders[Number(index)] ?? '').slice(2, -2));
  const textAt = (index: string) => bound(() => shown(valueOf(index)));
  const filled = (each: unknown): unknown => {
    if (typeof each === 'string') {
      const [whole, bare, index = ''] = [...each.matchAll(MARK)][0] ?? [];
      // Too much of it is nothing (VA5), and nothing is a text.
      if (whole === each && bare) return (textAt(index) && valueOf(index)) ?? '';
      return each.replace(MARK, (_, __, at: string) => textAt(at));
    }
    if (Array.isArray(each)) return each.map(filled);
    if (!isObject(each)) return each;
    const asWritten = (key: string) => key.replace(MARK, (_, __, at: string) => placeholders[Number(at)] ?? '');
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [asWritten(key), filled(inner)]));
  };
  return { kind: 'json', value: filled(read) };
}

function encoded(authored: string, vars: Variables): string {
  const bound = bounded();
  return authored.replace(STRING_OR_PLACEHOLDER, (found: string, name: string | undefined) =>
    name === undefined
      ? vars.fill(found, (inside) => bound(() => JSON.stringify(vars.text(inside)).slice(1, -1)))
      : bound(() => JSON.stringify(vars.find(name) ?? '')),
  );
}
