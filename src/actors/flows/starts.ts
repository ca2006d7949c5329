/**
 * Starts of flows, from the order to the first node.
 *
 *  SR1  An order is on disk before it is acknowledged, and leaves it in the write that makes its session, or when it is
 *       certain that nothing can come of it: then it is logged and counted (F-43).
 *  SR2  One message starts at most one flow (F-22), one subscriber one within a minute: what is noted with the order is
 *       not ordered again.
 *  SR3  A newer order for the same customer takes the place of an older one that has not begun, in its own write; the session
 *       that was there ends with the write that makes the new one, and all its timers with it (F-42).
 *  SR4  The engine is fixed here, and never replaced by another (F-44, F-45). Settings that nobody could read are asked for
 *       each minute, for 24 h; an app that does not answer is asked for the flow five times. What a disk refuses is tried
 *       again each minute.
 */
import type { FlowStore } from '../../app-client/flow-calls.types.ts';
import type { Sequence } from '../../app-client/outbox-rows.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Identity } from '../../phone.ts';
import type { Batch, Store, Table } from '../../store/store.ts';
import { contactKeys } from '../automation/conversations.ts';
import type { BulkSends } from '../protocol.ts';
import type { Definitions } from './definitions.ts';
import { keyOf, sessionOf, type Start } from './new-session.ts';
import { seeded } from './seeds.ts';
import type { SessionRow } from './session.types.ts';

const SETTINGS_MS = 8_000;
const SETTINGS_AGAIN_MS = 60_000;
const REFUSED_MS = 60_000;
const PATIENCE_MS = 86_400_000;
const FLOW_AGAIN_MS = [2_000, 5_000, 15_000, 60_000];

type Pending = { readonly number: number; readonly key: string; readonly since: number };
type Order = Start & { readonly at: number };

type Prepared =
  | { readonly kind: 'ready'; readonly row: SessionRow }
  | { readonly kind: 'later'; readonly ms: number; readonly tries: number }
  | { readonly kind: 'failed'; readonly why: string };
type GivenUp = { readonly kind: 'given up' };

export type StartsOptions = {
  readonly store: Store;
  /** Shared with the kept replies (kept-replies.ts KR1). */
  readonly sequence: Sequence;
  readonly definitions: Definitions;
  readonly app: Pick<FlowStore, 'attributes'>;
  readonly sends: Pick<BulkSends, 'engineOf'>;
  /** Runs the work when the customer's mailbox comes to it. */
  readonly enter: (device: string, contact: Identity, work: () => Promise<void>) => Promise<void>;
  /** Makes the session and runs it; `also` joins its first write. It gets the replies that came since then. */
  readonly begin: (row: SessionRow, since: number, also: (batch: Batch) => void) => Promise<void>;
  /** A session that was stopped for this start goes on after all. */
  readonly goOn: (device: string, contact: Identity) => Promise<void>;
  /** Nobody is to hear what was kept under this key. */
  readonly dropReplies: (batch: Batch, key: string) => void;
  readonly onFailed: (start: Start, why: string) => void;
  readonly clock: Clock;
  readonly log: Log;
};

export class Starts {
  readonly #o: StartsOptions;
  readonly #orders: Table<Order>;
  /** Number of the newest order of each customer that has not begun. */
  readonly #newest = new Map<string, number>();
  /** Orders that something is being asked for. */
  readonly #trying = new Map<number, { readonly whose: readonly string[]; readonly giveUp: () => void }>();
  #stopped = false;

