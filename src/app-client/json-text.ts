/**
 * What the app is sent, as JSON.
 *
 *  JT1  Half a surrogate pair, in a value or a name, becomes a replacement character: PHP refuses a text with one as a
 *       whole.
 */

/** An escaped backslash, so that what follows one is not taken for an escape, or half a pair. */
const HALF = /\\\\|\\ud[89a-f][\da-f]{2}/g;

export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replace(HALF, (found) => (found === '\\\\' ? found : '\uFFFD'));
