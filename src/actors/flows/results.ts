/**
 * What nodes bring back from elsewhere, as variables (contract flows §3.1, §3.5).
 *
 *  RS1  Values of an earlier visit go with it: no part of an old result stands beside a new one.
 *  RS2  At most 200 leaves, six levels deep, have names of their own; the whole lies under the variable, where placeholders
 *       find all others (VA3).
 */
import { isObject } from '../../content/loose.ts';
import type { Variables } from './variables.ts';

const DEEPEST = 6;
const MOST_LEAVES = 200;

/** The value, and its first level as `<name>.<key>`. */
export function setResult(vars: Variables, name: string, value: unknown): void {
  clear(vars, name);
  vars.set(name, value);
  const keys = isObject(value) ? Object.entries(value).slice(0, MOST_LEAVES) : [];
  for (const [key, each] of keys) vars.set(`${name}.${key}`, each);
}

/** The value, and every leaf as `<name>.<path>`: lists by index, with `.length`. RS2 */
export function setFlattened(vars: Variables, name: string, value: unknown): void {
  clear(vars, name);
  vars.set(name, value);
  for (const [path, leaf] of leavesOf(value)) vars.set(`${name}.${path}`, leaf);
}

function clear(vars: Variables, name: string): void {
  for (const [known] of vars.pairs()) if (known.startsWith(`${name}.`)) vars.remove(known);
}

function leavesOf(value: unknown): [path: string, leaf: unknown][] {
  const leaves: [string, unknown][] = [];
  const visit = (path: string, depth: number, each: unknown): void => {
    if (leaves.length >= MOST_LEAVES) return;
    const children = depth < DEEPEST ? childrenOf(each) : undefined;
    if (!children) {
      if (path !== '') leaves.push([path, each]);
      return;
    }
    if (Array.isArray(each)) leaves.push([under(path, 'length'), each.length]);
    for (const [key, child] of children) visit(under(path, key), depth + 1, child);
  };
  visit('', 0, value);
  return leaves;
}

const under = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** Undefined for a leaf. */
function childrenOf(value: unknown): [string, unknown][] | undefined {
  if (Array.isArray(value)) return value.map((each, index) => [String(index), each]);
  return isObject(value) ? Object.entries(value) : undefined;
}
