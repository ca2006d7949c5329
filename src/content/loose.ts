/**
 * The app's loose types (contract README §1): numbers as text, booleans as words, lists and maps as JSON text, PHP's
 * empty values. Every reader takes whatever JSON can say and never throws.
 */

export type Fields = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text as it is, numbers as text; everything else is `''`. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : '';
}

/** The first of these fields that says something, trimmed; `''` when none does. */
export function firstText(fields: Fields, ...names: readonly string[]): string {
  for (const name of names) {
    const text = textOf(fields[name]).trim();
    if (text !== '') return text;
  }
  return '';
}

/** A number or the text of one; NaN for everything else, blank text included. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

/** A boolean or a word for one; `fallback` for everything else. */
export function flagOf(value: unknown, fallback: boolean): boolean {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (word === true || word === 1 || word === 'true' || word === '1') return true;
  if (word === false || word === 0 || word === 'false' || word === '0') return false;
  return fallback;
}

/** A list, a map with numbers as keys (PHP), or the JSON text of either; undefined for what is no list. */
export function listOf(value: unknown): readonly unknown[] | undefined {
  const read = unpacked(value);
  if (isEmpty(read)) return [];
  if (Array.isArray(read)) return read;
  return isObject(read) ? Object.values(read) : undefined;
}

/** A map, or the JSON text of one; PHP's empty list is the empty map. Undefined for what is no map. */
export function mapOf(value: unknown): Fields | undefined {
  const read = unpacked(value);
  if (isEmpty(read)) return {};
  return isObject(read) ? read : undefined;
}

/** Text that is not JSON stays text, so that it is neither a list nor a map. */
function unpacked(value: unknown): unknown {
  if (typeof value !== 'string' || value.trim() === '') return value;
  try {
    return JSON.parse(value);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return value;
    throw thrown;
  }
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (typeof value === 'string' && value.trim() === '') ||
  (Array.isArray(value) && value.length === 0);
