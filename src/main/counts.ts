/** What `/health` and the metrics count of the numbers. */
import type { Numbers } from '../actors/protocol.ts';

export function countNumbers(numbers: Numbers): { known: number; ready: number; starting: number } {
  const counts = { known: 0, ready: 0, starting: 0 };
  for (const view of numbers.all()) {
    counts.known += 1;
    if (view.ready) counts.ready += 1;
    else if (view.state !== 'disconnected') counts.starting += 1;
  }
  return counts;
}

export function statesOf(numbers: Numbers): Record<string, number> {
  const states: Record<string, number> = {};
  for (const { state } of numbers.all()) states[state] = (states[state] ?? 0) + 1;
  return states;
}
