/**
 * The scheduler with everything that belongs to it, for the composition root.
 */
import type { BulkSends, FlowStarts, JobNews } from '../actors/protocol.ts';
import type { WorkspaceAttributes } from '../app-client/attributes.ts';
import type { AppClient } from '../app-client/client.ts';
import { JobLookUps } from '../app-client/look-ups.ts';
import type { OutboxQueue } from '../app-client/outbox.types.ts';
import { scheduleList } from '../app-client/schedule-list.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { Books } from './books.ts';
import { listedCampaigns } from './campaign-list.ts';
import { Replies } from './replies.ts';
import { Retention } from './retention.ts';
import type { Pacing } from './pacing.ts';
import type { Jobs } from './protocol.ts';
import { Runs } from './runs.ts';
import { Scheduler } from './scheduler.ts';
import { Schedules } from './schedules.ts';
import { Sync } from './sync.ts';

export type SchedulingOptions = {
  /** The process's own store, and the outbox queue in it. */
  readonly store: Store;
  readonly queue: OutboxQueue;
  readonly sends: BulkSends;
  readonly flows: FlowStarts;
  readonly client: Pick<AppClient, 'get'>;
  readonly attributes: WorkspaceAttributes;
  /** What the app set last. */
  readonly pacing: () => Pacing;
  /** Asks the app for it again (contract settings §2); nobody waits for the answer. */
  readonly refreshPacing: () => void;
  /** The app's base URL without a trailing slash. */
  readonly appUrl: string;
  /** `SCHEDULE_GRACE_MINUTES` in ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly log: Log;
};

export type Scheduling = {
  readonly jobs: Jobs;
  readonly news: JobNews;
  /** Loads what earlier processes left; what is due goes out from then on. Answers the ids of all unfinished jobs. */
  start(): Iterable<string>;
  /** Nothing begins any more; resolves when the recipients under way are through. */
  stop(): Promise<void>;
};

export function createScheduling({ store, queue, client, attributes, ...options }: SchedulingOptions): Scheduling {
  const { clock, log, graceMs } = options;
  const books = new Books(store, queue);
  const lookUps = new JobLookUps(client, attributes);
  const runs = new Runs({ ...options, lookUps, books, random: Math.random, rearm: (job) => scheduler.rearm(job) });
  const table = store.table<number>('scheduler');
  const alive = {
    read: () => table.get('alive'),
    note: (at: number) => store.write((batch) => batch.put(table, 'alive', at)),
  };
  const scheduler = new Scheduler({ books, runs, alive, graceMs, clock, log });
  const replies = new Replies(books, runs);
  const own = { store, books, scheduler, queue, clock, log };
  const sync = new Sync({ ...own, list: (signal) => scheduleList(client, signal) });
  const campaigns = listedCampaigns({ ...own, list: (signal) => lookUps.campaigns(signal) });
  const retention = new Retention(own);
  return {
    jobs: new Schedules({ ...options, lookUps, books, runs, scheduler }),
    news: {
      receipt: (receipt) => runs.receipt(receipt),
      customerWrote: (message) => {
        replies.onCustomer(message).catch((error: unknown) => log.error({ err: error }, 'a reply could not be noted'));
      },
    },
    start: () => {
      const unfinished = scheduler.start((loaded) => log.info({ done: loaded }, 'loading jobs'));
      if (unfinished.size > 0) log.info({ count: unfinished.size }, 'jobs loaded');
      for (const each of [sync, campaigns, retention]) each.start();
      return unfinished;
    },
    stop: async () => {
      campaigns.stop();
      await Promise.all([sync.stop(), retention.stop(), scheduler.stop()]);
    },
  };
}
