/**
 * What the inspector remembers of every number: redacted before it is kept, the newest 200 entries each.
 *
 *  T1  By allow-list: only event and state names of the machine's own definition (chart.ts) and the last digits of the
 *      number are kept. Contents of events, contexts and outputs are never read, so no QR, code, token or text can show.
 *  T2  Bounded: 200 entries per number, 2000 numbers; the longest silent number goes first.
 *  T3  It runs inside the machines' own steps, so it does nothing but note down; watchers are told by the feed.
 *
 * When the inspector is off no tap exists and the actors get no `inspect` at all.
 */
import type { AnyStateMachine, InspectionEvent } from 'xstate';
import type { Clock } from '../../clock.ts';
import { maskPhone } from '../../phone.ts';
import { type Chart, type ChartState, chartOf, eventLabels } from './chart.ts';

const ENTRIES_PER_NUMBER = 200;
const MAX_NUMBERS = 2_000;
const OTHER = 'other';

export type Move = { readonly region: string; readonly from: string; readonly to: string };

/** One event that a number took, and where it led. */
export type Entry = {
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  /** The key of its number's view. */
  readonly actor: string;
  readonly event: string;
  /** Regions whose state changed; empty when the event changed no state. */
  readonly moves: readonly Move[];
  /** Active states after it, as paths of the chart. */
  readonly active: readonly string[];
  readonly status: string;
};

/** A number as watchers see it. `actor` tells numbers with the same last digits apart. */
export type ActorView = {
  readonly actor: string;
  readonly number: string;
  readonly active: readonly string[];
  readonly status: string;
  /** Since when its main state is what it is, epoch ms. */
  readonly since: number;
};

type Track = {
  readonly actor: string;
  readonly number: string;
  leaves: ReadonlyMap<string, string>;
  active: readonly string[];
  status: string;
  since: number;
  readonly entries: Entry[];
};

export type Tap = {
  readonly chart: Chart;
  /** The `inspect` option for the actor of this number; ask again at every restart of the actor. */
  inspect(digits: string): (event: InspectionEvent) => void;
  actors(): ActorView[];
  /** The newest entries over all numbers, oldest first. */
  recent(limit: number): Entry[];
  /** Called for every new entry, inside the step of a machine: it must not throw and must not take long. */
  onEntry(listener: (entry: Entry, view: ActorView) => void): void;
};

export type TapOptions = { readonly machine: AnyStateMachine; readonly clock: Clock };

export function createTap({ machine, clock }: TapOptions): Tap {
  const chart = chartOf(machine);
  const labels = eventLabels(machine);
  const paths = new Set(chart.regions.flatMap(({ states }) => states.flatMap(pathsOf)));
  const isParallel = chart.regions.length > 1;
  const tracks = new Map<string, Track>();
  const listeners: ((entry: Entry, view: ActorView) => void)[] = [];
  let seq = 0;
  let numbers = 0;

  const trackOf = (digits: string): Track => {
    const known = tracks.get(digits);
    // Map keeps the order of insertion: the first key is the longest silent one (T2).
    tracks.delete(digits);
    const oldest = tracks.size >= MAX_NUMBERS ? tracks.keys().next().value : undefined;
    if (oldest !== undefined) tracks.delete(oldest);
    const track = known ?? {
      actor: `n${(numbers += 1)}`,
      number: maskPhone(digits),
      leaves: new Map(),
      active: [],
      status: 'active',
      since: clock.now(),
      entries: [],
    };
    tracks.set(digits, track);
    return track;
  };

  const note = (track: Track, type: string, status: string, value: unknown): void => {
    const active = activePaths(value, isParallel ? '' : `${chart.main}.`).filter((path) => paths.has(path));
    const leaves = leavesOf(chart, active);
    const moves = chart.regions
      .map(({ name }) => ({ region: name, from: track.leaves.get(name) ?? '', to: leaves.get(name) ?? '' }))
      .filter(({ from, to }) => from !== to);
    const at = clock.now();
    if (moves.some(({ region }) => region === chart.main)) track.since = at;
    Object.assign(track, { leaves, active, status });
    const entry = { seq: (seq += 1), at, actor: track.actor, event: labels.get(type) ?? OTHER, moves, active, status };
    track.entries.push(entry);
    if (track.entries.length > ENTRIES_PER_NUMBER) track.entries.shift();
    for (const listener of listeners) listener(entry, viewOf(track));
  };

  return {
    chart,
    inspect(digits) {
      return (inspected) => {
        if (inspected.type !== '@xstate.snapshot' || inspected.actorRef.sessionId !== inspected.rootId) return;
        const { event, snapshot } = inspected;
        note(trackOf(digits), event.type, snapshot.status, 'value' in snapshot ? snapshot.value : undefined);
      };
    },
    actors: () => [...tracks.values()].map(viewOf),
    recent: (limit) =>
      [...tracks.values()]
        .flatMap(({ entries }) => entries)
        .sort((a, b) => a.seq - b.seq)
        .slice(-limit),
    onEntry: (listener) => void listeners.push(listener),
  };
}

const viewOf = ({ actor, number, active, status, since }: Track): ActorView => ({
  actor,
  number,
  active,
  status,
  since,
});

const pathsOf = (state: ChartState): string[] => [state.path, ...state.states.flatMap(pathsOf)];

/** A state value as paths, outer states before inner ones. */
function activePaths(value: unknown, prefix: string): string[] {
  if (typeof value === 'string') return [`${prefix}${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...activePaths(inner, `${prefix}${key}.`),
  ]);
}

/** The innermost active state of each region, without the region's own name. */
function leavesOf(chart: Chart, active: readonly string[]): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const { name } of chart.regions) {
    const leaf = active.findLast((path) => path.startsWith(`${name}.`));
    if (leaf !== undefined) leaves.set(name, leaf.slice(name.length + 1));
  }
  return leaves;
}
