/** What the checks of several kinds of nodes look for (problems.ts). */
import { firstText, textOf } from '../../content/loose.ts';
import type { Flow, FlowNode, FlowProblem } from './definition.types.ts';

type Problem = Omit<FlowProblem, 'nodeId'>;

/** Wrong unless one of these fields says something. */
export function missing(
  { fields, label }: FlowNode,
  level: FlowProblem['level'],
  ...names: readonly string[]
): Problem[] {
  if (firstText(fields, ...names) !== '') return [];
  return [{ level, code: 'field missing', message: `${label} has no ${names[0]}` }];
}

export function tooLong({ fields, label }: FlowNode, name: string, limit: number): Problem[] {
  return textOf(fields[name]).length <= limit ? [] : [cut(`${name} of ${label} has more than ${limit} characters`)];
}

export const cut = (message: string): Problem => ({ level: 'warning', code: 'too long', message });

/** `ports`: what leads there, by port. */
export function unwired({ id, label }: FlowNode, { edges }: Flow, ports: ReadonlyMap<number, string>): Problem[] {
  const wired = new Set(edges.filter(({ from }) => from === id).map(({ port }) => port));
  return [...ports]
    .filter(([port]) => !wired.has(port))
    .map(([, what]) => ({ level: 'warning', code: 'missing edge', message: `${what} of ${label} leads nowhere` }));
}
