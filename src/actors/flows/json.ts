/**
 * JSON that others wrote: answers of webhooks, words of an AI, results of scripts.
 *
 *  JS1  What is nested deeper than `DEEPEST` is no JSON here: it could not be stored again, because writing recurses.
 */

const DEEPEST = 100;

/** Undefined for what is no JSON, or too deep. */
export function parsedJson(text: string): unknown {
  if (isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** Counts brackets outside of strings: one step for each character, because a text may have megabytes. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') isInString = !isInString;
    else if (isInString) at += char === '\\' ? 1 : 0;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}
