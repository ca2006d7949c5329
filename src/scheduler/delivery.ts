/**
 * One recipient of a run, from the message made for it to what became of it (contract settings §5, §6).
 *
 *  RU1  A recipient's id is durable before anything is handed over, and its result, with what the app is told of it, right
 *       after: killed anywhere, the linked device gets the same message again and a provider's outcome is `unknown` (P6).
 *       A flow is started once under that id, whatever the engine.
 *  RU2  The job's state is read before each message, also between the two messages of one recipient: after a pause or
 *       cancel none begins. What a pause has cut off goes out after the resume, what a cancel has cut off never.
 *  RU6  What goes wrong with one recipient's content fails that recipient, not the run (S-18).
 *
 * Deliberately not here: content (messenger.ts), whose turn it is, and when the run waits or ends (run.ts): an outcome asks
 * for that through `DeliveryRun`.
 */
import type { BulkOutcome } from '../actors/protocol.ts';
import type { Content } from '../content/content.ts';
import { derivedMessageId, newMessageId } from '../ids.ts';
import { isAccepted } from '../machines/recipient.ts';
import type { DeliveryDeps, DeliveryRun, Engine } from './delivery.types.ts';
import { optOutFacts, recipientFacts, startedFacts } from './facts.ts';
import type { JobRow, LedgerRow } from './jobs.types.ts';
import type { Messenger, Outgoing } from './messenger.ts';
import { failed, INTERRUPTED, slowed, withoutTail } from './row-changes.ts';
import type { RunLedger } from './run-ledger.ts';
import { UnknownCodes } from './unknown-codes.ts';
import { ASK_AGAIN_MS } from './waits.ts';

export class Delivery {
  readonly #o: DeliveryDeps;
  readonly #ledger: RunLedger;
  readonly #messenger: Pick<Messenger, 'message'>;
  readonly #run: DeliveryRun;
  readonly #unknownCodes = new UnknownCodes();

  constructor(deps: DeliveryDeps, ledger: RunLedger, messenger: Pick<Messenger, 'message'>, run: DeliveryRun) {
    this.#o = deps;
    this.#ledger = ledger;
    this.#messenger = messenger;
    this.#run = run;
  }

  /** True when something was attempted, and the gap must follow. */
  async deliver(job: JobRow, row: LedgerRow, engine: Engine): Promise<boolean> {
    const ledger = this.#ledger;
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
    const latest = ledger.job();
    if (latest?.state !== 'active') return this.#back(row);
    ledger.sheet.set(sending);
    await ledger.books.commit({
      rows: [[ledger.place(job, row), sending]],
      ...(!latest.begun && {
        facts: startedFacts(job, ledger.sheet.totals, this.#o.clock.now()),
        jobs: [{ ...latest, engine, begun: true }],
      }),
    });
    // A pause that came while the id was written: nothing has left.
    if (ledger.job()?.state !== 'active') return this.#back(row, job);
    const outcome =
      made.kind === 'flow'
        ? await this.#start(job, row, engine, id, made)
        : await this.#send(job, row, engine, id, made.content);
    const attempted = await this.#settle(job, ledger.sheet.row(row.n) ?? sending, outcome, followUps, engine);
    const tooMany = this.#unknownCodes.tooMany(outcome);
    if (tooMany !== undefined && ledger.sheet.own.pending > 0) await this.#run.halt('run', tooMany, undefined);
    return attempted;
  }

  /** RU6 */
  async #made(job: JobRow, row: LedgerRow): Promise<Outgoing> {
    try {
      return await this.#messenger.message(row);
    } catch (error) {
      this.#o.log.error({ err: error, job: job.id }, 'a message of a job could not be made');
      return { kind: 'invalid', why: 'Failed to send' };
    }
  }

