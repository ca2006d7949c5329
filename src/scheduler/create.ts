/**
 * The scheduler with everything that belongs to it, for the composition root.
 */
import type { BulkSends, JobReceipt } from '../actors/protocol.ts';
import type { OutboxQueue } from '../app-client/outbox.types.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { Books } from './books.ts';
import type { LookUps, MessengerDeps } from './messenger.ts';
import type { Pacing } from './pacing.ts';
import type { Jobs } from './protocol.ts';
import { Runs } from './runs.ts';
import { Scheduler } from './scheduler.ts';
import { Schedules } from './schedules.ts';

export type SchedulingOptions = {
  /** The process's own store, and the outbox queue in it. */
  readonly store: Store;
  readonly queue: OutboxQueue;
  readonly sends: BulkSends;
  readonly lookUps: LookUps;
  /** What the app set last. */
  readonly pacing: () => Pacing;
  readonly places: MessengerDeps['places'];
  /** `SCHEDULE_GRACE_MINUTES` in ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly log: Log;
};

export type Scheduling = {
  readonly jobs: Jobs;
  /** Durable when it resolves. */
  receipt(receipt: JobReceipt): Promise<void>;
  /** Loads what earlier processes left; what is due goes out from then on. Answers the ids of all unfinished jobs. */
  start(): Iterable<string>;
  /** Nothing begins any more; resolves when the recipients under way are through. */
  stop(): Promise<void>;
};

export function createScheduling({ store, queue, ...options }: SchedulingOptions): Scheduling {
  const { clock, log, graceMs } = options;
  const books = new Books(store, queue);
  const runs = new Runs({ ...options, books, random: Math.random, rearm: (job) => scheduler.rearm(job) });
  const table = store.table<number>('scheduler');
  const alive = {
    read: () => table.get('alive'),
    note: (at: number) => store.write((batch) => batch.put(table, 'alive', at)),
  };
  const scheduler = new Scheduler({ books, runs, alive, graceMs, clock, log });
  return {
    jobs: new Schedules({ ...options, books, runs, scheduler }),
    receipt: (receipt) => runs.receipt(receipt),
    start: () => {
      const unfinished = scheduler.start((loaded) => log.info({ done: loaded }, 'loading jobs'));
      if (unfinished.size > 0) log.info({ count: unfinished.size }, 'jobs loaded');
      return unfinished;
    },
    stop: () => scheduler.stop(),
  };
}
