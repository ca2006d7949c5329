/**
 * Brings every saved login back at process start, a few at a time, and says how far it is.
 *
 * B1  A healthy login is connected without a QR; an incomplete one is left alone and reported as Disconnected; one that the
 *     operator stopped stays stopped (contract README §9, C-51).
 * B2  At most `concurrency` numbers are connecting for the first time at once; a number that cannot connect gives its place
 *     back after `attemptMs` and goes on trying by itself.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { maskPhone } from '../phone.ts';
import type { DeviceStores } from '../store/store.ts';
import type { NumberRecords } from './number-record.ts';
import type { Supervisor } from './supervisor.ts';
import type { Views } from './views.ts';

export type RestoreProgress = { readonly done: number; readonly total: number; readonly finished: boolean };

export type AdoptOptions = {
  readonly stores: DeviceStores;
  readonly supervisor: Supervisor;
  /** Then no further folder is opened. */
  readonly isStopping: () => boolean;
  readonly log: Log;
  /** Opens one number's folder (engines/unofficial/create.ts). */
  readonly adopt: (digits: string) => Promise<void>;
};

export type RestoreOptions = {
  readonly records: NumberRecords;
  readonly supervisor: Supervisor;
  readonly views: Views;
  readonly clock: Clock;
  readonly concurrency: number;
  /** How long one number may keep its place in the first round. */
  readonly attemptMs: number;
  readonly onProgress: (progress: RestoreProgress) => void;
};

/**
 * Makes every saved login known: its unsent callbacks are posted and its journal is recovered from now on, whether or not
 * it will connect. Returns the numbers whose folder can be used.
 */
export async function adoptAll({ stores, supervisor, isStopping, log, adopt }: AdoptOptions): Promise<string[]> {
  const adopted: string[] = [];
  for (const digits of stores.list()) {
    if (isStopping()) break;
    try {
      await adopt(digits);
      supervisor.adopt(digits);
      adopted.push(digits);
    } catch (error) {
      // One unreadable folder must not keep the others offline.
      log.error({ err: error, number: maskPhone(digits) }, 'a saved login could not be opened');
    }
  }
  return adopted;
}

/** Resolves when every saved login was tried once. Stops early when the supervisor drains. */
export async function restoreAll(numbers: readonly string[], options: RestoreOptions): Promise<void> {
  const { records, supervisor, views, clock, concurrency, attemptMs, onProgress } = options;
  const waiting = [...numbers];
  const total = waiting.length;
  let done = 0;
  onProgress({ done, total, finished: total === 0 });

  const restoreOne = async (digits: string): Promise<void> => {
    const { stopped } = records.read(digits);
    supervisor.command(digits, { type: 'restore' });
    if (!stopped && views.view(digits).paired) {
      const settled = () =>
        supervisor.child(digits)?.sockets.opened === true || views.view(digits).state === 'disconnected';
      await views.until(digits, settled, clock.now() + attemptMs);
    }
    done += 1;
    onProgress({ done, total, finished: done === total });
  };
  const worker = async (): Promise<void> => {
    for (let digits = waiting.shift(); digits !== undefined; digits = waiting.shift()) {
      if (supervisor.draining) return;
      await restoreOne(digits);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
