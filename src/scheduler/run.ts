/**
 * One occurrence of a job while it is being sent: the next recipient, what became of it, the end (contract settings §5, §6).
 *
 *  RU1  A recipient's id is durable before anything is handed over, and its result, with what the app is told of it, right
 *       after: killed anywhere, the linked device gets the same message again and a provider's outcome is `unknown` (P6).
 *       A flow is started once under that id, whatever the engine.
 *  RU2  The job's state is read before each message, also between the two messages of one recipient: after a pause or
 *       cancel none begins.
 *  RU3  Waiting fails nobody: the daily cap waits for the next UTC day, a lost connection 10 minutes, a provider's "slow
 *       down" as long as it says. Only then the rest fails, with the reason.
 *  RU4  A run is closed once, when nobody is pending, by the transaction that carries its final callback (P8).
 *  RU5  A disk that refuses a write leaves the recipient where the disk has it, first in line: the step is done again as after
 *       a restart. What goes wrong with one recipient's content fails that recipient, not the run (S-18).
 *
 * Deliberately not here: whose turn it is (number-queue.ts), content (messenger.ts), what opens a run (runs.ts).
 */
import type { BulkOutcome, BulkRequest, BulkSends, FlowStarts } from '../actors/protocol.ts';
import type { JobFact } from '../app-client/callbacks.types.ts';
import type { Clock } from '../clock.ts';
import type { Content } from '../content/content.ts';
import { derivedMessageId, newMessageId } from '../ids.ts';
import type { Log } from '../log.ts';
import { isAccepted, isFinal } from '../machines/recipient.ts';
import type { Books } from './books.ts';
import { recipientFacts, startedFacts } from './facts.ts';
import { type JobRow, type LedgerRow, occurrenceOf, type Place } from './jobs.types.ts';
import type { Messenger, Outgoing } from './messenger.ts';
import type { Work } from './number-queue.ts';
import { batchPauseMs, gapMs, type Pacing } from './pacing.ts';
import { afterQuiet } from './quiet-hours.ts';
import { zoneOf } from './recipient-zone.ts';
import { abandoned, failed, INTERRUPTED, withoutTail } from './row-changes.ts';
import type { Sheet } from './sheet.ts';
import { type Wait, Waits } from './waits.ts';

/** A look-up or engine that is not to be had is asked for again. */
const ASK_AGAIN_MS = 5_000;
const DISCONNECTED = 'device disconnected';

type Engine = BulkRequest['engine'];

