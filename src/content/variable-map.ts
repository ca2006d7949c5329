/**
 * `variable_map` of a template: what its numbered variables stand for (contract bulk §2.2, §2.3).
 *
 *  VM1  Nested (`{header: [{num, key}], body: […], cards: […]}`) and flat (`{"1": "key"}`) maps mean the same; for one
 *       number the body goes before the header.
 */
import { type Fields, firstText, isObject, listOf, mapOf, textOf } from './loose.ts';
import type { Lookup } from './placeholders.ts';

/** Number, or name of a named variable → key. */
export type Numbers = ReadonlyMap<string, string>;

export type VariableMap = {
  /** As they are told for one part; empty in a flat map. */
  readonly header: Numbers;
  readonly body: Numbers;
  readonly flat: Numbers;
  /** By index of the card. */
  readonly cards: readonly Numbers[];
  /** For every text (VM1). */
  readonly all: Numbers;
};

export function variableMapOf(value: unknown): VariableMap {
  const map = mapOf(value) ?? {};
  const header = numbersOf(map['header']);
  const body = numbersOf(map['body']);
  const flat = new Map(Object.entries(map).flatMap(([number, key]) => (/^\d+$/.test(number) ? pair(number, key) : [])));
  const cards = (listOf(map['cards']) ?? []).map((card) =>
    isObject(card) && (card['body'] ?? card['header']) !== undefined
      ? new Map([...numbersOf(card['header']), ...numbersOf(card['body'])])
      : numbersOf(card),
  );
  return { header, body, flat, cards, all: new Map([...header, ...flat, ...body]) };
}

/** A lookup that knows the numbers too. */
export const numbered =
  (lookup: Lookup, numbers: Numbers): Lookup =>
  (key) =>
    lookup(numbers.get(key) ?? key);

/** A list of `{num, key}`, or a map from number to key. */
function numbersOf(value: unknown): Numbers {
  const map: Fields = mapOf(value) ?? Object.fromEntries((listOf(value) ?? []).entries());
  return new Map(
    Object.entries(map).flatMap(([number, entry]) =>
      isObject(entry) ? pair(firstText(entry, 'num'), entry['key']) : pair(number, entry),
    ),
  );
}

function pair(number: string, key: unknown): [string, string][] {
  const name = textOf(key).trim();
  return number === '' || name === '' ? [] : [[number, name]];
}
