/**
 * The actor inspector in one piece: give `inspect` to the supervisor and the rest to the HTTP routes. Made only when
 * `INSPECT` is on.
 */
import type { AnyStateMachine, InspectionEvent } from 'xstate';
import type { Clock } from '../../clock.ts';
import type { Chart } from './chart.ts';
import { createFeed, type FeedOptions } from './feed.ts';
import { createTap } from './tap.ts';

export type Inspector = {
  /** For the actor of this number (`createActor`'s `inspect`). */
  readonly inspect: (digits: string) => (event: InspectionEvent) => void;
  readonly chart: Chart;
  readonly watch: () => ReadableStream<Uint8Array> | undefined;
  /** Ends every stream; call it before the HTTP server closes, whose deadline they would use up. */
  readonly close: () => void;
};

/** @param machine the machine whose actors are inspected. */
export function createInspector(machine: AnyStateMachine, clock: Clock, options: FeedOptions = {}): Inspector {
  const tap = createTap({ machine, clock });
  const { watch, close } = createFeed(tap, clock, options);
  return { inspect: tap.inspect, chart: tap.chart, watch, close };
}
