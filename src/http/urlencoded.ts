/**
 * `application/x-www-form-urlencoded` with brackets, as PHP and browsers write it: `phones[]=1`, `phones[0]=1`,
 * `location[latitude]=2` (contract README §1, "extended").
 *
 *  U1  Work is bounded: 5000 fields (1000 phones of clients-status and the rest of a form fit), 8 levels. More fields are
 *      seen before any is read: 50 MB of `a&a&…` would hold up every number for half a minute, and a stranger may send them.
 *  U2  A key that names something of a prototype is left out, at every level.
 */

const MAX_FIELDS = 5_000;
const MAX_DEPTH = 8;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

type Tree = Map<string, Tree | string>;

/** The form's fields, or undefined when it is beyond the bounds of U1. */
export function parseUrlencoded(text: string): Record<string, unknown> | undefined {
  if (hasMoreThan(MAX_FIELDS, text)) return undefined;
  const root: Tree = new Map();
  let fields = 0;
  for (const [key, value] of new URLSearchParams(text)) {
    fields += 1;
    const path = segments(key);
    if (fields > MAX_FIELDS || path.length > MAX_DEPTH) return undefined;
    if (!path.some((segment) => FORBIDDEN.has(segment))) put(root, path, value);
  }
  return Object.fromEntries([...root].map(([key, node]) => [key, plain(node)]));
}

/** Separators; there may be one behind the last field. */
function hasMoreThan(most: number, text: string): boolean {
  let count = 0;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) if (++count > most) return true;
  return false;
}

/** `a[b][]` → `['a', 'b', '']`; a key whose brackets do not fit is taken as it stands. */
function segments(key: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])+)$/.exec(key);
  return match ? [match[1] as string, ...(match[2] as string).slice(1, -1).split('][')] : [key];
}

function put(root: Tree, path: readonly string[], value: string): void {
  let node = root;
  for (const [index, segment] of path.entries()) {
    const key = segment === '' && index > 0 ? nextIndex(node) : segment;
    if (index === path.length - 1) {
      node.set(key, value);
      return;
    }
    let next = node.get(key);
    if (!(next instanceof Map)) {
      next = new Map();
      node.set(key, next);
    }
    node = next;
  }
}

/** Of `a[]`: behind what is there, and never the place of another. */
function nextIndex(node: Tree): string {
  let index = node.size;
  while (node.has(String(index))) index += 1;
  return String(index);
}

/** Keys 0, 1, 2… make a list, as in PHP. */
function plain(node: Tree | string): unknown {
  if (typeof node === 'string') return node;
  const isList = [...node.keys()].every((key, index) => key === String(index));
  return isList
    ? [...node.values()].map(plain)
    : Object.fromEntries([...node].map(([key, value]) => [key, plain(value)]));
}
