/**
 * Which statuses of a job the app must not hear any more, because somebody has paused or cancelled it since (contract
 * schedules §7): the app would take its row for running again.
 *
 *  MO1  After a cancel no status of the whole is posted; what became of each recipient still is (S-14).
 *  MO2  While a job is paused or held it is not told to run. It is told so when it goes on (scheduler.ts).
 *
 * Reads the disk alone: the outbox posts what waits before anything else of the scheduler is open.
 */
import { statusIn } from '../app-client/job-callbacks.ts';
import type { IsMoot } from '../app-client/outbox-rows.ts';
import type { Store } from '../store/store.ts';
import { newestOnDisk } from './books.ts';

export function mootIn(store: Store): IsMoot {
  const newest = newestOnDisk(store);
  return (row) => {
    const told = statusIn(row);
    const job = told && newest(told.ledger);
    if (job?.state === 'ended') return job.outcome === 'cancelled';
    return told?.interim === true && (job?.state === 'paused' || job?.state === 'held');
  };
}
