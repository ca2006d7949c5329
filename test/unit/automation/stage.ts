/** The automations of one number on a store in memory and simulated time; app, lane and flows are the test's. */
import { Automations } from '../../../src/actors/automation/automations.ts';
import type { Automation } from '../../../src/actors/automation/automation.ts';
import type { CustomerMessage, Flows, FlowStart, Verdict } from '../../../src/actors/automation/flows.ts';
import { LidMap } from '../../../src/actors/lid-map.ts';
import type { SendAnswer, SendRequest } from '../../../src/actors/protocol.ts';
import type { InboundFact } from '../../../src/app-client/callbacks.types.ts';
import type { AppAnswer } from '../../../src/app-client/client.ts';
import { Endpoints } from '../../../src/app-client/endpoints.ts';
import type { Medium } from '../../../src/app-client/inbound-content.ts';
import type { OutboxQueue } from '../../../src/app-client/outbox.types.ts';
import type { Identity } from '../../../src/phone.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { memoryFolder } from '../../helpers/memory-store.ts';
import { DEVICE, digits, pass, quiet } from '../../property/outbox/app.ts';

export { DEVICE };
export const ANA: Identity = { pn: digits('5511999990000') };
export const BOB: Identity = { pn: digits('5511999991111') };

export const answer = (body: unknown, status = 200): AppAnswer => ({ kind: 'answer', status, body });
export const STORED = answer({ ok: true, conversation_id: 1, routing_actions: [] });
export const flowId = (id: number): AppAnswer => answer({ ok: true, routing_actions: { flow_id: id } });
export const NO_MATCH = { response: '200', reply: 'notallow', reply_type: null, flow_id: null };
export const custom = (reply: string, more: object = {}) => ({ reply_type: 'custom', reply, ...more });

export type LookUp = { readonly at: number; readonly query: Record<string, string> };

const NEVER = new Promise<never>(() => undefined);

export class Stage {
  readonly time = new SimulatedTime();
  readonly lookUps: LookUp[] = [];
  readonly sends: (SendRequest & { readonly at: number })[] = [];
  readonly mirrors: InboundFact[] = [];
  readonly starts: FlowStart[] = [];
  readonly ended: Identity[] = [];
  readonly conversations: string[] = [];
  readonly offers: string[] = [];
  readonly heard: (readonly [string, Verdict])[] = [];
  /** A flow keeps the message that it is told of. */
  isKept = false;
  /** What keyword-replies says; a promise is an app that takes its time. */
  onLookUp: (query: Record<string, string>) => object | AppAnswer | Promise<object | AppAnswer> = () => NO_MATCH;
  onSend: (request: SendRequest) => SendAnswer | Promise<SendAnswer> = ({ to }) => ({
    kind: 'sent',
    id: this.nextId(),
    to,
  });
  sentMedium: (id: string) => Medium | undefined = () => undefined;
  waiting = (_contact: Identity): boolean => false;
  onOffer: (message: CustomerMessage, lookUp: () => Promise<unknown>) => Promise<'consumed' | 'not consumed'> = () =>
    Promise.resolve('consumed');

  readonly #temp = memoryFolder();
  readonly #start = this.time.now();
  #store: Store | undefined;
  #writing = 0;
  #process = 0;
  #ids = 0;
  automations!: Automations;
  automation!: Automation;
  lids!: LidMap;
  #queue!: OutboxQueue;

  constructor() {
    this.open();
  }

