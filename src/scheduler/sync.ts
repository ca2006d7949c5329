/**
 * The app's list of schedules, read each minute, against the jobs that are here (contract schedules §10).
 *
 *  SY1  Asked for at start until it answers, then every 60 s; a failed answer changes nothing (S-05).
 *  SY2  What the list has and nobody registered is registered (S-06); what was edited reaches the job that is pending (S-49),
 *       never a run in progress.
 *  SY3  A row that is missing deletes nothing: its job is held after two complete answers, after one for what an earlier
 *       process left (S-48), and goes on when the row is back.
 *  SY4  What was decided here after the question was asked is newer than its answer.
 *  SY5  A job that has ended while its row is alive has told so in vain: its last callback is sent again (S-40).
 *
 * Deliberately not here: what is new in a row (listed.ts), rows that make no sense (refused-rows.ts), what becomes of
 * overdue jobs (due-jobs.ts, S-02).
 */
import type { OutboxQueue } from '../app-client/outbox.types.ts';
import type { ActiveRow, ScheduleList } from '../app-client/schedule-list.ts';
import { type Ticker, ticker } from '../app-client/ticker.ts';
import { type Clock, sleep } from '../clock.ts';
import type { Log } from '../log.ts';
import { isFinal } from '../machines/recipient.ts';
import type { Store } from '../store/store.ts';
import type { Books } from './books.ts';
import { keyOfApp } from './drafts.ts';
import { closedFacts } from './facts.ts';
import type { JobRow } from './jobs.types.ts';
import { finalTotals } from './ledger.ts';
import { isReborn, isSame, type Listed, listedOf, registrationOf, revisionOf } from './listed.ts';
import { RefusedRows } from './refused-rows.ts';
import type { Scheduler } from './scheduler.ts';

const EACH_MS = 60_000;
const FIRST_PAUSE_MS = 1_000;
/** SY5 */
const FINAL_AGAIN_MS = 600_000;
const FINAL_TRIES = 30;
/** Changes under way at once, and rows looked at before others have their turn. */
const AT_ONCE = 50;
const IN_A_ROW = 25;

export type SyncOptions = {
  readonly list: (signal?: AbortSignal) => Promise<ScheduleList>;
  readonly scheduler: Scheduler;
  readonly books: Books;
  /** The process's own store, and the outbox queue in it. */
  readonly store: Store;
  readonly queue: OutboxQueue;
  readonly clock: Clock;
  readonly log: Log;
};

export class Sync {
  readonly #o: SyncOptions;
  readonly #ticker: Ticker;
  readonly #startedAt: number;
  readonly #refused: RefusedRows;
  #round: Promise<boolean> | undefined;
  #failures = 0;
  #answered = false;
  #hadComplete = false;
  /** Complete answers in a row that lacked the job's row, since its last change. */
  #missing = new Map<string, { readonly since: number; readonly count: number }>();
  readonly #finals = new Map<string, { readonly at: number; readonly count: number }>();

  constructor(options: SyncOptions) {
    this.#o = options;
    this.#startedAt = options.clock.now();
    this.#refused = new RefusedRows(options);
    this.#ticker = ticker(options.clock, (signal) => this.#turn(signal));
  }

  start(): void {
    this.#ticker.start();
  }

  /** Resolves when nothing of a round is under way any more. */
  async stop(): Promise<void> {
    this.#ticker.stop();
    await this.#round;
  }

