/**
 * Runs a session from where it stands until it waits, sleeps, pauses or ends. To be called in its mailbox alone.
 *
 *  RU1  A node begins when its visit is on disk, and what it led to is on disk with the next visit or with the rest that
 *       follows: a crash in between runs the node again, from its journal.
 *  RU2  Who stops a session is not held up by it: the mailbox is free as soon as what was being written is written.
 *  RU3  A node that throws ends its session, no other (F-41).
 *  RU4  Pauses of one visit last 24 h in all (contract flows §6.5).
 */
import type { FlowFact } from '../../app-client/flow-facts.types.ts';
import { sleep } from '../../clock.ts';
import type { Batch } from '../../store/store.ts';
import { lastActAt } from './deadlines.ts';
import { cooldownOf, end } from './endings.ts';
import { type Left, Live } from './live.ts';
import type { NodeKind, NodeResult } from './node.ts';
import type { Rows } from './rows.ts';
import { PAUSED_AT_MOST_MS } from './sends.ts';
import type { Ending, Item, SessionRow, Visit } from './session.types.ts';
import { settled, type Settled, type SettlingOptions } from './settling.ts';
import { parkFact } from './snapshot.ts';
import { apply, begin, callOf, settle } from './steps.ts';
import { Variables } from './variables.ts';
import { VisitContext, type VisitPorts } from './visit.ts';

/** Contract flows §11. */
const GAP_MS = 1_500;
/** Their place is told to the app, once (contract flows §8). */
const TOLD_TYPES: ReadonlySet<string> = new Set([
  ...['Question', 'InteractiveButtons', 'List', 'Poll', 'BookAppointment', 'CommerceShop'],
]);

export type FlowQueue = {
  append(facts: readonly FlowFact[], also?: (batch: Batch) => void): Promise<void>;
};

export type RunnerOptions = SettlingOptions & {
  readonly rows: Rows;
  readonly queue: FlowQueue;
  readonly kindOf: (type: string) => NodeKind;
  readonly ports: VisitPorts;
  /** Other automatic replies to this customer stay away until then. */
  readonly coolDown: (row: SessionRow, until: number) => Promise<void>;
  /** Called after every write, with the row as it is now. */
  readonly onSaved: (row: SessionRow) => void;
  /** The disk refused: the session is to be tried again. */
  readonly onBroken: (row: SessionRow) => void;
};

export class Runner {
  readonly #o: RunnerOptions;
  readonly #live = new Map<string, Live>();

  constructor(options: RunnerOptions) {
    this.#o = options;
  }

  /** RU2. */
  stop(key: string): void {
    this.#live.get(key)?.leave({ kind: 'stopped' });
  }

