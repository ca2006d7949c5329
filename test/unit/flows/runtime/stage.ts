/**
 * The flow runtime on a store in memory, in simulated time, with an engine that keeps what it was given as WhatsApp
 * would (one message per id) and an app that remembers what it was told. A life ends like a process does (`kill`): what
 * it had not written is lost, its timers never ring.
 */
import { onTestFinished } from 'vitest';
import type { CustomerMessage } from '../../../../src/actors/automation/flows.ts';
import { createFlows, type FlowRuntime } from '../../../../src/actors/flows/create.ts';
import type { NodeKind } from '../../../../src/actors/flows/node.ts';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import type { SessionRow } from '../../../../src/actors/flows/session.types.ts';
import type { BulkEngine, BulkOutcome, BulkRequest } from '../../../../src/actors/protocol.ts';
import type { KeywordAnswer, KeywordQuery } from '../../../../src/app-client/endpoints.ts';
import type { CallAnswer, FlowCalls, FlowStore, ParkedSession } from '../../../../src/app-client/flow-calls.types.ts';
import type { FlowFact } from '../../../../src/app-client/flow-facts.types.ts';
import type { AutomaticReply, KeywordReply } from '../../../../src/app-client/inbound-answers.ts';
import type { Clock } from '../../../../src/clock.ts';
import { createLog } from '../../../../src/log.ts';
import { type Identity, parseDigits } from '../../../../src/phone.ts';
import type { Batch, Store } from '../../../../src/store/store.ts';
import { SimulatedTime } from '../../../helpers/simulated-time.ts';
import { memoryStore } from '../../../helpers/memory-store.ts';

export const DEVICE = '5511900000001';
export const CUSTOMER = '5511988887777';
export const START = Date.UTC(2026, 5, 1, 12);
export const KEY = `${DEVICE}_${CUSTOMER}`;
export const HOUR = 3_600_000;

export const digits = (text: string) =>
  parseDigits(text) ??
  (() => {
    throw new TypeError(text);
  })();
export const ANA: Identity = { pn: digits(CUSTOMER) };

type StartRule = Omit<Parameters<FlowRuntime['flows']['start']>[0], 'device' | 'message'>;
export type Message = { readonly id: string; readonly to: string; readonly text: string; readonly at: number };
type WireNode = { readonly id: string; readonly flowNodeType: string } & Readonly<Record<string, unknown>>;

/** `edges`: `a>b` for port 1, `a:2>b` for others. */
export function flow(nodes: readonly WireNode[], edges: readonly string[], name = 'Shop') {
  const flowEdges = edges.map((edge, index) => {
    const [from = '', to = ''] = edge.split('>');
    const [source = '', port = '1'] = from.split(':');
    return { id: `e${index}`, sourceNodeId: `${source}_${port}`, targetNodeId: `${to}_1`, source, target: to };
  });
  return {
    flow: { id: 1, flow_name: name, is_published: true },
    data: { flowNodes: [...nodes], flowEdges, vars: [], workspace_id: null },
  };
}

export const say = (id: string, ...texts: string[]): WireNode => ({
  id,
  flowNodeType: 'Message',
  flowReplies: (texts.length > 0 ? texts : [id]).map((data) => ({ flowReplyType: 'Text', data })),
});
export const ask = (id: string, question: string, variable = 'answer'): WireNode => ({
  id,
  flowNodeType: 'Ask',
  question,
  variable,
});
/** `menu` with these labels, ids `p0`, `p1`…; persistent unless `oneShot`. */
export const menu = (id: string, labels: readonly string[], oneShot = false): WireNode => ({
  id,
  flowNodeType: 'Menu',
  labels,
  oneShot,
});
export const end = (id = 'end'): WireNode => ({ id, flowNodeType: 'End' });
export const sub = (id: string, flowId: string): WireNode => ({ id, flowNodeType: 'Sub', flowId });
export const delay = (id: string, seconds: number): WireNode => ({ id, flowNodeType: 'Delay', seconds });

