/**
 * Placeholders in the texts of jobs → a recipient's values (contract bulk §2.2). Three dialects that stay apart.
 *
 *  PL1  What is inserted is literal: `$` means nothing there, and inserted text is not looked at again.
 *  PL2  What is unknown stays as it is written; only text, numbers and booleans are values.
 *
 * Deliberately not here: which texts are filled (scheduler/content), and what numbers stand for (variable-map.ts).
 */
import { type Fields, firstText, mapOf } from './loose.ts';

export type Dialect = 'schedule' | 'broadcast' | 'campaign';

/** The value of a key; undefined: unknown. */
export type Lookup = (key: string) => string | undefined;
export type Fill = (text: string) => string;

/** `[^{}]` keeps a match short, whatever the text is. */
const SYNTAX: Readonly<Record<Dialect, RegExp>> = {
  schedule: /\{\{([^{}]+)\}\}/g,
  broadcast: /\{\{([^{}]+)\}\}/g,
  campaign: /\{\{\{([^{}]+)\}\}\}|\{\{([^{}]+)\}\}|\{([^{}]+)\}/g,
};

/** What a broadcast's key may be made of; anything else is no placeholder. */
const WORDS = /^[\p{L}\p{N}_.\- ]+$/u;

/** `source`: a schedule's attributes of one recipient, or a contact of a broadcast or campaign. */
export function lookupOf(dialect: Dialect, source: Fields): Lookup {
  switch (dialect) {
    case 'schedule':
      return (key) => valueIn(source, key);
    case 'broadcast':
      return broadcastLookup(source);
    case 'campaign': {
      const values = new Map([...fixedValues(source), ...lowerCased(mapOf(source['custom_attributes']) ?? {})]);
      return (key) => values.get(key.toLowerCase());
    }
    default:
      return dialect satisfies never;
  }
}

/** PL1, PL2. */
export function fillerOf(dialect: Dialect, lookup: Lookup): Fill {
  const syntax = SYNTAX[dialect];
  return (text) =>
    text.replace(syntax, (all: string, ...groups: readonly unknown[]) => {
      const inside = groups.slice(0, 3).find((group) => typeof group === 'string' && group !== '');
      const key = keyOf(dialect, typeof inside === 'string' ? inside : '');
      return (key === undefined ? undefined : lookup(key)) ?? all;
    });
}

/** What a text asks for, in order, each once; Meta and Twilio write their variables like this too. */
export function keysIn(text: string): string[] {
  return [...new Set([...text.matchAll(SYNTAX.broadcast)].map(([, key = '']) => key.trim()))].filter(Boolean);
}

/** Schedules take the inside of the braces exactly. */
function keyOf(dialect: Dialect, inside: string): string | undefined {
  if (dialect === 'schedule') return inside;
  const key = inside.trim();
  return dialect === 'broadcast' && !WORDS.test(key) ? undefined : key;
}

/** Empty values count as unknown, so an attribute can stand in for an empty field. */
function broadcastLookup(contact: Fields): Lookup {
  const attributes = mapOf(contact['custom_attributes']) ?? {};
  return (key) => {
    const lower = key.toLowerCase();
    const spellings = [key, lower, lower.replace(/[\s-]+/g, '_')];
    for (const source of [contact, attributes])
      for (const spelling of spellings) {
        const value = valueIn(source, spelling);
        if (value) return value;
      }
    return undefined;
  };
}

/** A campaign knows these of everybody, empty or not. */
function fixedValues(contact: Fields): Map<string, string> {
  const either = (...names: readonly string[]) => firstText(contact, ...names);
  return new Map([
    ['name', either('name', 'first_name')],
    ['first_name', either('first_name', 'name')],
    ['mobile', either('mobile', 'phone')],
    ['phone', either('phone', 'mobile')],
    ...['last_name', 'email', 'address', 'title', 'language'].map((name) => [name, either(name)] as const),
  ]);
}

/** For keys whose case means nothing. */
export function lowerCased(fields: Fields): Map<string, string> {
  const values = new Map<string, string>();
  for (const key of Object.keys(fields)) {
    const value = valueIn(fields, key);
    if (value !== undefined) values.set(key.trim().toLowerCase(), value);
  }
  return values;
}

function valueIn(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  if (value === null) return '';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