export type RunDeps = {
  readonly books: Books;
  readonly sends: Pick<BulkSends, 'isReady' | 'room' | 'send'>;
  readonly flows: Pick<FlowStarts, 'start'>;
  readonly pacing: () => Pacing;
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Log;
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
  readonly #messenger: Messenger;
  readonly #warmUp: JobRow['gap'];
  readonly #waits: Waits;
  /** Messages that reached WhatsApp or a provider, in this process. */
  #attempts = 0;
  readonly #begunAt: number;
  #firstFailure: string | undefined;

  /** `job.open` is the occurrence's instant. */
  constructor(deps: RunDeps, job: JobRow, sheet: Sheet, messenger: Messenger) {
    this.#o = deps;
    this.id = job.id;
    this.#warmUp = job.gap;
    this.occurrence = job.open ?? job.at;
    this.sheet = sheet;
    this.#messenger = messenger;
    this.#waits = new Waits(deps.clock);
    this.#begunAt = deps.clock.now();
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
    const job = this.#job();
    if (job?.state !== 'active') return false;
    const prepared = await this.#messenger.prepare();
    if (prepared.kind !== 'ready') return this.#notPrepared(prepared);
    const now = this.#o.clock.now();
    const row = this.sheet.take(now);
    if (!row) return this.#end();
    try {
      return await this.#turn(job, row, prepared.engine, now);
    } catch (error) {
      const durable = this.#o.books.row(this.#place(job, row)) ?? row;
      this.sheet.set(durable);
      this.sheet.untake(durable);
      throw error;
    }
  }

  async #turn(job: JobRow, row: LedgerRow, engine: Engine, now: number): Promise<boolean> {
    if (isFinal(row.state) && !row.tail) return false;
    if (engine === 'baileys' && !this.#mayUseDevice(job, row)) return this.#timedOut();
    const quietUntil = job.quiet && afterQuiet(now, job.quiet, this.#zoneOf(job, row));
    if (quietUntil !== undefined && quietUntil > now && row.state === 'pending') {
      const deferred = { ...row, notBefore: quietUntil };
      this.sheet.put(deferred);
      await this.#o.books.commit({ rows: [[this.#place(job, row), deferred]] });
      return false;
    }
    const attempted = await this.#one(job, row, engine);
    if (!attempted) return false;
    this.#attempts += 1;
    const pause = batchPauseMs(this.#o.pacing(), this.sheet.own.total, this.#attempts, this.#o.random());
    if (pause > 0 && this.sheet.readyAt() !== Infinity)
      this.holdUntil(this.#o.clock.now() + pause, 'pause between batches');
    return true;
  }

  /** Everybody who is left fails for the same reason; the run closes with the next step. */
  async failRest(error: string): Promise<void> {
    const job = this.#job();
    if (job?.state !== 'active') return;
    const at = this.#o.clock.now();
    const rows = [...this.sheet.rows()].flatMap((row) => abandoned(row, error, job) ?? []);
    this.#firstFailure ??= error;
    await this.#o.books.commit({
      rows: rows.map((row) => [this.#place(job, row), row] as const),
      facts: rows.filter(({ state }) => !isAccepted(state)).flatMap((row) => recipientFacts(job, row, at)),
    });
    for (const row of rows) this.sheet.set(row);
  }

  #job(): JobRow | undefined {
    return this.#o.books.job(this.id);
  }

  #place(job: JobRow, { n }: LedgerRow): Place {
    return { ledger: job.ledger, occurrence: occurrenceOf(job, this.occurrence), n };
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

  async #end(): Promise<boolean> {
    if (this.sheet.readyAt() === Infinity && this.sheet.own.pending === 0) {
      const nobody = this.sheet.own.total === 0 ? 'no recipients' : this.#firstFailure;
      await this.#o.close(this, nobody ?? this.#anyError());
    } else if (this.sheet.readyAt() === Infinity) {
      throw new Error('a run has pending recipients that are in no queue');
    }
    return false;
  }

  #anyError(): string | undefined {
    for (const { state, error } of this.sheet.rows()) if (state === 'failed' || state === 'unknown') return error;
    return undefined;
  }

  async #one(job: JobRow, row: LedgerRow, engine: Engine): Promise<boolean> {
    const { books, clock } = this.#o;
    const isInterrupted = row.state === 'sending';
    if (isInterrupted && engine !== 'baileys' && job.flow === undefined) return this.#settle(job, row, INTERRUPTED, []);
    const made = await this.#made(job, row);
    if (made.kind === 'invalid') {
      // Not listed any more, and it may have left.
      if (isInterrupted) return this.#settle(job, row, INTERRUPTED, []);
      const outcome = { kind: 'failed', error: made.why, attempted: false } as const;
      return row.tail ? this.#withoutTail(job, row) : this.#settle(job, row, outcome, []);
    }
    const followUps = made.kind === 'made' ? made.followUps : [];
    if (row.tail) return this.#tail(job, row, engine, followUps);
    const id = row.id ?? job.messageId ?? newMessageId();
    const sending: LedgerRow = { ...row, state: 'sending', id, digest: job.digest };
    const latest = this.#job();
    if (latest?.state !== 'active') return this.#back(row);
    this.sheet.set(sending);
    await books.commit({
      rows: [[this.#place(job, row), sending]],
      ...(!latest.begun && {
        facts: startedFacts(job, this.sheet.totals, clock.now()),
        jobs: [{ ...latest, engine, begun: true }],
      }),
    });
    // A pause that came while the id was written: nothing has left.
    if (this.#job()?.state !== 'active') return this.#back(row, job);
    const outcome =
      made.kind === 'flow'
        ? await this.#start(job, row, engine, id, made)
        : await this.#send(job, row, engine, id, made.content);
    return this.#settle(job, this.sheet.row(row.n) ?? sending, outcome, followUps, engine);
  }

  /** RU5 */
  async #made(job: JobRow, row: LedgerRow): Promise<Outgoing> {
    try {
      return await this.#messenger.message(row);
    } catch (error) {
      this.#o.log.error({ err: error, job: job.id }, 'a message of a job could not be made');
      return { kind: 'invalid', why: 'Failed to send' };
    }
  }

  async #back(row: LedgerRow, job?: JobRow): Promise<boolean> {
    this.sheet.set(row);
    this.sheet.untake(row);
    if (job) await this.#o.books.commit({ rows: [[this.#place(job, row), row]] });
    return false;
  }

  /** RU5. Whatever failed, a linked device may get the same id again; a provider may have had the message. */
  async #send(
    { id: job, sender, workspace, kind }: JobRow,
    { to = '' }: LedgerRow,
    engine: Engine,
    id: string,
    content: Content,
  ): Promise<BulkOutcome> {
    const origin = kind === 'single' ? 'single' : 'job';
    const { sends, log } = this.#o;
    try {
      return await sends.send({ engine, from: sender, to, content, id, origin, ...(workspace && { workspace }) });
    } catch (error) {
      log.error({ err: error, job }, 'a message of a job could not be sent');
      return { kind: engine === 'baileys' ? 'transient' : 'unknown', error: 'Failed to send' };
    }
  }

  /** Durable, and so sent, when the runtime has it: what the flow says is its own business. */
  async #start(
    { id: job, sender: device, workspace }: JobRow,
    { to: customer = '' }: LedgerRow,
    provider: Engine,
    once: string,
    { flowId, contact }: Extract<Outgoing, { kind: 'flow' }>,
  ): Promise<BulkOutcome> {
    const { flows, log } = this.#o;
    const order = { device, customer, flowId, provider, contact, variables: {}, once };
    try {
      await flows.start({ ...order, ...(workspace !== undefined && { workspace }) });
      return { kind: 'sent', id: once };
    } catch (error) {
      log.error({ err: error, job }, 'a flow of a campaign could not be started');
      return { kind: 'transient', error: 'Failed to start the flow' };
    }
  }

  /** What becomes of the recipient, and of the run. True when the gap must follow. */
  async #settle(
    job: JobRow,
    row: LedgerRow,
    outcome: BulkOutcome,
    followUps: readonly Content[],
    engine: Engine = 'baileys',
  ): Promise<boolean> {
    const now = this.#o.clock.now();
    switch (outcome.kind) {
      case 'sent': {
        const sent: LedgerRow = {
          ...row,
          // A receipt may have come first.
          ...(!isAccepted(row.state) && { state: 'sent', id: outcome.id, sentAt: now }),
          ...(followUps.length > 0 && { tail: true }),
        };
        await this.#write(job, sent, isAccepted(row.state) ? [] : recipientFacts(job, sent, now));
        if (sent.tail) await this.#tail(job, sent, engine, followUps);
        return true;
      }
      case 'failed': {
        const after = failed(row, outcome.error, job);
        this.#firstFailure ??= outcome.error;
        await this.#write(job, after, recipientFacts(job, after, now));
        return outcome.attempted;
      }
      case 'unknown': {
        const after: LedgerRow = { ...row, state: 'unknown', error: outcome.error, dispatch: job.dispatch };
        this.#firstFailure ??= outcome.error;
        await this.#write(job, after, recipientFacts(job, after, now));
        return true;
      }
      case 'interrupted': {
        if (!this.sheet.mayRepeat(row)) return this.#settle(job, row, { ...outcome, kind: 'unknown' }, []);
        // Still `sending`: the next try gives the same message again, as after a crash (S-25, RM3).
        const again: LedgerRow = { ...row, tries: row.tries + 1 };
        await this.#write(job, again, []);
        this.sheet.untake(again);
        this.holdUntil(now + ASK_AGAIN_MS, outcome.error);
        return true;
      }
      case 'transient': {
        if (!this.sheet.mayRepeat(row)) {
          return this.#settle(job, row, { kind: 'failed', error: outcome.error, attempted: true }, []);
        }
        await this.#pending(job, { ...row, tries: row.tries + 1 });
        return true;
      }
      case 'not ready':
        await this.#interrupted(job, row);
        this.holdUntil(now + ASK_AGAIN_MS, outcome.why);
        return false;
      case 'wait':
        if (outcome.whom === 'recipient') await this.#pending(job, { ...row, notBefore: outcome.until });
        else await this.#interrupted(job, row);
        if (outcome.whom === 'number') await this.#o.halt(this, 'number', outcome.why, outcome.until);
        return true;
      case 'stop':
        await this.#interrupted(job, row);
        await this.#o.halt(this, outcome.whom, outcome.error, outcome.until);
        return true;
      case 'wrong':
        await this.#settle(job, row, { kind: 'failed', error: outcome.error, attempted: true }, []);
        await this.failRest(outcome.error);
        return true;
      default:
        return outcome satisfies never;
    }
  }

  /** Nothing was accepted: it is pending again, and the next one. */
  async #interrupted(job: JobRow, row: LedgerRow): Promise<void> {
    const pending: LedgerRow = { ...row, state: 'pending' };
    await this.#write(job, pending, []);
    this.sheet.untake(pending);
  }

  async #pending(job: JobRow, row: LedgerRow): Promise<void> {
    const pending: LedgerRow = { ...row, state: 'pending' };
    await this.#write(job, pending, []);
    this.sheet.put(pending);
  }

  /** Second parts go out once each; a failure is logged and changes nothing (contract bulk §2.3). RU2. */
  async #tail(job: JobRow, row: LedgerRow, engine: Engine, followUps: readonly Content[]): Promise<boolean> {
    for (const [index, content] of followUps.entries()) {
      if (this.#job()?.state === 'ended') break;
      const id = derivedMessageId(row.id ?? '', `part ${index + 2}`);
      const { kind } = await this.#send(job, row, engine, id, content);
      if (kind !== 'sent')
        this.#o.log.warn({ job: job.id, result: kind, content: content.kind }, 'a second part failed');
    }
    return this.#withoutTail(job, row);
  }

  async #withoutTail(job: JobRow, row: LedgerRow): Promise<boolean> {
    await this.#write(job, withoutTail(this.sheet.row(row.n) ?? row), []);
    return true;
  }

  async #write(job: JobRow, row: LedgerRow, facts: readonly JobFact[]): Promise<void> {
    this.sheet.set(row);
    await this.#o.books.commit({ rows: [[this.#place(job, row), row]], facts });
  }
}