/** Kinds that are as simple as can be: the runtime is under test, not the nodes. */
const FAKES: readonly NodeKind[] = [
  {
    types: ['Ask'],
    run: async ({ node, send, now }) => {
      const sent = await send({ kind: 'text', text: String(node.fields['question']) });
      if (sent.kind === 'failed') return { kind: 'abort', why: 'the prompt was not sent' };
      const timeout = Number(node.fields['timeout'] ?? 0);
      const wait = { nextNodeType: 'Question', nodeId: node.id, variable: String(node.fields['variable']) } as const;
      return { kind: 'wait', wait, ...(timeout > 0 && { due: now + timeout * 1_000 }) };
    },
    match: (_, __, reply) => (reply.text === '' ? undefined : { text: reply.text, anyText: true }),
  },
  {
    types: ['Menu'],
    run: async ({ node, send }) => {
      const labels = node.fields['labels'] as string[];
      const buttons = labels.map((label, index) => ({ kind: 'reply', label, id: `p${index}` }) as const);
      const sent = await send({ kind: 'buttons', title: '', subtitle: '', footer: '', body: node.id, buttons });
      if (sent.kind === 'failed') return { kind: 'abort', why: 'the prompt was not sent' };
      const answerItems = buttons.map(({ label, id }) => ({ text: label, answerText: label, id }));
      const persistent = node.fields['oneShot'] !== true;
      return {
        kind: 'wait',
        wait: { nextNodeType: 'Question', nodeId: node.id, variable: 'choice', answerItems, persistent },
      };
    },
    match: (_, wait, reply) => {
      const items = wait.nextNodeType === 'Question' ? (wait.answerItems ?? []) : [];
      const index = items.findIndex(({ id, text }) => (reply.tap ? reply.tap.id === id : text === reply.text));
      const item = items[index];
      return item && { text: item.text, port: index + 1 };
    },
  },
  { types: ['Sub'], run: async ({ node }) => ({ kind: 'sub flow', flowId: String(node.fields['flowId']) }) },
  { types: ['Delay'], run: async ({ node }) => ({ kind: 'sleep', seconds: Number(node.fields['seconds']) }) },
  {
    types: ['Cart'],
    run: async ({ node, send, now }) => {
      await send({ kind: 'text', text: 'cart' });
      const cart = { provider: 'shopify', storeId: '1', items: [], abandonedWaitMinutes: 5, startedAt: now } as const;
      return {
        kind: 'wait',
        wait: { nextNodeType: 'CommerceShop', nodeId: node.id, variable: '', ...cart },
        due: now + 300_000,
      };
    },
    match: () => undefined,
  },
  {
    types: ['Form', 'GForm'],
    run: async ({ node, now }) => {
      const own = { nodeId: node.id, variable: '', formId: '1', startedAt: now };
      const seconds = Number(node.fields['seconds'] ?? 0);
      const due = seconds > 0 && { due: now + seconds * 1_000 };
      if (node.type === 'GForm') return { kind: 'wait', wait: { nextNodeType: 'GoogleForm', ...own }, ...due };
      return { kind: 'wait', wait: { nextNodeType: 'WaForm', metaFlowId: '', flowToken: '', ...own } };
    },
    match: () => undefined,
  },
  {
    types: ['Booking'],
    run: async ({ node, now }) => {
      const bookingStage = node.fields['stage'] as 'CHOOSE_DAY' | 'PAY';
      const wait = { nextNodeType: 'BookAppointment', nodeId: node.id, variable: '', bookingStage } as const;
      return { kind: 'wait', wait, due: now + 24 * HOUR };
    },
    match: () => undefined,
  },
  {
    // Two calls around a message: one that must not be repeated, one that may.
    types: ['Calls'],
    run: async ({ app, once, again, send, vars, tell, session }) => {
      const deal = await once(() => app.deal({ what: 'once' }));
      const rows = await again(() => app.mysql({ what: 'again' }));
      vars.set('deal', deal.kind);
      vars.set('rows', rows.kind);
      await tell({
        kind: 'flow tag',
        device: session.device,
        session: session.key,
        customer: session.customer,
        action: 'add',
        id: '1',
        name: 'vip',
      });
      await send({ kind: 'text', text: `deal ${deal.kind}, rows ${rows.kind}` });
      return { kind: 'next', port: 1 };
    },
  },
  {
    types: ['Conversation'],
    run: async ({ send, session }) => {
      await send({ kind: 'text', text: `conversation ${session.conversation}` });
      return { kind: 'next', port: 1 };
    },
  },
  { types: ['Throws'], run: () => Promise.reject(new Error('a bug')) },
];

