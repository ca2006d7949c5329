/**
 * A node's context without a runtime: records what the node does, answers calls from a script, with the real Variables and
 * an honest flow around the node. One `Bench` per node under test.
 */
import type { CallAnswer, FlowCalls } from '../../../src/app-client/flow-calls.types.ts';
import type { FlowFact } from '../../../src/app-client/flow-facts.types.ts';
import type { Content } from '../../../src/content/content.ts';
import type { EngineName } from '../../../src/content/engine-choice.ts';
import type { Edge, Flow, FlowNode } from '../../../src/actors/flows/definition.types.ts';
import type {
  GuardedFetch,
  Match,
  NodeContext,
  NodeKind,
  NodeResult,
  SendOptions,
  Sent,
  SessionFacts,
} from '../../../src/actors/flows/node.ts';
import { Variables } from '../../../src/actors/flows/variables.ts';
import type { Reply, ReplyMedia, Wait } from '../../../src/actors/flows/waits.types.ts';
import { parseDigits } from '../../../src/phone.ts';

export const DEVICE = '5511999990000';
export const CUSTOMER = '5511988887777';
export const NOW = Date.UTC(2026, 2, 4, 12, 30, 15);
export const APP = 'https://app.test';

type Call = { readonly name: keyof FlowCalls; readonly request: unknown };
type Setup = {
  readonly type: string;
  readonly id?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly engine?: EngineName;
  /** Ports of the node that have an edge; default all of 0 to 12. */
  readonly wired?: readonly number[];
  /** As the builder calls a wired port, where a test wants it told. */
  readonly handles?: Readonly<Record<number, string>>;
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly session?: Partial<SessionFacts>;
  readonly lastSent?: Content;
  readonly cloud?: NodeContext['cloud'];
};

export class Bench {
  readonly vars: Variables;
  readonly node: FlowNode;
  readonly sent: { readonly content: Content; readonly options: SendOptions | undefined }[] = [];
  readonly told: FlowFact[] = [];
  readonly calls: Call[] = [];
  readonly pauses: number[] = [];
  readonly warnings: string[] = [];
  readonly fetched: Parameters<GuardedFetch>[0][] = [];
  readonly computed: { readonly code: string; readonly inputs: unknown }[] = [];
  readonly stored: ReplyMedia[] = [];
  /** Whether a `once` or an `again` was around each call, in order. */
  readonly effects: ('once' | 'again')[] = [];

  /** Set before the node runs. */
  onSend: (content: Content, number: number) => Sent = (_, number) => ({ kind: 'sent', id: `M${number}` });
  /** A call of the app; without an answer of the script the app says 404. */
  answers: {
    [Name in keyof FlowCalls]?: CallAnswer<
      Awaited<ReturnType<FlowCalls[Name]>> extends CallAnswer<infer T> ? T : never
    >;
  } = {};
  onFetch: GuardedFetch = async () => ({ kind: 'refused', status: 0, error: 'no script' });
  onCompute: NodeContext['compute'] = async () => ({ kind: 'refused', status: 0, error: 'no script' });
  onStore: NodeContext['storeMedia'] = async () => ({ kind: 'ok', value: `${APP}/stored.jpg` });
  onTemplateLanguages: NodeContext['templateLanguages'] = async () => ({
    kind: 'refused',
    status: 0,
    error: 'no script',
  });
  now = NOW;

  readonly #kind: NodeKind;
  readonly #setup: Setup;
  readonly #wired: readonly number[];

  constructor(kind: NodeKind, setup: Setup) {
    this.#kind = kind;
    this.#setup = setup;
    this.#wired = setup.wired ?? [...Array(13).keys()];
    this.vars = new Variables(Object.entries(setup.vars ?? {}));
    this.node = { id: setup.id ?? 'n_aaaaaa', type: setup.type, label: setup.type, fields: setup.fields ?? {} };
  }

  run(): Promise<NodeResult> {
    return this.#kind.run(this.context());
  }

  /** Runs it; what it waits for then. */
  async waited(): Promise<Wait> {
    const result = await this.run();
    if (result.kind !== 'wait') throw new Error(`no wait: ${JSON.stringify(result)}`);
    return result.wait;
  }

  match(wait: Wait, reply: Partial<Reply> | string): Match | undefined {
    return this.#kind.match?.(this.context(), wait, replyOf(reply));
  }

