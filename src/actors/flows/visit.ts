/**
 * One visit of one node: its context, whose effects are numbered and journaled in the session's row.
 *
 *  VI1  Result, mirror and row are one write (but see VI4); an effect that is in the journal is not done again (ND1).
 *  VI2  The ids of a message and of its mirror follow from the session, the visit and the number of the effect: given again
 *       after a crash, or by the next process, they are the same message and the same mirror.
 *  VI3  `once` is noted before it begins, and when a crash interrupted it nobody knows what it did.
 *  VI4  A send that another has already interrupted is mirrored all the same, without an entry in the journal: the customer
 *       has it (F-46).
 */
import type { CallAnswer, FlowCalls } from '../../app-client/flow-calls.types.ts';
import type { FlowFact } from '../../app-client/flow-facts.types.ts';
import { type Clock, sleep } from '../../clock.ts';
import type { Content } from '../../content/content.ts';
import { derivedMessageId } from '../../ids.ts';
import type { Log } from '../../log.ts';
import type { Flow, FlowNode } from './definition.types.ts';
import { type Live, never } from './live.ts';
import { mirrorOf } from './mirror.ts';
import type { GuardedFetch, NodeContext, SendOptions, Sent, SessionFacts } from './node.ts';
import { addressOf, type FlowSends } from './sends.ts';
import { type Entry, type SessionRow, type Visit, visitName } from './session.types.ts';
import type { Variables } from './variables.ts';

export type VisitPorts = {
  readonly sends: FlowSends;
  readonly app: FlowCalls;
  readonly fetch: GuardedFetch;
  readonly compute: NodeContext['compute'];
  readonly storeMedia: NodeContext['storeMedia'];
  readonly templateLanguages: (
    device: string,
    workspace: string | undefined,
    name: string,
  ) => ReturnType<NodeContext['templateLanguages']>;
  readonly cloud: (device: string, workspace: string | undefined) => NodeContext['cloud'];
  readonly appUrl: string;
  readonly texts: NodeContext['texts'];
  readonly clock: Clock;
  readonly log: Log;
};

export type VisitOptions = {
  readonly live: Live;
  readonly visit: Visit;
  readonly node: FlowNode;
  readonly flow: Flow;
  readonly vars: Variables;
  /** The app's id of their conversation. */
  readonly conversation: string | undefined;
  readonly ports: VisitPorts;
  /** The row as it is, with these facts. Never rejects: a disk that refuses ends the run. */
  readonly save: (facts: readonly FlowFact[]) => Promise<void>;
  /** Facts alone, of a session that somebody else has taken over. */
  readonly tellAlone: (facts: readonly FlowFact[]) => void;
};

export class VisitContext implements NodeContext {
  readonly node: FlowNode;
  readonly flow: Flow;
  readonly session: SessionFacts;
  readonly vars: Variables;
  readonly now: number;
  readonly visit: string;
  readonly appUrl: string;
  readonly texts: NodeContext['texts'];
  readonly cloud: NodeContext['cloud'];
  readonly app: FlowCalls;
  readonly fetch: GuardedFetch;
  readonly compute: NodeContext['compute'];
  readonly storeMedia: NodeContext['storeMedia'];
  readonly templateLanguages: NodeContext['templateLanguages'];
  readonly #o: VisitOptions;
  #effects = 0;
  #lastSentId: string | undefined;

  constructor(options: VisitOptions) {
    const { live, visit, node, flow, vars, ports } = options;
    const { device, workspace } = live.row;
    this.#o = options;
    this.node = node;
    this.flow = flow;
    this.vars = vars;
    this.session = sessionFacts(live.row, options.conversation);
    this.now = visit.at;
    this.visit = visitName(live.row, visit);
    this.appUrl = ports.appUrl;
    this.texts = ports.texts;
    this.cloud = ports.cloud(device, workspace);
    this.app = ports.app;
    this.fetch = ports.fetch;
    this.compute = ports.compute;
    this.storeMedia = ports.storeMedia;
    this.templateLanguages = (name) => ports.templateLanguages(device, workspace, name);
  }

  get lastSent(): Content | undefined {
    return this.#o.live.row.lastSent;
  }

  /** Of the newest message of this visit, as far as it is known: a tap quotes it. */
  get lastSentId(): string | undefined {
    return this.#lastSentId;
  }

  readonly isWired = (port: number): boolean =>
    this.flow.edges.some((edge) => edge.from === this.node.id && edge.port === port);

