/**
 * Which of the variables that are set look like a misspelt name of ours: such a one has no effect, and nothing else says so.
 */
import { type Variable, VARIABLES } from './variables.ts';

/** Short names would match half of a normal environment (`HOST` is two letters from `PORT`). */
export function looksLikeOurs(name: string): boolean {
  if (name.length < 7 || VARIABLES.includes(name as Variable)) return false;
  return VARIABLES.some((own) => own.length >= 7 && distance(own, name.toUpperCase()) <= 2);
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