  constructor(options: StartsOptions) {
    this.#o = options;
    this.#orders = options.store.table('flows/starts');
    for (const number of this.#orders.keys()) options.sequence.above(Number(number));
  }

  /** What an earlier process left. */
  recover(): void {
    const found = [...this.#orders.range()];
    for (const { key, value } of found) this.#isNewest(Number(key), value);
    for (const { key, value } of found) this.#enter(Number(key), value);
  }

  /** What is under way stays on disk. */
  stop(): void {
    this.#stopped = true;
    for (const { giveUp } of this.#trying.values()) giveUp();
  }

  /** SR1. `also` joins the write. */
  async order(start: Start, also: (batch: Batch) => void = () => undefined): Promise<void> {
    const number = this.#o.sequence.next();
    const order: Order = { ...start, at: this.#o.clock.now() };
    const names = namesOf(order);
    const older = names.flatMap((name) => this.#newest.get(name) ?? []);
    await this.#o.store.write((batch) => {
      for (const each of older) batch.remove(this.#orders, each);
      batch.put(this.#orders, number, order);
      also(batch);
    });
    this.#isNewest(number, order);
    for (const { whose, giveUp } of this.#trying.values()) if (whose.some((name) => names.includes(name))) giveUp();
    this.#enter(number, order);
  }

  /** The order for this customer that has not begun; replies that came since then are kept for it under this key. */
  pending(device: string, contact: Identity): Pending | undefined {
    const numbers = namesOf({ device, contact }).flatMap((name) => this.#newest.get(name) ?? []);
    const number = Math.max(...numbers);
    const order = numbers.length === 0 ? undefined : this.#orders.get(number);
    return order && { number, key: keyOf(order.device, order.contact), since: sinceOf(number, order) };
  }

  /** The customer was taken over: what has not begun does not begin. */
  async drop(isMeant: (start: Start) => boolean): Promise<void> {
    const meant = [...this.#orders.range()].filter(({ value }) => isMeant(value));
    if (meant.length === 0) return;
    await this.#o.store.write((batch) => {
      for (const { key, value } of meant) {
        batch.remove(this.#orders, key);
        this.#o.dropReplies(batch, keyOf(value.device, value.contact));
      }
    });
    for (const { key, value } of meant) {
      this.#forget(Number(key), value);
      this.#trying.get(Number(key))?.giveUp();
    }
  }

  /** `tries`: how often the app was asked for the flow. */
  #enter(number: number, order: Order, tries = 0): void {
    const { enter, goOn, clock, log } = this.#o;
    const { device, contact, flowId: id, subscriber } = order;
    void enter(device, contact, async () => {
      try {
        await this.#try(number, order, tries);
      } catch (error) {
        if (!this.#orders.has(number)) throw error;
        this.#isNewest(number, order);
        log.error({ err: error, id, subscriber }, 'the start of a flow could not be written; it is tried again');
        clock.setTimeout(() => this.#enter(number, order, tries), REFUSED_MS);
        await goOn(device, contact);
      }
    });
  }

  async #try(number: number, order: Order, tries: number): Promise<void> {
    const { device, contact } = order;
    if (this.#stopped) return;
    if (this.#isReplaced(number, order)) return this.#drop(number, order);
    if (!this.#orders.has(number)) return this.#o.goOn(device, contact);
    const prepared = await this.#unlessGivenUp(number, order, this.#prepare(order, tries));
    if (this.#stopped) return;
    if (this.#isReplaced(number, order)) return this.#drop(number, order);
    if (!this.#orders.has(number)) return this.#o.goOn(device, contact);
    switch (prepared.kind) {
      case 'given up':
        return;
      case 'failed':
        return this.#fail(number, order, prepared.why);
      case 'later':
        this.#o.clock.setTimeout(() => this.#enter(number, order, prepared.tries), prepared.ms);
        return this.#o.goOn(device, contact);
      case 'ready':
        this.#forget(number, order);
        return this.#o.begin(prepared.row, sinceOf(number, order), (batch) => batch.remove(this.#orders, number));
      default:
        prepared satisfies never;
    }
  }

  /** SR4. All that has to be asked for; nobody waits for it who has given the start up. */
  async #prepare(order: Order, tries: number): Promise<Prepared> {
    const { device, workspace, provider, flowId } = order;
    const { sends, definitions, app, clock } = this.#o;
    const chosen = await sends.engineOf(device, provider, workspace, clock.now() + SETTINGS_MS);
    if (chosen.kind === 'none') {
      const isOver = chosen.final || clock.now() - order.at >= PATIENCE_MS;
      return isOver ? { kind: 'failed', why: chosen.why } : { kind: 'later', ms: SETTINGS_AGAIN_MS, tries };
    }
    const found = await definitions.fetch(flowId);
    if (found.kind === 'no answer') {
      const ms = FLOW_AGAIN_MS[tries];
      return ms === undefined ? { kind: 'failed', why: found.why } : { kind: 'later', ms, tries: tries + 1 };
    }
    if (found.kind === 'refused') return { kind: 'failed', why: found.error || `HTTP ${found.status}` };
    if (found.value.flow.start === undefined) return { kind: 'failed', why: 'the flow is empty' };
    const whose = workspace ?? found.value.flow.workspace;
    const attributes = whose === undefined ? {} : await app.attributes(whose);
    const variables = seeded(attributes, order.seeds);
    return { kind: 'ready', row: sessionOf(order, chosen.engine, found.value, variables, clock.now()) };
  }

  /** So that a take-over, or a newer start, is not held up by an app that does not answer. */
  async #unlessGivenUp(number: number, order: Order, work: Promise<Prepared>): Promise<Prepared | GivenUp> {
    const givenUp = new Promise<GivenUp>((resolve) => {
      const giveUp = () => resolve({ kind: 'given up' });
      this.#trying.set(number, { whose: namesOf(order), giveUp });
    });
    return Promise.race([work, givenUp]).finally(() => this.#trying.delete(number));
  }

  async #fail(number: number, order: Order, why: string): Promise<void> {
    const { log, onFailed, goOn } = this.#o;
    const { flowId: id, subscriber } = order;
    await this.#drop(number, order);
    log.warn({ id, subscriber, reason: why }, 'a flow could not be started');
    onFailed(order, why);
    await goOn(order.device, order.contact);
  }

  async #drop(number: number, order: Order): Promise<void> {
    await this.#o.store.write((batch) => batch.remove(this.#orders, number));
    this.#forget(number, order);
  }

  #isNewest(number: number, order: Order): void {
    for (const name of namesOf(order)) this.#newest.set(name, Math.max(number, this.#newest.get(name) ?? 0));
  }

  /** SR3 */
  #isReplaced(number: number, order: Order): boolean {
    return namesOf(order).some((name) => (this.#newest.get(name) ?? 0) > number);
  }

  #forget(number: number, order: Order): void {
    for (const name of namesOf(order)) if (this.#newest.get(name) === number) this.#newest.delete(name);
  }
}

/** Orders and replies are numbered in one row (kept-replies.ts KR1). */
const sinceOf = (number: number, { since }: Order): number => since ?? number;

const namesOf = ({ device, contact }: Pick<Start, 'device' | 'contact'>): string[] =>
  contactKeys(contact).map((name) => `${device} ${name}`);