  async #back(row: LedgerRow, job?: JobRow): Promise<boolean> {
    const { sheet } = this.#ledger;
    sheet.set(row);
    sheet.untake(row);
    if (job) await this.#ledger.write(job, row);
    return false;
  }

  /** RU6. Whatever failed, a linked device may get the same id again; a provider may have had the message. */
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
    const ledger = this.#ledger;
    const { sheet } = ledger;
    switch (outcome.kind) {
      case 'sent': {
        const sent: LedgerRow = {
          ...row,
          // A receipt may have come first.
          ...(!isAccepted(row.state) && { state: 'sent', id: outcome.id, sentAt: now }),
          ...(followUps.length > 0 && { tail: true }),
        };
        await ledger.write(job, sent, isAccepted(row.state) ? [] : recipientFacts(job, sent, now));
        if (sent.tail) await this.#tail(job, sent, engine, followUps);
        return true;
      }
      case 'failed': {
        const after = failed(row, outcome.error, job);
        ledger.failed(outcome.error);
        const optOut = outcome.because === 'opted out' ? optOutFacts(job, after, now) : [];
        await ledger.write(job, after, [...recipientFacts(job, after, now), ...optOut]);
        return outcome.attempted;
      }
      case 'unknown': {
        const after: LedgerRow = { ...row, state: 'unknown', error: outcome.error, dispatch: job.dispatch };
        ledger.failed(outcome.error);
        await ledger.write(job, after, recipientFacts(job, after, now));
        return true;
      }
      case 'interrupted': {
        if (!sheet.mayRepeat(row)) return this.#settle(job, row, { ...outcome, kind: 'unknown' }, []);
        // Still `sending`: the next try gives the same message again, as after a crash (S-25, RM3).
        const again: LedgerRow = { ...row, tries: row.tries + 1 };
        await ledger.write(job, again);
        sheet.untake(again);
        this.#run.holdUntil(now + ASK_AGAIN_MS, outcome.error);
        return true;
      }
      case 'transient': {
        if (!sheet.mayRepeat(row)) {
          return this.#settle(job, row, { kind: 'failed', error: outcome.error, attempted: true }, []);
        }
        const { until: notBefore } = outcome;
        await this.#pending(job, { ...row, tries: row.tries + 1, ...(notBefore !== undefined && { notBefore }) });
        return true;
      }
      case 'not ready':
        await this.#interrupted(job, row);
        this.#run.holdUntil(now + ASK_AGAIN_MS, outcome.why);
        return false;
      case 'wait': {
        if (outcome.whom === 'number') {
          await this.#interrupted(job, row);
          await this.#run.halt('number', outcome.why, outcome.until);
          return true;
        }
        const later = slowed(row, outcome.until, now);
        if (!later) return this.#settle(job, row, { kind: 'failed', error: outcome.why, attempted: true }, []);
        await this.#pending(job, later);
        return true;
      }
      case 'stop':
        await this.#interrupted(job, row);
        await this.#run.halt(outcome.whom, outcome.error, outcome.until);
        return true;
      case 'wrong':
        await this.#settle(job, row, { kind: 'failed', error: outcome.error, attempted: true }, []);
        await this.#run.failRest(outcome.error);
        return true;
      default:
        return outcome satisfies never;
    }
  }

  /** Nothing was accepted: it is pending again, and the next one. */
  async #interrupted(job: JobRow, row: LedgerRow): Promise<void> {
    const pending: LedgerRow = { ...row, state: 'pending' };
    await this.#ledger.write(job, pending);
    this.#ledger.sheet.untake(pending);
  }

  async #pending(job: JobRow, row: LedgerRow): Promise<void> {
    const pending: LedgerRow = { ...row, state: 'pending' };
    await this.#ledger.write(job, pending);
    this.#ledger.sheet.put(pending);
  }

  /** Second parts go out once each; a failure is logged and changes nothing (contract bulk §2.3). RU2. */
  async #tail(job: JobRow, row: LedgerRow, engine: Engine, followUps: readonly Content[]): Promise<boolean> {
    for (const [index, content] of followUps.entries()) {
      const state = this.#ledger.job()?.state;
      if (state === 'ended') break;
      // A resume goes on with them, unless they have begun: a provider knows no message by its id.
      if (state !== 'active' && index === 0) {
        this.#ledger.sheet.untake(row);
        return true;
      }
      const id = derivedMessageId(row.id ?? '', `part ${index + 2}`);
      const { kind } = await this.#send(job, row, engine, id, content);
      if (kind !== 'sent')
        this.#o.log.warn({ job: job.id, result: kind, content: content.kind }, 'a second part failed');
    }
    return this.#withoutTail(job, row);
  }

  async #withoutTail(job: JobRow, row: LedgerRow): Promise<boolean> {
    await this.#ledger.write(job, withoutTail(this.#ledger.sheet.row(row.n) ?? row));
    return true;
  }
}