  /** As the runtime does it: the match's text stored, then the kind's own answer or the match's port. Undefined: no use. */
  async reply(wait: Wait, reply: Partial<Reply> | string): Promise<NodeResult | undefined> {
    const match = this.match(wait, reply);
    if (!match) return undefined;
    for (const name of [wait.variable, wait.nodeId, 'user_message']) if (name !== '') this.vars.set(name, match.text);
    if (this.#kind.answer) return this.#kind.answer(this.context(), wait, replyOf(reply), match);
    return { kind: 'next', port: match.port ?? 1 };
  }

  async due(wait: Wait): Promise<NodeResult> {
    return this.#kind.due?.(this.context(), wait) ?? { kind: 'next', port: 2 };
  }

  problems(): readonly string[] {
    return (this.#kind.check?.(this.node, this.flow()) ?? []).map(
      ({ level, code, message }) => `${level} ${code}: ${message}`,
    );
  }

  contents(): Content[] {
    return this.sent.map(({ content }) => content);
  }

  /** What a customer reads, as far as it is plain text. */
  texts(): string[] {
    return this.contents().flatMap((content) => (content.kind === 'text' ? [content.text] : []));
  }

  flow(): Flow {
    const { handles = {} } = this.#setup;
    const edges: Edge[] = this.#wired.map((port) => ({
      ...{ from: this.node.id, port, to: `n_port${port}` },
      ...(handles[port] !== undefined && { handle: handles[port] }),
    }));
    const others = this.#wired.map(
      (port): FlowNode => ({ id: `n_port${port}`, type: 'End', label: 'End', fields: {} }),
    );
    const nodes = new Map([this.node, ...others].map((node) => [node.id, node]));
    return { id: '7', name: 'Flow', workspace: '3', start: this.node.id, nodes, edges };
  }

  context(): NodeContext {
    const { engine = 'baileys', session, lastSent, cloud } = this.#setup;
    const pn = parseDigits(CUSTOMER);
    return {
      node: this.node,
      flow: this.flow(),
      session: {
        key: `${DEVICE}_${CUSTOMER}`,
        device: DEVICE,
        customer: CUSTOMER,
        contact: pn === undefined ? {} : { pn },
        engine,
        workspace: '3',
        ...session,
      },
      vars: this.vars,
      isWired: (port) => this.#wired.includes(port),
      now: this.now,
      visit: `visit of ${this.node.id}`,
      appUrl: APP,
      texts: {
        prompt: 'Please answer',
        menu: 'Options',
        apology: 'Sorry',
        unclear: 'Pardon?',
        more: 'More',
        back: 'Back',
      },
      cloud,
      lastSent,
      send: async (content, options) => {
        const outcome = this.onSend(content, this.sent.length + 1);
        this.sent.push({ content, options });
        return outcome;
      },
      app: this.#app(),
      once: (work) => this.#effect('once', work),
      again: (work) => this.#effect('again', work),
      tell: async (fact) => {
        this.told.push(fact);
      },
      fetch: (request) => {
        this.fetched.push(request);
        return this.onFetch(request);
      },
      compute: (code, inputs) => {
        this.computed.push({ code, inputs });
        return this.onCompute(code, inputs);
      },
      storeMedia: (media) => {
        this.stored.push(media);
        return this.onStore(media);
      },
      templateLanguages: (name) => this.onTemplateLanguages(name),
      pause: async (ms) => {
        this.pauses.push(ms);
      },
      warn: (what) => {
        this.warnings.push(what);
      },
    };
  }

  #effect<T>(kind: 'once' | 'again', work: () => Promise<T>): Promise<T> {
    this.effects.push(kind);
    return work();
  }

  #app(): FlowCalls {
    const call =
      <Name extends keyof FlowCalls>(name: Name) =>
      async (request: unknown) => {
        this.calls.push({ name, request });
        return this.answers[name] ?? ({ kind: 'refused', status: 404, error: 'no script' } as const);
      };
    return new Proxy({} as FlowCalls, { get: (_, name) => call(name as keyof FlowCalls) });
  }
}

export function replyOf(reply: Partial<Reply> | string): Reply {
  const given = typeof reply === 'string' ? { text: reply } : reply;
  return { id: 'IN1', text: given.tap?.title ?? '', at: NOW, ...given };
}
