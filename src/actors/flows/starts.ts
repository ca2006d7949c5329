/**
 * Starts of flows, from the order to the first node.
 *
 *  SR1  An order is on disk before it is acknowledged, and leaves it in the write that makes its session, or when it is
 *       certain that nothing can come of it: then it is logged and counted (F-43).
 *  SR2  One message starts at most one flow (F-22), one subscriber one within a minute: what is noted with the order is
 *       not ordered again.
 *  SR3  A newer order for the same customer replaces an older one that has not begun; the session that was there ends with
 *       the write that makes the new one, and all its timers with it (F-42).
 *  SR4  The engine is fixed here, and never replaced by another (F-44, F-45). Settings that nobody could read are asked for
 *       each minute, for 24 h; an app that does not answer is asked for the flow five times.
 */
import type { FlowStore } from '../../app-client/flow-calls.types.ts';
import { Sequence } from '../../app-client/outbox-rows.ts';
import type { Clock } from '../../clock.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import { newCorrelationId } from '../../ids.ts';
import type { Log } from '../../log.ts';
import type { Identity } from '../../phone.ts';
import type { Batch, Store, Table } from '../../store/store.ts';
import { contactKeys } from '../automation/conversations.ts';
import type { BulkSends } from '../protocol.ts';
import type { Definitions, Pinned } from './definitions.ts';
import type { Provider } from './protocol.ts';
import { seeded, type Seeds } from './seeds.ts';
import type { SessionRow } from './session.types.ts';

const SETTINGS_MS = 8_000;
const SETTINGS_AGAIN_MS = 60_000;
const PATIENCE_MS = 86_400_000;
const FLOW_AGAIN_MS = [2_000, 5_000, 15_000, 60_000];

export type Start = {
  readonly device: string;
  readonly contact: Identity;
  readonly flowId: string;
  readonly provider: Provider;
  readonly subscriber?: number;
  readonly workspace?: string;
  readonly seeds: Seeds;
  readonly trigger?: string;
  readonly timeoutS?: number;
  readonly cooldownS: number;
  readonly byMessage: boolean;
};

type Order = Start & { readonly at: number };

export type StartsOptions = {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly app: Pick<FlowStore, 'attributes'>;
  readonly sends: Pick<BulkSends, 'engineOf'>;
  /** Runs the work when the customer's mailbox comes to it. */
  readonly enter: (device: string, contact: Identity, work: () => Promise<void>) => Promise<void>;
  /** Makes the session and runs it; `also` joins its first write. */
  readonly begin: (row: SessionRow, also: (batch: Batch) => void) => Promise<void>;
  /** A session that was stopped for this start goes on after all. */
  readonly goOn: (device: string, contact: Identity) => Promise<void>;
  readonly onFailed: (start: Start, why: string) => void;
  readonly clock: Clock;
  readonly log: Log;
};

export class Starts {
  readonly #o: StartsOptions;
  readonly #orders: Table<Order>;
  readonly #sequence: Sequence;
  /** Number of the newest order of each customer. */
  readonly #newest = new Map<string, number>();
  #stopped = false;

  constructor(options: StartsOptions) {
    this.#o = options;
    this.#orders = options.store.table('flows/starts');
    this.#sequence = new Sequence(options.clock);
  }

