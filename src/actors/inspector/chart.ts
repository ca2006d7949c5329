/**
 * The number machine as a drawing: its own definition, reduced to states and the transitions between them.
 *
 *  CH1  Everything shown comes from the machine's definition; nothing is drawn by hand, so the chart cannot be out of date.
 *  CH2  The names found here are the only state and event names that the inspector ever shows (tap.ts).
 *
 * Deliberately not here: actions, context, and anything of a running number.
 */
import type { AnyStateMachine } from 'xstate';

export type ChartState = {
  /** Keys from the root, joined by dots: `number.connecting.trying`. */
  readonly path: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly initial: boolean;
  readonly states: readonly ChartState[];
};

/** `from` and `to` are names of the region's own states; `from` is `*` when every one of them reacts. */
export type ChartTransition = {
  readonly from: string;
  readonly to: string;
  readonly event: string;
  readonly guard?: string;
};

export type ChartRegion = {
  readonly name: string;
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
};

export type Chart = {
  readonly id: string;
  /** The region with the most states: what people mean by "the state" of a number. */
  readonly main: string;
  readonly regions: readonly ChartRegion[];
};

type Definition = AnyStateMachine['definition'];
type Transition = Definition['transitions'][number];

export function chartOf(machine: AnyStateMachine): Chart {
  const root = machine.definition;
  const regions = (root.type === 'parallel' ? Object.values(root.states) : [root]).map((node) => regionOf(node, root));
  const main = regions.reduce((most, region) => (region.states.length > most.states.length ? region : most));
  return { id: root.id, main: main.name, regions };
}

/** Every event of the machine by its type, in words: the machine's own delays read `after <delay>`. */
export function eventLabels(machine: AnyStateMachine): ReadonlyMap<string, string> {
  const labels = new Map([['xstate.init', 'start']]);
  const visit = (node: Definition): void => {
    for (const transition of node.transitions) labels.set(transition.eventType, labelOf(transition));
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(machine.definition);
  return labels;
}

function regionOf(region: Definition, root: Definition): ChartRegion {
  const depth = region === root ? 0 : 1;
  const prefix = region === root ? '' : `${region.key}.`;
  const states = Object.values(region.states).map((node) => stateOf(node, prefix, region));
  const transitions: ChartTransition[] = [];
  const visit = (node: Definition): void => {
    for (const transition of node.transitions) {
      const from = transition.source.path[depth] ?? '*';
      const to = transition.target?.[0]?.path[depth];
      const isMove = to !== undefined && to !== from;
      if (isMove) transitions.push({ from, to, event: labelOf(transition), ...guardOf(transition.guard) });
    }
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(region);
  return { name: region.key, states, transitions };
}

function stateOf(node: Definition, prefix: string, parent: Definition): ChartState {
  const path = `${prefix}${node.key}`;
  return {
    path,
    name: node.key,
    tags: node.tags,
    initial: parent.initial?.target[0]?.key === node.key,
    states: Object.values(node.states).map((child) => stateOf(child, `${path}.`, node)),
  };
}

function labelOf({ eventType, source }: Transition): string {
  const delay = /^xstate\.after\.(.+)$/.exec(eventType)?.[1];
  if (delay === undefined) return eventType;
  return `after ${delay.endsWith(`.${source.id}`) ? delay.slice(0, -source.id.length - 1) : delay}`;
}

/** A guard by name, with the words it is asked for: `verdict is` + `{kind: 'retry'}` → `verdict is retry`. */
function guardOf(guard: Transition['guard']): { guard?: string } {
  if (typeof guard === 'string') return { guard };
  if (guard === undefined || !('type' in guard)) return {};
  const words = typeof guard.params === 'object' && guard.params !== null ? Object.values(guard.params) : [];
  return { guard: [guard.type, ...words.filter((word) => typeof word === 'string')].join(' ') };
}