  stopAll(): void {
    for (const live of this.#live.values()) live.leave({ kind: 'stopped' });
  }

  /** Resolves when it rests, or was left. */
  async run(row: SessionRow): Promise<void> {
    const live = new Live(row);
    this.#live.set(row.key, live);
    try {
      for (let goesOn = true; goesOn; ) goesOn = await this.#step(live);
      // Of a node that was left behind.
      await live.saving;
    } finally {
      this.#live.delete(row.key);
    }
  }

  /** One write: the row, its facts, and whatever `also` changes. */
  async save(row: SessionRow, facts: readonly FlowFact[] = [], also?: (batch: Batch) => void): Promise<void> {
    const { rows, queue, definitions, ports } = this.#o;
    const usedAt = Math.max(ports.clock.now(), lastActAt(row));
    const change = (batch: Batch) => {
      // First: a name that it takes away may be one that the row has.
      also?.(batch);
      rows.put(batch, row);
      for (const { hash } of row.calls) definitions.use(batch, hash, usedAt);
    };
    if (facts.length > 0) await queue.append(facts, change);
    else await rows.write(change);
    this.#o.onSaved(row);
  }

  /** Ends it for good; `also` joins the write. */
  async end(row: SessionRow, how: Ending, why?: string, also?: (batch: Batch) => void): Promise<void> {
    const { ports, coolDown } = this.#o;
    const now = ports.clock.now();
    const before = { ...row };
    const facts = end(row, how, now, why);
    const until = cooldownOf(row, now);
    if (until !== undefined) await coolDown(row, until);
    await this.save(row, facts, (batch) => {
      this.#o.rows.overslept(batch, before);
      also?.(batch);
    });
    const about = { session: row.id, outcome: how, ...(why !== undefined && { reason: why }) };
    ports.log[how === 'aborted' ? 'warn' : 'info'](about, 'a flow ended');
  }

  /** Whether there is more to do. */
  async #step(live: Live): Promise<boolean> {
    const { row } = live;
    if (row.ended || live.hasLeft) return false;
    if (row.visit) return this.#visit(live, row.visit);
    const item = row.agenda.at(-1);
    if (!item) return this.#rest(live);
    if (item.gap) {
      const waited = await live.race(sleep(this.#o.ports.clock, GAP_MS));
      if (waited.kind !== 'done') return this.#leave(live, waited);
    }
    return this.#begin(live, item);
  }

  /** RU1 */
  async #begin(live: Live, item: Item): Promise<boolean> {
    const { row } = live;
    row.agenda = row.agenda.slice(0, -1);
    const isFine = begin(row, item, this.#o.ports.clock.now());
    if (!isFine) return this.#end(live, 'aborted', 'one node ran too often');
    return this.#save(live, this.#position(row, item));
  }

  async #rest(live: Live): Promise<boolean> {
    const { row } = live;
    switch (settle(row, (each) => this.#o.definitions.pinned(each.hash), this.#o.ports.clock.now())) {
      case 'go on':
        return true;
      case 'completed':
        return this.#end(live, 'completed');
      case 'waiting':
        await this.#save(live, [parkFact(row)]);
        return false;
    }
  }

  async #visit(live: Live, visit: Visit): Promise<boolean> {
    const { definitions, kindOf, ports } = this.#o;
    const { row } = live;
    const own = callOf(row, visit);
    const flow = own && definitions.pinned(own.hash);
    const node = flow?.nodes.get(visit.node);
    if (!flow || !node) return this.#end(live, 'aborted', 'the definition of its flow is gone');
    const vars = new Variables(row.variables);
    const context = new VisitContext({
      ...{ live, visit, node, flow, vars, ports },
      conversation: this.#o.rows.conversationOf(row.device, row.contact),
      save: (facts) => this.#journal(live, facts),
      tellAlone: (facts) => this.#tellAlone(facts),
    });
    const work = async () => settled(this.#o, row, context, await nodeWork(kindOf(node.type), context, visit));
    const result = await live.race(work().catch((thrown: unknown) => this.#threw(live, node.type, thrown)));
    if (result.kind !== 'done') return this.#leave(live, result);
    row.variables = vars.pairs();
    delete row.pause;
    if (result.value.kind === 'abort') return this.#end(live, 'aborted', result.value.why);
    if (result.value.kind !== 'rest') apply(row, result.value, flow, context.lastSentId, ports.clock.now());
    return true;
  }

  /** RU3 */
  #threw(live: Live, type: string, thrown: unknown): Settled {
    this.#o.ports.log.error({ err: thrown, session: live.row.id, node: type }, 'a flow node failed');
    return { kind: 'abort', why: 'a node failed' };
  }

  async #journal(live: Live, facts: readonly FlowFact[]): Promise<void> {
    live.saving = this.save(live.row, facts).catch((error: unknown) => live.leave({ kind: 'broken', error }));
    await live.saving;
  }

  /** Whether to go on. */
  async #save(live: Live, facts: readonly FlowFact[]): Promise<boolean> {
    await this.#journal(live, facts);
    return live.left === undefined || this.#leave(live, live.left);
  }

  async #end(live: Live, how: Ending, why?: string): Promise<false> {
    await this.end(live.row, how, why).catch((error: unknown) => this.#broken(live.row, error));
    return false;
  }

  async #leave({ row }: Live, left: Left): Promise<false> {
    switch (left.kind) {
      case 'stopped':
        return false;
      case 'broken':
        this.#broken(row, left.error);
        return false;
      case 'paused': {
        const { pause } = left;
        const isOver = this.#o.ports.clock.now() - pause.since >= PAUSED_AT_MOST_MS;
        if (isOver) await this.end(row, 'aborted', pause.why).catch((error: unknown) => this.#broken(row, error));
        else {
          row.pause = pause;
          await this.save(row).catch((error: unknown) => this.#broken(row, error));
        }
        return false;
      }
    }
  }

  #broken(row: SessionRow, error: unknown): void {
    this.#o.ports.log.error({ err: error, session: row.id }, 'a flow could not be written; it is tried again');
    this.#o.onBroken(row);
  }

  #tellAlone(facts: readonly FlowFact[]): void {
    if (facts.length === 0) return;
    this.#o.queue
      .append(facts)
      .catch((error: unknown) => this.#o.ports.log.error({ err: error }, 'a mirror could not be stored'));
  }

  #position(row: SessionRow, item: Item): FlowFact[] {
    const { subscriber, device, key: session, told } = row;
    const own = callOf(row, item);
    const node = own && this.#o.definitions.pinned(own.hash)?.nodes.get(item.node);
    if (subscriber === undefined || !node || !TOLD_TYPES.has(node.type) || told.includes(node.id)) return [];
    row.told = [...told, node.id];
    return [{ kind: 'flow position', device, session, subscriber, nodeId: node.id, label: node.label }];
  }
}

/** What its kind says to the cause of the visit. */
async function nodeWork(kind: NodeKind, context: VisitContext, { cause }: Visit): Promise<NodeResult> {
  switch (cause.kind) {
    case 'run':
      return kind.run(context);
    case 'answer': {
      const { wait, reply, match } = cause;
      return kind.answer ? kind.answer(context, wait, reply, match) : { kind: 'next', port: match.port ?? 1 };
    }
    case 'due':
      return kind.due ? kind.due(context, cause.wait) : { kind: 'next', port: 2 };
    default:
      return cause satisfies never;
  }
}