  /** What an earlier process left. */
  recover(): void {
    for (const { key, value } of this.#orders.range()) {
      this.#sequence.above(Number(key));
      this.#enter(Number(key), value);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** SR1. `also` joins the write. */
  async order(start: Start, also: (batch: Batch) => void = () => undefined): Promise<void> {
    const number = this.#sequence.next();
    const order: Order = { ...start, at: this.#o.clock.now() };
    await this.#o.store.write((batch) => {
      batch.put(this.#orders, number, order);
      also(batch);
    });
    this.#enter(number, order);
  }

  /** The customer was taken over: what has not begun does not begin. */
  async drop(isMeant: (start: Start) => boolean): Promise<void> {
    const meant = [...this.#orders.range()].filter(({ value }) => isMeant(value));
    if (meant.length === 0) return;
    await this.#o.store.write((batch) => {
      for (const { key } of meant) batch.remove(this.#orders, key);
    });
  }

  #enter(number: number, order: Order, tries = 0): void {
    if (tries === 0) for (const name of namesOf(order)) this.#newest.set(name, number);
    void this.#o.enter(order.device, order.contact, () => this.#try(number, order, tries));
  }

  async #try(number: number, order: Order, tries: number): Promise<void> {
    if (this.#stopped || !this.#orders.has(number)) return;
    // SR3
    if (namesOf(order).some((name) => (this.#newest.get(name) ?? 0) > number)) return this.#drop(number);
    const { device, contact, workspace, provider, flowId } = order;
    const { sends, definitions, app, clock } = this.#o;
    const chosen = await sends.engineOf(device, provider, workspace, clock.now() + SETTINGS_MS);
    if (chosen.kind === 'none') {
      const isOver = chosen.final || clock.now() - order.at >= PATIENCE_MS;
      return isOver ? this.#fail(number, order, chosen.why) : this.#later(number, order, tries, SETTINGS_AGAIN_MS);
    }
    const found = await definitions.fetch(flowId);
    if (found.kind === 'no answer') {
      const wait = FLOW_AGAIN_MS[tries];
      return wait === undefined ? this.#fail(number, order, found.why) : this.#later(number, order, tries, wait);
    }
    if (found.kind === 'refused') return this.#fail(number, order, found.error || `HTTP ${found.status}`);
    if (found.value.flow.start === undefined) return this.#fail(number, order, 'the flow is empty');
    const whose = workspace ?? found.value.flow.workspace;
    const attributes = whose === undefined ? {} : await app.attributes(whose);
    if (this.#stopped || !this.#orders.has(number)) return this.#o.goOn(device, contact);
    const row = sessionOf(order, chosen.engine, found.value, seeded(attributes, order.seeds), clock.now());
    this.#forget(number, order);
    await this.#o.begin(row, (batch) => batch.remove(this.#orders, number));
  }

  async #later(number: number, order: Order, tries: number, ms: number): Promise<void> {
    this.#o.clock.setTimeout(() => this.#enter(number, order, tries + 1), ms);
    await this.#o.goOn(order.device, order.contact);
  }

  async #fail(number: number, order: Order, why: string): Promise<void> {
    const { log, onFailed, goOn } = this.#o;
    const { flowId: id, subscriber } = order;
    log.warn({ id, subscriber, reason: why }, 'a flow could not be started');
    onFailed(order, why);
    this.#forget(number, order);
    await this.#drop(number);
    await goOn(order.device, order.contact);
  }

  async #drop(number: number): Promise<void> {
    await this.#o.store.write((batch) => batch.remove(this.#orders, number));
  }

  #forget(number: number, order: Order): void {
    for (const name of namesOf(order)) if (this.#newest.get(name) === number) this.#newest.delete(name);
  }
}

const namesOf = ({ device, contact }: Start): string[] => contactKeys(contact).map((name) => `${device} ${name}`);

export const keyOf = (device: string, { pn, lid }: Identity): string => `${device}_${pn ?? lid ?? ''}`;

function sessionOf(
  start: Order,
  engine: EngineName,
  { hash, flow }: Pinned,
  variables: [string, unknown][],
  now: number,
): SessionRow {
  const { device, contact, subscriber, trigger, timeoutS, cooldownS, byMessage, flowId } = start;
  const workspace = start.workspace ?? flow.workspace;
  return {
    ...emptySession(device, contact, engine, now),
    ...(workspace !== undefined && { workspace }),
    ...(subscriber !== undefined && { subscriber }),
    ...(trigger !== undefined && { trigger }),
    ...(timeoutS !== undefined && { timeoutS }),
    cooldownS,
    byMessage,
    flowName: flow.name,
    calls: [{ id: 0, flow: flowId, hash }],
    nextCall: 1,
    agenda: flow.start === undefined ? [] : [{ call: 0, node: flow.start, gap: false }],
    variables,
  };
}

/** One that has done nothing yet. */
export function emptySession(device: string, contact: Identity, engine: EngineName, now: number): SessionRow {
  return {
    key: keyOf(device, contact),
    id: newCorrelationId(),
    ...{ device, contact, engine, cooldownS: 0, byMessage: true, flowName: '' },
    ...{ calls: [], nextCall: 0, agenda: [], visits: 0, sleeps: [], endSeen: false, menus: [], menuAnswered: false },
    ...{ runs: {}, told: [], variables: [], startedAt: now, lastEventAt: now, since: now, isDormant: false },
  };
}