  /** One round, or the one that is under way; false when the app did not answer. Never rejects. */
  now(signal?: AbortSignal): Promise<boolean> {
    this.#round ??= this.#read(signal)
      .catch((error: unknown) => {
        this.#o.log.error({ err: error }, 'the list of schedules could not be followed');
        return false;
      })
      .finally(() => (this.#round = undefined));
    return this.#round;
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const { clock } = this.#o;
    const startedAt = clock.now();
    this.#failures = (await this.now(signal)) ? 0 : this.#failures + 1;
    if (!this.#answered) return Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), EACH_MS);
    return Math.max(0, startedAt + EACH_MS - clock.now());
  }

  async #read(signal?: AbortSignal): Promise<boolean> {
    const { list, clock, log, scheduler } = this.#o;
    const askedAt = clock.now();
    const answer = await list(signal);
    if (answer.kind === 'no answer') {
      if (this.#failures === 0) log.warn({ reason: answer.why }, 'the list of schedules could not be read');
      return false;
    }
    const ids = new Set<number>();
    const works: Promise<void>[] = [];
    for (const [index, row] of answer.rows.entries()) {
      ids.add(row.id);
      const work = row.kind === 'row' ? this.#row(row, askedAt) : this.#refused.report(row.id, row.why, row.why);
      if (work) works.push(work.catch((error: unknown) => this.#failed(error, row.id)));
      if (works.length >= AT_ONCE) await Promise.all(works.splice(0));
      if (index % IN_A_ROW === IN_A_ROW - 1) await sleep(clock, 0);
    }
    await Promise.all(works);
    if (answer.complete) await this.#absent(ids, askedAt);
    if (!this.#answered) scheduler.openGate();
    this.#answered = true;
    return true;
  }

  /** Undefined: nothing is new, which is so for nearly every row. */
  #row(row: ActiveRow, askedAt: number): Promise<void> | undefined {
    const { books, clock } = this.#o;
    const job = books.jobOf(keyOfApp('bulk', row.id));
    if (job) this.#missing.delete(job.id);
    // SY4
    if (job && (job.changedAt >= askedAt || job.kind === 'single')) return undefined;
    const listed = listedOf(row, clock.now());
    if (!job) return this.#register(row, listed);
    if (job.state === 'ended') return this.#ended(job, row, listed, askedAt);
    return job.state !== 'held' && isSame(job.listed, listed) ? undefined : this.#known(job, row, listed);
  }

  async #register(row: ActiveRow, listed: Listed): Promise<void> {
    const { books, clock, scheduler } = this.#o;
    const { bridgeId = '' } = row;
    const draft = registrationOf(row, row.body, listed, clock.now());
    const id = /^[\w-]{1,100}$/.test(bridgeId) && !books.job(bridgeId) ? { id: bridgeId } : {};
    if (draft.kind === 'draft') await scheduler.register({ ...draft, row: { ...draft.row, ...id } }, row.body);
    else
      await this.#refused.report(
        row.id,
        listed.digest ?? '',
        draft.kind === 'unreadable' ? draft.why : draft.kind,
        row.sender,
      );
  }

  /** SY2 */
  async #known({ id, state }: JobRow, row: ActiveRow, listed: Listed): Promise<void> {
    const { books, clock, scheduler } = this.#o;
    if (state === 'held') await scheduler.order('release', id);
    const job = books.job(id);
    if (!job || job.state === 'ended' || isSame(job.listed, listed)) return;
    if (job.open !== undefined) {
      const { advances, at } = listed;
      if (job.listed?.advances !== advances) await scheduler.note(id, { listed: { ...job.listed, advances, at } });
      return;
    }
    const revision = revisionOf(job, books.payload(id), row, listed, this.#hasSent(job), clock.now());
    if (revision.kind === 'unchanged') await scheduler.note(id, { listed });
    else if (revision.kind === 'revised') await scheduler.revise(id, revision.draft, revision.body, revision.also);
    else {
      await scheduler.order('hold', id, revision.why);
      await this.#refused.report(row.id, listed.digest ?? '', revision.why, row.sender);
    }
  }

  /** SY5 */
  async #ended(job: JobRow, row: ActiveRow, listed: Listed, askedAt: number): Promise<void> {
    const { books, clock, scheduler } = this.#o;
    if (!isSame(job.listed, listed)) {
      const body = { ...books.payload(job.id), ...row.body };
      const draft = registrationOf(row, body, listed, clock.now());
      if (draft.kind === 'draft' && isReborn(job, draft, listed)) {
        await scheduler.register({ ...draft, row: reborn(job, draft.row) }, body);
        return;
      }
      await scheduler.note(job.id, { listed });
    }
    const { endedAt = askedAt } = job;
    const last = this.#finals.get(job.id) ?? { at: endedAt, count: 0 };
    const waitMs = job.kind === 'recurring' ? 0 : FINAL_AGAIN_MS;
    const isDue = endedAt < askedAt && clock.now() - last.at >= waitMs && last.count < FINAL_TRIES;
    if (job.outcome === 'cancelled' || !isDue) return;
    this.#finals.set(job.id, { at: clock.now(), count: last.count + 1 });
    const totals = finalTotals(scheduler.totals(job), job.recipients);
    await books.commit({ facts: closedFacts(job, totals, job.reason, true, job.lastRunAt ?? endedAt) });
  }

  /** SY3 */
  async #absent(listed: ReadonlySet<number>, askedAt: number): Promise<void> {
    const { books, scheduler } = this.#o;
    const missing = new Map<string, { since: number; count: number }>();
    const held: Promise<unknown>[] = [];
    for (const id of scheduler.unfinished()) {
      const job = books.job(id);
      if (!job || !mayMiss(job) || listed.has(job.appId ?? 0) || job.changedAt >= askedAt) continue;
      const before = this.#missing.get(id);
      const count = before?.since === job.changedAt ? before.count + 1 : 1;
      missing.set(id, { since: job.changedAt, count });
      const enough = !this.#hadComplete && job.changedAt < this.#startedAt ? 1 : 2;
      if (count < enough) continue;
      held.push(
        scheduler
          .order('hold', id, "the app's list of schedules lacks it")
          .catch((error: unknown) => this.#failed(error, job.appId)),
      );
    }
    await Promise.all(held);
    this.#missing = missing;
    this.#hadComplete = true;
    for (const id of this.#finals.keys()) if (!listed.has(books.job(id)?.appId ?? 0)) this.#finals.delete(id);
    await this.#refused.keepOnly(listed);
  }

  /** Somebody was, or is being, sent under this job's ledger. */
  #hasSent(job: JobRow): boolean {
    if (job.runs > 0) return true;
    for (const [, { state }] of this.#o.books.rows(job.ledger)) if (isFinal(state) && state !== 'skipped') return true;
    return false;
  }

  #failed(error: unknown, appId: number | undefined): void {
    this.#o.log.error({ err: error, scheduleId: appId ?? 0 }, 'a row of the list of schedules could not be followed');
  }
}

/** The app knows it by the id that it had. */
const reborn = ({ id, createdAt, workspace }: JobRow, row: JobRow): JobRow => ({
  ...row,
  ...{ id, createdAt },
  ...(workspace !== undefined && { workspace }),
});

const mayMiss = ({ kind, appId = 0, state }: JobRow): boolean =>
  (kind === 'bulk' || kind === 'recurring') && appId > 0 && state === 'active';