  /** Seconds since the start. */
  get now(): number {
    return (this.time.now() - this.#start) / 1_000;
  }

  nextId(): string {
    return `WA${++this.#ids}`;
  }

  /** As kill -9 and a new process on the same folder: what was under way goes nowhere. */
  kill9(): void {
    this.#process += 1;
    this.#writing = 0;
    this.open();
  }

  /** As a process that begins on this folder. */
  open(): void {
    const process = this.#process;
    /** What a dead process waits for never comes. */
    const alive = async <T>(work: () => T | Promise<T>): Promise<T> => {
      const result = process === this.#process ? await work() : await NEVER;
      return process === this.#process ? result : NEVER;
    };
    const opened = this.#temp.open();
    const store: Store = {
      ...opened,
      table: (name) => opened.table(name),
      write: (change) =>
        alive(async () => {
          this.#writing += 1;
          await opened.write(change);
          if (process === this.#process) this.#writing -= 1;
        }),
    };
    this.#store = opened;
    const client = {
      post: () => Promise.reject(new Error('automations post nothing')),
      get: (_path: string, query: Readonly<Record<string, string>>): Promise<AppAnswer> =>
        alive(async () => {
          this.lookUps.push({ at: this.now, query: { ...query } });
          const said = await this.onLookUp({ ...query });
          return 'kind' in said ? (said as AppAnswer) : answer([said]);
        }),
    };
    const flows: Flows = {
      waiting: (_, { contact }) => this.waiting(contact),
      offer: (_, message, lookUp) => {
        this.offers.push(message.id);
        return this.onOffer(message, lookUp);
      },
      start: async (order) => void this.starts.push(order),
      end: async (_, contact) => void this.ended.push(contact),
      heard: async (_, { id }, verdict) => (this.heard.push([id, verdict]), this.isKept),
      conversation: async (_, __, id) => void this.conversations.push(id),
    };
    this.#queue = {
      append: (facts, also) =>
        store.write((batch) => {
          for (const fact of facts) if (fact.kind === 'inbound' && fact.direction === 'out') this.mirrors.push(fact);
          also?.(batch);
        }),
    };
    this.automations = new Automations({
      flows,
      endpoints: new Endpoints({ client, clock: this.time }),
      send: (request) =>
        alive(() => {
          this.sends.push({ ...request, at: this.now });
          return this.onSend(request);
        }),
      workspace: () => '7',
      appUrl: 'http://app.test',
      clock: this.time,
      log: quiet,
      staleAfterSeconds: 600,
    });
    this.lids = new LidMap(store);
    this.automation = this.automations.attach(DEVICE, store, this.#queue, this.lids, (id) =>
      this.sentMedium(id),
    ) as Automation;
  }

  /** As an orderly stop and a new process on the same folder. */
  async restart(): Promise<void> {
    await this.automations.stop();
    await this.#store?.close();
    this.open();
  }

  /** As the inbound desk hands a message over: durable, then begun. */
  async arrives(id: string, contact: Identity, text = id, more: Partial<InboundFact> = {}): Promise<void> {
    const fact: InboundFact = {
      ...{ kind: 'inbound', device: DEVICE, direction: 'in', contact, name: 'Ana Maria', id, stored: false },
      ...{ content: { kind: 'text', text }, at: this.time.now() / 1_000, ...more },
    } as InboundFact;
    const tasks = this.automation.open([fact]);
    await this.#queue.append([fact], (batch) => this.automation.put(batch, tasks));
    this.automation.begin(tasks);
  }

  /** As the inbound desk hands a vote over. */
  async votes(id: string, contact: Identity, labels: readonly string[]): Promise<void> {
    const at = this.time.now() / 1_000;
    const tasks = this.automation.openVotes([{ id, contact, name: 'Ana Maria', at, vote: { poll: 'P', labels } }]);
    await this.#store?.write((batch) => this.automation.put(batch, tasks));
    this.automation.begin(tasks);
  }

  /** The outbox heard this. */
  answered(id: string, contact: Identity, said: AppAnswer = STORED, first = true): void {
    this.automations.listener(DEVICE)({ id, contact }, said, first);
  }

  pass(seconds: number): Promise<void> {
    return pass(this.time, async () => this.#writing > 0, seconds * 1_000);
  }

  /** Texts sent, with their second. */
  said(): [number, string][] {
    return this.sends.map(({ at, content }) => [at, content.kind === 'text' ? content.text : content.kind]);
  }

  left(): number {
    return [...(this.#store?.table('automation').keys() ?? [])].length;
  }

  async strike(): Promise<void> {
    await this.automations.stop();
    await this.#store?.close();
    this.#temp.remove();
  }
}