const testKind = (type: string): NodeKind => FAKES.find(({ types }) => types.includes(type)) ?? kindOf(type);

export class Stage {
  readonly time = new SimulatedTime(START);
  readonly store: Store = memoryStore();
  /** By flow id; undefined: 404; a promise that never ends: an app that is away. */
  readonly flows = new Map<string, ReturnType<typeof flow>>();
  isAppAway = false;
  /** Durable with the rows. */
  readonly facts: FlowFact[] = [];
  /** What reached the customer: on the linked device each id once, at providers each key once. */
  readonly messages: Message[] = [];
  readonly lines: string[] = [];
  readonly calls: string[] = [];
  readonly lookUps: string[] = [];
  /** Of the look-ups that flows made themselves. */
  readonly queries: KeywordQuery[] = [];
  /** What automations were to say for flows. */
  readonly lateReplies: { readonly message: CustomerMessage; readonly reply: AutomaticReply }[] = [];
  readonly parked = new Map<string, ParkedSession>();
  parkLookUps = 0;
  /** Sessions whose last word the app has not heard. */
  readonly untold = new Set<string>();
  readonly delays: Parameters<FlowStore['delayPark']>[0][] = [];
  readonly cooldowns: { readonly contact: Identity; readonly until: number }[] = [];
  isDelayParked = true;
  /** What the app answers to nodes; `{}` where nothing is said. */
  answers: Partial<Record<keyof FlowCalls, CallAnswer<unknown>>> = { mysql: { kind: 'ok', value: { rows: [] } } };
  onLookUp: (text: string) => KeywordReply | Promise<KeywordReply> = () => ({ kind: 'none', why: 'notallow' });
  attributes: Record<string, unknown> = {};
  engine: BulkEngine = { kind: 'engine', engine: 'baileys', branding: '' };
  isReady = true;
  room = Infinity;
  /** What becomes of a send; undefined: it arrives. */
  outcome: (request: BulkRequest) => BulkOutcome | undefined = () => undefined;
  /** The wall clock was set by so much. */
  clockOff = 0;
  sendMs = 100;
  callMs = 200;
  /** The life ends right after this many more writes, or `before` the one that follows them: what it has done until then, it has done. */
  writesLeft = Infinity;
  dies: 'after' | 'before' = 'after';
  isKilled = false;
  writes = 0;
  isFull = false;
  /** Writes until then happen then, in order: the disk stands still. */
  writesHeldUntil = 0;
  life: Life;

  constructor() {
    this.life = new Life(this);
    this.life.runtime.start();
    onTestFinished(() => void this.life.runtime.stop());
  }

  get desk() {
    return this.life.runtime.desk;
  }

  /** As `kill -9`, then a new process. */
  restart(): void {
    this.life.dead = true;
    this.writesLeft = Infinity;
    this.isKilled = false;
    this.life = new Life(this);
    this.life.runtime.start();
  }