  readonly send = async (content: Content, options: SendOptions = {}): Promise<Sent> => {
    const { live, ports } = this.#o;
    const { row } = live;
    const number = this.#next();
    const known = this.#known(number, 'sent');
    if (known) return this.#sent(known.result);
    if (live.hasLeft) return never();
    const id = derivedMessageId(this.visit, `effect ${number}`);
    const { device, engine, workspace, pause: before } = row;
    const to = options.to ?? addressOf(row.contact, engine);
    const end = await ports.sends.send({ device, engine, workspace, to, content, id, before });
    if (end.kind === 'pause') {
      live.leave({ kind: 'paused', pause: end.pause });
      return never();
    }
    const { result } = end;
    const facts = result.kind === 'sent' && options.to === undefined ? this.#mirror(id, content, options) : [];
    if (live.hasLeft) {
      this.#o.tellAlone(facts);
      return never();
    }
    const isOwn = (this.node.type === 'Message' || this.node.type === 'Media') && !options.isCaption;
    if (result.kind === 'sent' && isOwn) row.lastSent = content;
    await this.#record(number, { kind: 'sent', result }, facts);
    return this.#sent(result);
  };

  readonly once = async <T>(work: () => Promise<CallAnswer<T>>): Promise<CallAnswer<T>> => {
    const number = this.#next();
    const known = this.#o.live.row.visit?.journal[number];
    if (known?.kind === 'begun')
      return this.#answered(number, { kind: 'no answer', why: 'the bridge ended while it was under way' });
    if (!known) await this.#record(number, { kind: 'begun' });
    return this.#call(number, work);
  };

  readonly again = <T>(work: () => Promise<CallAnswer<T>>): Promise<CallAnswer<T>> => this.#call(this.#next(), work);

  readonly tell = async (fact: FlowFact): Promise<void> => {
    const number = this.#next();
    if (!this.#known(number, 'told')) await this.#record(number, { kind: 'told' }, [fact]);
  };

  readonly pause = async (ms: number): Promise<void> => {
    const { live, ports } = this.#o;
    // It is over when something behind it is through.
    if (Object.keys(live.row.visit?.journal ?? {}).some((number) => Number(number) >= this.#effects)) return;
    if (live.hasLeft) return never();
    await sleep(ports.clock, ms);
    if (live.hasLeft) return never();
  };

  readonly warn = (what: string): void => {
    const { live, ports } = this.#o;
    ports.log.warn({ session: live.row.id, node: this.node.type, what }, 'a flow node');
  };

  async #call<T>(number: number, work: () => Promise<CallAnswer<T>>): Promise<CallAnswer<T>> {
    const known = this.#known(number, 'answered');
    // The journal keeps what this very effect answered.
    if (known) return known.answer as CallAnswer<T>;
    if (this.#o.live.hasLeft) return never();
    return this.#answered(number, await work());
  }

  async #answered<T>(number: number, answer: CallAnswer<T>): Promise<CallAnswer<T>> {
    await this.#record(number, { kind: 'answered', answer });
    return answer;
  }

  #next(): number {
    const number = this.#effects;
    this.#effects += 1;
    return number;
  }

  #known<K extends Entry['kind']>(number: number, kind: K): Extract<Entry, { kind: K }> | undefined {
    const entry = this.#o.live.row.visit?.journal[number];
    if (!entry || (entry.kind === 'begun' && kind === 'answered')) return undefined;
    if (entry.kind !== kind) throw new TypeError('a node did other things than before (ND2)');
    return entry as Extract<Entry, { kind: K }>;
  }

  /** VI1. */
  async #record(number: number, entry: Entry, facts: readonly FlowFact[] = []): Promise<void> {
    const { live, save } = this.#o;
    const { row } = live;
    if (live.hasLeft || !row.visit) return never();
    row.visit = { ...row.visit, journal: { ...row.visit.journal, [number]: entry } };
    delete row.pause;
    await save(facts);
    if (live.hasLeft) return never();
  }

  #sent(result: Sent): Sent {
    if (result.kind === 'sent') this.#lastSentId = result.id;
    return result;
  }

  #mirror(id: string, content: Content, { mirror }: SendOptions): FlowFact[] {
    const { live, ports } = this.#o;
    const shown = mirrorOf(content, mirror);
    if (!shown) return [];
    const now = ports.clock.now();
    const { device, key: session, contact } = live.row;
    // VI2: the app knows a repeat by it.
    const name = `flow_out_${this.now}_${id.slice(-8).toLowerCase()}`;
    return [{ kind: 'flow message', device, session, contact, id: name, ...shown, at: Math.floor(now / 1_000) }];
  }
}

export function sessionFacts(row: SessionRow, conversation: string | undefined): SessionFacts {
  const { key, device, contact, engine, workspace, subscriber } = row;
  return {
    key,
    device,
    customer: customerOf(row),
    contact,
    engine,
    ...(workspace !== undefined && { workspace }),
    ...(subscriber !== undefined && { subscriber }),
    ...(conversation !== undefined && { conversation }),
  };
}

export const customerOf = ({ key, device }: Pick<SessionRow, 'key' | 'device'>): string => key.slice(device.length + 1);
