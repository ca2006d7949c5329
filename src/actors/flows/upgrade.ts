/**
 * What an earlier version of the bridge left on disk in another form. For the start of a process, before sessions go on.
 *
 *  UP1  A reply that was kept without what it might start cannot be decided on: it is dropped, and the log says so.
 *  UP2  A definition that no day of use is noted for gets those of the sessions that run on it (definitions.ts DF2).
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { lastActAt } from './deadlines.ts';
import type { Definitions } from './definitions.ts';
import type { Rows } from './rows.ts';

export type UpgradeOptions = {
  readonly rows: Rows;
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly log: Log;
};

export function upgrade({ rows, definitions, clock, log }: UpgradeOptions): void {
  const old = rows.kept.ofOldForm();
  if (old.length > 0) log.warn({ count: old.length }, 'replies that an earlier version kept are dropped');
  const users = definitions.hasUnmarked() ? [...rows.all(undefined)].filter(({ ended }) => !ended) : [];
  const failed = (error: unknown) =>
    log.error({ err: error }, 'what an earlier version left could not be written anew');
  rows
    .write((batch) => {
      for (const id of old) rows.kept.drop(batch, id);
      for (const row of users)
        for (const { hash } of row.calls) definitions.use(batch, hash, Math.max(clock.now(), lastActAt(row)));
    })
    .catch(failed);
}