  /** Moves time, and lets writes and sends settle before every timer. */
  async run(ms: number): Promise<void> {
    const until = this.time.now() + ms;
    for (;;) {
      await this.settled();
      if (this.isKilled) {
        this.restart();
        continue;
      }
      const next = this.time.nextIn();
      if (next === undefined || this.time.now() + next > until) break;
      this.time.advance(next);
    }
    this.time.advance(until - this.time.now());
    await this.settled();
  }

  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet += this.life.writing === 0 ? 1 : -quiet)
      await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass until the work is done; undefined when a crash took it away. */
  async settle<T>(work: Promise<T>): Promise<T | undefined> {
    let result: { readonly value: T } | undefined;
    void work.then((value) => (result = { value }));
    const { life } = this;
    for (let round = 0; !result && round < 4_000 && life === this.life; round++) await this.run(round < 5 ? 0 : 50);
    return result?.value;
  }

  async begin(flowId: string, more: Partial<Parameters<FlowRuntime['desk']['start']>[0]> = {}): Promise<void> {
    const order = { device: DEVICE, customer: CUSTOMER, flowId, provider: '', contact: {}, variables: {} } as const;
    await this.settle(this.desk.start({ ...order, ...more }));
  }

  #ids = 0;

  /** As automations start flow 1, by this message. */
  async byKeyword(text: string, rule: Partial<StartRule> = {}, more: Partial<CustomerMessage> = {}): Promise<void> {
    const { flows } = this.life.runtime;
    const message = this.#message(text, more);
    const plain = { workspace: undefined, timeoutS: undefined, cooldownS: 0, keyword: true };
    await this.settle(flows.start({ device: DEVICE, message, flowId: '1', ...plain, ...rule }));
  }

  /** A message of the customer on the linked device, and what the runtime decides; a look-up is made as automations do. */
  async says(text: string, more: Partial<CustomerMessage> = {}): Promise<'consumed' | 'not consumed' | undefined> {
    return this.settle(this.offer(text, more));
  }

  offer(text: string, more: Partial<CustomerMessage> = {}): Promise<'consumed' | 'not consumed'> {
    const message = this.#message(text, more);
    const { flows } = this.life.runtime;
    if (!flows.waiting(DEVICE, message)) return Promise.resolve('not consumed');
    return flows.offer(DEVICE, message, () => this.lookUp(message.text), undefined);
  }

  #message(text: string, more: Partial<CustomerMessage>): CustomerMessage {
    return { id: `IN${++this.#ids}`, contact: ANA, name: 'Ana Maria', text, at: this.time.now() / 1_000, ...more };
  }

  taps(id: string, title: string, quoted?: string) {
    return this.says(title, { tap: { id, title, ...(quoted !== undefined && { quoted }) } });
  }

  async lookUp(text: string): Promise<KeywordAnswer> {
    this.lookUps.push(text);
    return { kind: 'found', reply: await this.onLookUp(text) };
  }

  texts(): string[] {
    return this.messages.map(({ text }) => text);
  }

  row(key = KEY): SessionRow | undefined {
    return this.store.table<SessionRow>('flows/sessions').get(key);
  }

  vars(key = KEY): Record<string, unknown> {
    return Object.fromEntries(this.row(key)?.variables ?? []);
  }

  told<K extends FlowFact['kind']>(kind: K): Extract<FlowFact, { kind: K }>[] {
    return this.facts.filter((fact): fact is Extract<FlowFact, { kind: K }> => fact.kind === kind);
  }

  /** What the app's thread shows. */
  mirrors(): string[] {
    return this.told('flow message').map(({ content }) => (content.kind === 'text' ? content.text : content.kind));
  }
}

class Life {
  dead = false;
  writing = 0;
  readonly runtime: FlowRuntime;
  wake: (device: string) => void = () => undefined;

