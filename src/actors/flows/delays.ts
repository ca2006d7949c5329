/**
 * Delays that the app kept and now ends (contract flows §1.2 resume-delay).
 *
 *  DY1  An order is on disk before it is acknowledged, and leaves it in the write that takes the delay, or when nothing is
 *       to be done. What a disk refuses is tried again each minute.
 *  DY2  A delay goes on once, whoever ends it: the app, a repeat of it, or the bridge by itself (F-55). The app keeps its name
 *       among the variables; an order without one is for the delay at its node.
 *  DY3  Without a session here one is made of the order, as long as the flow still has the node (F-07); an app that does
 *       not answer is asked again, for a day.
 *  DY4  One whose session has ended, or gave way to another, wakes nobody, however late it comes: its name is noted with the
 *       ending, as that of one that went on.
 */
import { Sequence } from '../../app-client/outbox-rows.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Identity } from '../../phone.ts';
import type { Batch, Store, Table } from '../../store/store.ts';
import type { Definitions } from './definitions.ts';
import type { Parks } from './parks.ts';
import type { DelayResume } from './protocol.ts';
import { contactOf, setAll } from './resume.ts';
import { delayMark, type Rows } from './rows.ts';
import type { SessionRow, Sleep } from './session.types.ts';
import type { Sessions } from './sessions.ts';
import { delayIn, isLidIn, stackIn } from './snapshot.ts';
import { callOf, leaveBy } from './steps.ts';

/** A repeat of a delay without a name whose session is gone. */
const REPEAT_MS = 600_000;
const REFUSED_MS = 60_000;
const AGAIN_MS = [5_000, 30_000, 120_000];
const LATER_MS = 600_000;
const MOST_TRIES = AGAIN_MS.length + 86_400_000 / LATER_MS;

export type DelaysOptions = {
  readonly store: Store;
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly parks: Parks;
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly log: Log;
};

/** `done`: the row as it goes on, saved. */
type Outcome = { readonly kind: 'done'; readonly row: SessionRow } | { readonly kind: 'nothing' | 'again' };

export class Delays {
  readonly #o: DelaysOptions;
  readonly #orders: Table<DelayResume>;
  readonly #sequence: Sequence;

  constructor(options: DelaysOptions) {
    this.#o = options;
    this.#orders = options.store.table('flows/delays');
    this.#sequence = new Sequence(options.clock);
  }

  recover(): void {
    for (const { key, value } of this.#orders.range()) {
      this.#sequence.above(Number(key));
      this.#enter(Number(key), value, 0);
    }
  }

  /** DY1 */
  async order(order: DelayResume): Promise<void> {
    const number = this.#sequence.next();
    await this.#o.store.write((batch) => batch.put(this.#orders, number, order));
    this.#enter(number, order, 0);
  }

  #enter(number: number, order: DelayResume, tries: number): void {
    const { rows, sessions, clock, log } = this.#o;
    const row = rows.byKey(order.sessionKey);
    const contact = row?.contact ?? contactIn(order);
    void sessions.enter(row?.device ?? order.device, contact, async (here) => {
      try {
        await this.#settle(number, order, tries, here);
      } catch (error) {
        if (!this.#orders.has(number)) throw error;
        log.error({ err: error, id: order.flowId }, 'the end of a delay could not be written; it is tried again');
        clock.setTimeout(() => this.#enter(number, order, tries), REFUSED_MS);
      }
    });
  }

  async #settle(number: number, order: DelayResume, tries: number, here: SessionRow | undefined): Promise<void> {
    const { sessions, clock, log } = this.#o;
    const done = (batch: Batch) => batch.remove(this.#orders, number);
    const outcome = here ? await this.#wake(here, order, done) : await this.#rebuild(order, done);
    // One that is paused in another branch goes on with both later.
    if (outcome.kind === 'done') return outcome.row.pause ? undefined : sessions.run(outcome.row);
    if (outcome.kind === 'again' && tries < MOST_TRIES) {
      clock.setTimeout(() => this.#enter(number, order, tries + 1), AGAIN_MS[tries] ?? LATER_MS);
    } else {
      log.info({ id: order.flowId, outcome: outcome.kind }, 'a delay of the app resumes nothing');
      await this.#o.store.write(done);
    }
  }

  /** DY2 */
  async #wake(row: SessionRow, order: DelayResume, done: (batch: Batch) => void): Promise<Outcome> {
    const { nodeId, flowId, variables } = order;
    const name = delayIn(variables);
    const isMeant = (each: Sleep) => name === '' || each.name === name;
    const sleep = row.sleeps.find(
      (each) => each.node === nodeId && callOf(row, each)?.flow === flowId && isMeant(each),
    );
    if (!sleep) return { kind: 'nothing' };
    setAll(row, stackIn(variables).pairs);
    await this.#o.sessions.awaken(row, sleep, done);
    return { kind: 'done', row };
  }

  /** DY3 */
  async #rebuild(order: DelayResume, done: (batch: Batch) => void): Promise<Outcome> {
    const { rows, parks, definitions, clock, sessions } = this.#o;
    const { flowId, nodeId, subscriber, provider, variables, sessionKey, device } = order;
    const name = delayIn(variables);
    const mark = name === '' ? `delay ${sessionKey} ${flowId} ${nodeId}` : delayMark(name);
    const before = rows.handledAt(device, mark);
    if (before !== undefined && (name !== '' || clock.now() - before < REPEAT_MS)) return { kind: 'nothing' };
    const { stack, pairs } = stackIn(variables);
    const built = await parks.rebuild({
      ...{ device, contact: contactIn(order), flowId, nodeId, provider, stack, variables: pairs },
      ...{ cooldownS: 0, byMessage: false },
      ...(subscriber !== undefined && { subscriber }),
    });
    if (built.kind !== 'built') return { kind: built.kind === 'no answer' ? 'again' : 'nothing' };
    const { row, place } = built;
    const call = callOf(row, place);
    leaveBy(row, place, 1, call && definitions.pinned(call.hash), clock.now());
    await sessions.save(row, (batch) => {
      rows.handle(batch, device, mark);
      done(batch);
    });
    return { kind: 'done', row };
  }
}

const contactIn = ({ customer, variables }: DelayResume): Identity =>
  isLidIn(variables) ? { lid: customer } : contactOf(customer);
