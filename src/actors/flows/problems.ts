/**
 * What is wrong with a flow, found when it is read (contract flows §2): for authors, in `POST /api/flow/validate` and the log.
 *
 *  PR1  Nothing here keeps a flow from running: customers get what works of it.
 *  PR2  Fields are looked at by their names on the wire; of a flow as the builder stores it only the shape is judged.
 */
import { readFlow } from './definition.ts';
import type { Flow, FlowNode, FlowProblem } from './definition.types.ts';
import { kindOf } from './nodes/index.ts';

export function problemsOf(definition: unknown): FlowProblem[] {
  const { flow, lost, built } = readFlow(definition);
  if (flow.start === undefined) return [{ level: 'error', code: 'empty', message: 'The flow has no nodes' }];
  const own = [...flow.nodes.values()].flatMap((node) => {
    const found = kindOf(node.type).check?.(node, flow) ?? [];
    const told = built.has(node.id) ? found.filter(({ code }) => SHAPE.has(code)) : found;
    return told.map((problem): FlowProblem => ({ ...problem, nodeId: node.id }));
  });
  const edges = lost.map(({ from, port, to }): FlowProblem => {
    const message = `Port ${port} of ${from} leads to ${to}, and one of them is not in the flow`;
    return { level: 'error', code: 'no node behind edge', nodeId: from, message };
  });
  return [...own, ...edges, ...unreachable(flow), ...loops(flow)];
}

/** PR2 */
const SHAPE: ReadonlySet<FlowProblem['code']> = new Set(['unknown type', 'call node']);

type Ways = ReadonlyMap<string, readonly string[]>;

function waysOf(flow: Flow): Ways {
  const ways = new Map([...flow.nodes.keys()].map((id): [string, string[]] => [id, []]));
  for (const { from, to } of flow.edges) ways.get(from)?.push(to);
  return ways;
}

/** These nodes and all that can follow them, without those that were `seen`, to which they are added. */
function reached(ways: Ways, from: Iterable<string>, seen = new Set<string>()): Set<string> {
  const found = new Set<string>();
  const open = [...from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    found.add(id);
    open.push(...(ways.get(id) ?? []));
  }
  return found;
}

function unreachable(flow: Flow): FlowProblem[] {
  const nodes = [...flow.nodes.values()];
  const entries = nodes.filter(({ id, jump }) => id === flow.start || jump !== undefined).map(({ id }) => id);
  const seen = reached(waysOf(flow), entries);
  return nodes
    .filter(({ id }) => !seen.has(id))
    .map(({ id, label }) => ({
      level: 'warning',
      code: 'unreachable',
      nodeId: id,
      message: `No way leads to ${label}`,
    }));
}

/** Ways back to a node that pass no wait for the customer: they end at the guard of 20 runs (contract flows §6.6). */
function loops(flow: Flow): FlowProblem[] {
  const all = waysOf(flow);
  const quick = new Set([...flow.nodes.values()].filter((node) => !waits(node, flow)).map(({ id }) => id));
  const ways = new Map([...quick].map((id) => [id, (all.get(id) ?? []).filter((to) => quick.has(to))]));
  const loopOf = circlesOf(ways);
  const told = new Set<ReadonlySet<string>>();
  const problems: FlowProblem[] = [];
  for (const id of ways.keys()) {
    const loop = loopOf.get(id);
    if (!loop || told.has(loop)) continue;
    told.add(loop);
    const canLeave = [...loop].some((one) => all.get(one)?.some((to) => !loop.has(to)));
    const names = [...loop].map((one) => flow.nodes.get(one)?.label ?? one).toSorted();
    const message = `The loop of ${names.join(', ')} passes no node that waits for the customer`;
    problems.push({ level: canLeave ? 'warning' : 'error', code: 'loop without wait', nodeId: id, message });
  }
  return problems;
}

/** The nodes that one can come back to, each with all that lie on such a way: strongly connected, in two passes. */
function circlesOf(ways: Ways): Map<string, ReadonlySet<string>> {
  const back = new Map([...ways.keys()].map((id): [string, string[]] => [id, []]));
  for (const [from, next] of ways) for (const to of next) back.get(to)?.push(from);
  const circles = new Map<string, ReadonlySet<string>>();
  const seen = new Set<string>();
  for (const id of finished(ways).toReversed()) {
    const circle = reached(back, [id], seen);
    if (circle.size > 1 || ways.get(id)?.includes(id)) for (const one of circle) circles.set(one, circle);
  }
  return circles;
}

/** Each node behind all that follow it, but for what leads back. */
function finished(ways: Ways): string[] {
  const ids: string[] = [];
  const seen = new Set<string>();
  const open = [...ways.keys()].map((id) => ({ id, isDone: false }));
  for (let step = open.pop(); step; step = open.pop()) {
    const { id, isDone } = step;
    if (isDone) ids.push(id);
    if (isDone || seen.has(id)) continue;
    seen.add(id);
    open.push({ id, isDone: true }, ...(ways.get(id) ?? []).map((to) => ({ id: to, isDone: false })));
  }
  return ids;
}

function waits(node: FlowNode, flow: Flow): boolean {
  const kind = kindOf(node.type);
  return kind.waits ? kind.waits(node, flow) : kind.match !== undefined;
}