  constructor(stage: Stage) {
    const clock: Clock = {
      now: () => stage.time.now() + stage.clockOff,
      setTimeout: (fn, ms) => stage.time.setTimeout(() => (this.dead ? undefined : fn()), ms),
      clearTimeout: (timer) => stage.time.clearTimeout(timer),
    };
    const write = async (change: (batch: Batch) => void, facts: readonly FlowFact[] = []) => {
      if (stage.writesLeft <= 0) stage.isKilled = true;
      if (this.dead || stage.isKilled) return never();
      const heldMs = stage.writesHeldUntil - stage.time.now();
      if (heldMs > 0) {
        const changes = recorded(change);
        if (changes.length === 0) return;
        await after(heldMs, () => undefined);
        change = (batch) => changes.forEach((each) => each(batch));
      }
      if (stage.isFull) {
        // The real one refuses when it knows how much it is.
        recorded(change);
        throw new Error('no space left on device');
      }
      stage.writesLeft -= 1;
      stage.writes += 1;
      this.writing += 1;
      try {
        await stage.store.write(change);
        stage.facts.push(...facts);
      } finally {
        this.writing -= 1;
      }
      // The process ended with this write: nobody hears of it.
      if (stage.writesLeft <= 0 && stage.dies === 'after') stage.isKilled = true;
      if (stage.isKilled) await never();
    };
    const { store } = stage;
    const log = createLog({ level: 'info', stream: { write: (line) => stage.lines.push(line) } });
    const after = async <T>(ms: number, value: () => T): Promise<T> => {
      if (this.dead || stage.isKilled) return never();
      await new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
      return this.dead || stage.isKilled ? never() : value();
    };
    const call = (name: string, answer: CallAnswer<unknown> = { kind: 'ok', value: {} }) => {
      stage.calls.push(name);
      return after(stage.callMs, () => answer);
    };
    const own = {
      definition: (id: string) =>
        after(stage.callMs, () => {
          const found = stage.flows.get(id);
          if (stage.isAppAway) return { kind: 'no answer', why: 'away' } as const;
          return found
            ? ({ kind: 'ok', value: structuredClone(found) } as const)
            : ({ kind: 'refused', status: 404, error: 'not found' } as const);
        }),
      attributes: () => after(0, () => stage.attributes),
      parked: (key: string) => {
        stage.parkLookUps += 1;
        return after(stage.callMs, () => ({ kind: 'ok', value: stage.parked.get(key) }) as const);
      },
      delayPark: (request: Parameters<FlowStore['delayPark']>[0]) => {
        stage.delays.push(request);
        return call('delayPark', stage.isDelayParked ? undefined : { kind: 'refused', status: 500, error: 'no' });
      },
      storeMedia: () => call('storeMedia'),
    };
    const app = new Proxy(own as unknown as FlowStore & FlowCalls, {
      get: (_, name: keyof typeof own & keyof FlowCalls) => own[name] ?? (() => call(name, stage.answers[name])),
    });
    this.runtime = createFlows({
      store: { ...store, write: (change) => write(change) },
      queue: { append: (facts, also) => write((batch) => also?.(batch), facts) },
      sends: {
        engineOf: () => Promise.resolve(stage.engine),
        isReady: () => stage.isReady,
        onReady: (wake) => void (this.wake = wake),
        room: () => stage.room,
        send: (request) => this.#send(stage, request, after),
      },
      app,
      endpoints: {
        keywordReply: async (query, _, witness) => {
          const { text } = query;
          stage.queries.push(query);
          await witness.asking();
          return stage.lookUp(text);
        },
      },
      branding: () => '',
      ports: {
        fetch: () => Promise.resolve({ kind: 'no answer', why: 'no net' }),
        compute: () => Promise.resolve({ kind: 'no answer', why: 'no engine' }),
        storeMedia: () => Promise.resolve({ kind: 'ok', value: 'https://app.test/m' }),
        templateLanguages: async () => ({ kind: 'ok', value: [] }),
        cloud: () => undefined,
        appUrl: 'https://app.test',
        texts: {
          prompt: 'Please answer',
          apology: 'Sorry',
          menu: 'Please choose',
          unclear: '?',
          more: 'More',
          back: 'Back',
        },
      },
      replyLate: async (_, message, reply) => void stage.lateReplies.push({ message, reply }),
      coolDown: async ({ contact }, until) => void stage.cooldowns.push({ contact, until }),
      staleAfterMs: 600_000,
      isUntold: (key) => stage.untold.has(key),
      ttlMs: 720 * HOUR,
      kindOf: testKind,
      clock,
      log,
    });
  }

  async #send(
    stage: Stage,
    request: BulkRequest,
    after: <T>(ms: number, value: () => T) => Promise<T>,
  ): Promise<BulkOutcome> {
    if (!stage.isReady && request.engine === 'baileys') return { kind: 'not ready', why: 'not connected' };
    return after(stage.sendMs, () => {
      const outcome = stage.outcome(request) ?? { kind: 'sent', id: request.id };
      const isThere = stage.messages.some(({ id }) => id === request.id);
      if ((outcome.kind === 'sent' || outcome.kind === 'unknown') && !isThere) {
        const { content, id, to } = request;
        const text =
          content.kind === 'text' ? content.text : content.kind === 'buttons' ? `[${content.body}]` : content.kind;
        stage.messages.push({ id, to, text, at: stage.time.now() });
      }
      return outcome;
    });
  }
}

/** What a change does, taken down now. */
function recorded(change: (batch: Batch) => void): ((batch: Batch) => void)[] {
  const changes: ((batch: Batch) => void)[] = [];
  change({
    put: (table, key, value) => {
      const copy = structuredClone(value);
      changes.push((batch) => batch.put(table, key, copy));
    },
    remove: (table, key) => void changes.push((batch) => batch.remove(table, key)),
  });
  return changes;
}

/** A process that was killed answers nobody. */
const never = (): Promise<never> => new Promise(() => undefined);
