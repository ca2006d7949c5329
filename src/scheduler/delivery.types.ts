/** What one recipient's delivery needs, and what it may ask of its run. */
import type { BulkRequest, BulkSends, FlowStarts } from '../actors/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

export type Engine = BulkRequest['engine'];

/** What an outcome may ask of the run. */
export type DeliveryRun = {
  readonly holdUntil: (until: number, why: string) => void;
  /** Everybody who is left fails for the same reason. */
  readonly failRest: (error: string) => Promise<void>;
  /** The run, or every run of the number, must not go on: by itself at `until`, else by request. */
  readonly halt: (whom: 'run' | 'number', why: string, until: number | undefined) => Promise<void>;
};

export type DeliveryDeps = {
  readonly sends: Pick<BulkSends, 'send'>;
  readonly flows: Pick<FlowStarts, 'start'>;
  readonly clock: Clock;
  readonly log: Log;
};
