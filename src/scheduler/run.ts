/**
 * One occurrence of a job while it is being sent, as the number's queue sees it: its turn, what it waits for, its end
 * (contract settings §5, §6).
 *
 *  RU3  Waiting fails nobody: the daily cap waits for the next UTC day, a lost connection 10 minutes, a provider's "slow
 *       down" as long as it says. Only then the rest fails, with the reason.
 *  RU4  A run is closed once, when nobody is pending, by the transaction that carries its final callback (P8).
 *  RU5  A disk that refuses a write leaves the recipient where the disk has it, first in line: the step is done again as after
 *       a restart.
 *
 * Deliberately not here: whose turn it is (number-queue.ts), one recipient (delivery.ts), content (messenger.ts), what
 * opens a run (runs.ts).
 */
import type { BulkSends } from '../actors/protocol.ts';
import { isAccepted, isFinal } from '../machines/recipient.ts';
import { Delivery } from './delivery.ts';
import type { DeliveryDeps, Engine } from './delivery.types.ts';
import type { Books } from './books.ts';
import { recipientFacts } from './facts.ts';
import type { JobRow, LedgerRow } from './jobs.types.ts';
import type { Messenger } from './messenger.ts';
import type { Work } from './number-queue.ts';
import { batchPauseMs, gapMs, type Pacing } from './pacing.ts';
import { afterQuiet } from './quiet-hours.ts';
import { zoneOf } from './recipient-zone.ts';
import { abandoned } from './row-changes.ts';
import { RunLedger } from './run-ledger.ts';
import type { Sheet } from './sheet.ts';
import { ASK_AGAIN_MS, type Wait, Waits } from './waits.ts';

const DISCONNECTED = 'device disconnected';

export type RunDeps = DeliveryDeps & {
  readonly books: Books;
  readonly sends: Pick<BulkSends, 'isReady' | 'room'>;
  readonly pacing: () => Pacing;
  readonly random: () => number;
  /** Nobody is pending: closes the job's run. */
  readonly close: (run: Run, reason: string | undefined) => Promise<void>;
  /** The run, or every run of the number, must not go on: by itself at `until`, else by request. */
  readonly halt: (run: Run, whom: 'run' | 'number', why: string, until: number | undefined) => Promise<void>;
};

export class Run implements Work {
  readonly id: string;
  readonly occurrence: number;
  readonly sheet: Sheet;
  readonly #o: RunDeps;
  readonly #ledger: RunLedger;
  readonly #messenger: Messenger;
  readonly #delivery: Delivery;
  readonly #warmUp: JobRow['gap'];
  readonly #waits: Waits;
  /** Messages that reached WhatsApp or a provider, in this process. */
  #attempts = 0;
  readonly #begunAt: number;

