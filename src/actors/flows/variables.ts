/**
 * The variables of one conversation, and the only resolver of placeholders in flows (contract flows §4).
 *
 *  VA1  Every name is an ordinary key, `__proto__` and `constructor` too (F-48): they lie in a Map and are stored as pairs;
 *       inside values only own keys are looked at.
 *  VA2  Names that begin with `__` are the runtime's own: no placeholder shows them.
 *  VA3  A name is looked for as it is written, then in lower case, then step by step along its dots, whatever the case.
 *  VA4  What is inserted is literal: it is not looked at again, so a customer's `{{…}}` shows nothing.
 *  VA5  A text that is too long for everybody takes no more values: some letters of a template cannot fill the memory.
 */
import { isObject } from '../../content/loose.ts';

/** Anything but braces inside; `[^{}]` keeps a match short, whatever the text is. */
const PLACEHOLDER = /\{\{([^{}]+)\}\}/g;

/** More than any request may have (contract flows §3.1). */
const LONGEST_FILLED = 5 * 1_048_576;

/** What stands for an object where people read it: Google nodes and Deal. */
const HUMAN_FIELDS = ['title', 'name', 'label', 'value', 'text', 'email', 'id'];

export class Variables {
  readonly #values: Map<string, unknown>;

  constructor(pairs: Iterable<readonly [string, unknown]> = []) {
    this.#values = new Map(pairs);
  }

  /** Exactly this name. */
  get(name: string): unknown {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  set(name: string, value: unknown): void {
    this.#values.set(name, value);
  }

  remove(name: string): void {
    this.#values.delete(name);
  }

  pairs(): [string, unknown][] {
    return [...this.#values];
  }

  /** VA2, VA3; undefined: there is no such variable. A stored null, `''`, 0 or false is a value. */
  find(name: string): unknown {
    const key = name.trim();
    if (key === '' || isOwn(key)) return undefined;
    if (this.#values.has(key)) return this.#values.get(key);
    const lower = key.toLowerCase();
    return this.#values.has(lower) ? this.#values.get(lower) : this.#walk(lower);
  }

  /** As a customer sees it; `''` when there is none. */
  text(name: string): string {
    return shown(this.find(name));
  }

  /** VA4. `insert` takes the name without braces and the whole placeholder. */
  fill(text: string, insert: (name: string, placeholder: string) => string = (name) => this.text(name)): string {
    const bound = bounded();
    return text.replace(PLACEHOLDER, (placeholder, name: string) => bound(() => insert(name.trim(), placeholder)));
  }

  /** For Google nodes and Deal: objects by their first human field, and tags for the time (UTC) where no variable has that name. */
  fillForPeople(text: string, now: number): string {
    return this.fill(text, (name) => {
      const value = this.find(name);
      return value === undefined ? timeTag(name.toLowerCase(), now) : humanText(value);
    });
  }

  /** The longest beginning that is a variable; several that differ in case only: the first set. */
  #walk(name: string): unknown {
    const beginnings: { readonly length: number; readonly value: unknown }[] = [];
    for (const [key, value] of this.#values) {
      const lower = key.toLowerCase();
      const isMeant = name.startsWith(lower) && (name.length === lower.length || name[lower.length] === '.');
      if (isMeant && !isOwn(key)) beginnings.push({ length: lower.length, value });
    }
    for (const { length, value } of beginnings.toSorted((a, b) => b.length - a.length)) {
      const steps = length === name.length ? [] : name.slice(length + 1).split('.');
      const found = steps.reduce(inside, value);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** VA5, for one text. */
export function bounded(): (insert: () => string) => string {
  let length = 0;
  return (insert) => {
    const inserted = length > LONGEST_FILLED ? '' : insert();
    length += inserted.length;
    return inserted;
  };
}

/** VA2 */
export const isOwn = (name: string): boolean => name.startsWith('__');

/** Text as it is, objects as JSON. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function inside(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return /^\d+$/.test(step) ? value[Number(step)] : undefined;
  if (!isObject(value)) return undefined;
  const key = Object.keys(value).find((name) => name.toLowerCase() === step);
  return key === undefined ? undefined : value[key];
}

function humanText(value: unknown): string {
  if (!isObject(value)) return shown(value);
  const texts = HUMAN_FIELDS.filter((field) => Object.hasOwn(value, field)).map((field) => shown(value[field]));
  return texts.find((text) => text !== '') ?? shown(value);
}

function timeTag(name: string, now: number): string {
  const iso = new Date(now).toISOString();
  switch (name) {
    case 'timestamp':
    case 'execution_timestamp':
    case 'now':
      return iso.slice(0, 19).replace('T', ' ');
    case 'date':
      return iso.slice(0, 10);
    case 'time':
      return iso.slice(11, 19);
    case 'iso_timestamp':
      return iso;
    default:
      return '';
  }
}