  /** `job.open` is the occurrence's instant. */
  constructor(deps: RunDeps, job: JobRow, sheet: Sheet, messenger: Messenger) {
    const ledger = new RunLedger(deps.books, job, sheet);
    this.#o = deps;
    this.id = job.id;
    this.#warmUp = job.gap;
    this.occurrence = ledger.occurrence;
    this.sheet = sheet;
    this.#ledger = ledger;
    this.#messenger = messenger;
    this.#waits = new Waits(deps.clock);
    this.#begunAt = deps.clock.now();
    this.#delivery = new Delivery(deps, ledger, messenger, {
      holdUntil: (until, why) => this.holdUntil(until, why),
      failRest: (error) => this.failRest(error),
      halt: (whom, why, until) => deps.halt(this, whom, why, until),
    });
  }

  /** What it waits for, when it does. */
  get waits(): Wait | undefined {
    return this.#waits.current;
  }

  /** Messages per minute of this process's part. */
  get rate(): number {
    const minutes = (this.#o.clock.now() - this.#begunAt) / 60_000;
    return minutes > 0 ? this.#attempts / minutes : 0;
  }

  readyAt(): number {
    const at = this.sheet.readyAt();
    return Math.max(this.#waits.until, at === Infinity ? 0 : at);
  }

  gapMs(): number {
    return gapMs(this.#o.pacing(), this.#warmUp, this.#o.random());
  }

  /** The number is connected; whatever else it waits for stays. */
  connected(): void {
    this.#waits.connected();
  }

  holdUntil(until: number, why: string): void {
    this.#waits.hold(until, why);
  }

  async step(): Promise<boolean> {
    const job = this.#ledger.job();
    if (job?.state !== 'active') return false;
    const prepared = await this.#messenger.prepare();
    if (prepared.kind !== 'ready') return this.#notPrepared(prepared);
    const now = this.#o.clock.now();
    const row = this.sheet.take(now);
    if (!row) return this.#end();
    let attempted: boolean;
    try {
      attempted = await this.#turn(job, row, prepared.engine, now);
    } catch (error) {
      const durable = this.#o.books.row(this.#ledger.place(job, row)) ?? row;
      this.sheet.set(durable);
      this.sheet.untake(durable);
      throw error;
    }
    // Nobody is left, so there is nothing to wait for (S-47).
    if (this.#isThrough()) await this.#end();
    return attempted;
  }

  async #turn(job: JobRow, row: LedgerRow, engine: Engine, now: number): Promise<boolean> {
    if (isFinal(row.state) && !row.tail) return false;
    if (engine === 'baileys' && !this.#mayUseDevice(job, row)) return this.#timedOut();
    const quietUntil = job.quiet && afterQuiet(now, job.quiet, this.#zoneOf(job, row));
    if (quietUntil !== undefined && quietUntil > now && row.state === 'pending') {
      const deferred = { ...row, notBefore: quietUntil };
      this.sheet.put(deferred);
      await this.#ledger.write(job, deferred);
      return false;
    }
    const attempted = await this.#delivery.deliver(job, row, engine);
    if (!attempted) return false;
    this.#attempts += 1;
    const pause = batchPauseMs(this.#o.pacing(), this.sheet.own.total, this.#attempts, this.#o.random());
    if (pause > 0 && this.sheet.readyAt() !== Infinity)
      this.holdUntil(this.#o.clock.now() + pause, 'pause between batches');
    return true;
  }

  /** Everybody who is left fails for the same reason; the run closes with the next step. */
  async failRest(error: string): Promise<void> {
    const job = this.#ledger.job();
    if (job?.state !== 'active') return;
    const at = this.#o.clock.now();
    const rows = [...this.sheet.rows()].flatMap((row) => abandoned(row, error, job) ?? []);
    this.#ledger.failed(error);
    await this.#o.books.commit({
      rows: rows.map((row) => [this.#ledger.place(job, row), row] as const),
      facts: rows.filter(({ state }) => !isAccepted(state)).flatMap((row) => recipientFacts(job, row, at)),
    });
    for (const row of rows) this.sheet.set(row);
  }

  #zoneOf(job: JobRow, row: LedgerRow): string {
    return zoneOf(row.to ?? '', this.#messenger.recipient(row.key)?.zone, job.zone);
  }

  async #notPrepared(prepared: { kind: 'later' | 'refused'; why: string }): Promise<boolean> {
    this.#waits.missed();
    if (prepared.kind === 'refused' || this.#waits.isOver()) await this.failRest(prepared.why);
    else this.holdUntil(this.#o.clock.now() + ASK_AGAIN_MS, prepared.why);
    if (this.sheet.own.pending === 0) await this.#o.close(this, prepared.why);
    return false;
  }

  /** False while the linked device cannot, or may not, send; the row is put back. */
  #mayUseDevice(job: JobRow, row: LedgerRow): boolean {
    const { sends } = this.#o;
    const isReady = sends.isReady(job.sender);
    if (isReady) this.#waits.found();
    if (isReady && sends.room(job.sender, job.workspace) > 0) return true;
    this.sheet.untake(row);
    if (isReady) this.#waits.untilTomorrow('the daily cap of this number is reached');
    else this.#waits.forConnection();
    return false;
  }

  /** RU3 */
  async #timedOut(): Promise<boolean> {
    if (!this.#waits.isOver()) return false;
    await this.failRest(DISCONNECTED);
    this.connected();
    return false;
  }

  #isThrough(): boolean {
    return this.sheet.readyAt() === Infinity && this.sheet.own.pending === 0;
  }

  async #end(): Promise<boolean> {
    if (this.#isThrough()) {
      await this.#o.close(this, this.sheet.own.total === 0 ? 'no recipients' : this.#ledger.failure());
    } else if (this.sheet.readyAt() === Infinity) {
      throw new Error('a run has pending recipients that are in no queue');
    }
    return false;
  }
}
