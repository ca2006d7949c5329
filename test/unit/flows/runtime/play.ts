/**
 * One customer at one node of a flow, on one engine, with everything that can end a wait: what the customer says, what the
 * app tells, and time. Each port of the node leads to a message that names it, which is how a test sees the way taken.
 */
import { z } from 'zod';
import type { CustomerMessage } from '../../../../src/actors/automation/flows.ts';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import type { Tap } from '../../../../src/app-client/inbound-content.ts';
import type { ResumeAnswer } from '../../../../src/actors/flows/protocol.ts';
import { DEVICE, digits, end, flow, type Message, say, type Stage } from './stage.ts';

export const NODE = 'n_node01';
const WORKSPACE = '3';
/** The flow is fetched and its first node runs. */
const STARTED_MS = 250;
const SETTLED_MS = 10_000;
const PICTURE: NonNullable<CustomerMessage['bytes']> = {
  mime: 'image/jpeg',
  attachment: {
    file: 'f',
    source: {
      ...{ kind: 'whatsapp', account: DEVICE, message: { chat: 'c', id: 'm', fromMe: false } },
      ...{ directPath: '/d', media: 'image', mediaKey: '' },
    },
  },
};

export type Handles = Readonly<Record<number, string>>;

/** The node first; `handles`: what the builder calls its ports, where it matters. */
export function around(node: Readonly<Record<string, unknown>>, ports: readonly number[], handles: Handles = {}) {
  const edges = ports.map((port) => `${NODE}:${port}>port${port}`);
  const whole = flow(
    [{ flowNodeType: '', ...node, id: NODE }, ...ports.map((port) => say(`port${port}`)), end()],
    edges,
  );
  const flowEdges = whole.data.flowEdges.map((edge, index) => ({ ...edge, sourceHandle: handles[ports[index] ?? -1] }));
  return { ...whole, data: { ...whole.data, flowEdges } };
}

/** PHP has one empty list for both, and leaves a map that is empty itself to the reader of the answer. */
function throughPhp(map: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = JSON.stringify(map).replaceAll('{}', '[]');
  return z.record(z.string(), z.unknown()).parse(text === '[]' ? {} : JSON.parse(text));
}

type Said = { readonly text?: string; readonly tap?: Tap; readonly votes?: readonly string[]; readonly picture?: true };

export class Play {
  readonly engine: EngineName;
  readonly phone: string;
  readonly key: string;
  readonly #stage: Stage;

  constructor(stage: Stage, engine: EngineName, phone: string) {
    this.#stage = stage;
    this.engine = engine;
    this.phone = phone;
    this.key = `${DEVICE}_${phone}`;
  }

  async begin(flowId: string): Promise<void> {
    this.#stage.engine = { kind: 'engine', engine: this.engine, branding: '' };
    await this.#stage.begin(flowId, { customer: this.phone, workspace: WORKSPACE });
    await this.#stage.run(STARTED_MS);
    // What the number is set to from now on is nothing to a session that has begun (contract flows §6.3).
    this.#stage.engine = { kind: 'none', why: 'the settings have changed', final: true };
    await this.#stage.run(SETTLED_MS);
  }

  /** With a bridge that knows nothing but the app's park, as PHP gives it back. */
  goesOnAt(other: Stage): Play {
    const told = this.#stage.told('flow park').findLast(({ session }) => session === this.key)?.snapshot;
    const parked = told ?? this.#stage.parked.get(this.key);
    if (!parked) throw new Error('nothing is parked');
    const { waiting, variables, ...rest } = parked;
    const read = { waiting: throughPhp(waiting), variables: throughPhp(variables) };
    other.parked.set(this.key, { ...rest, ...read, device: DEVICE });
    return new Play(other, this.engine, this.phone);
  }

  says(text: string): Promise<void> {
    return this.#tells({ text });
  }

  taps(id: string, title: string): Promise<void> {
    return this.#tells({ tap: { id, title } });
  }

  votes(...votes: readonly string[]): Promise<void> {
    return this.#tells({ votes });
  }

  shows(): Promise<void> {
    return this.#tells({ picture: true });
  }

  /** The node's time is over. */
  async waits(seconds: number): Promise<void> {
    await this.#stage.run(seconds * 1_000);
  }

  /** A new process finds everything as it was. */
  async restarts(): Promise<void> {
    this.#stage.restart();
    await this.#stage.run(1_000);
  }

  /** An order's event, by the session's key or by who the customer is. */
  buys(by: 'key' | 'phone' = 'key'): Promise<void> {
    const { desk } = this.#stage;
    const which =
      by === 'key'
        ? ({ kind: 'key', key: this.key } as const)
        : ({ kind: 'customer', workspace: WORKSPACE, customer: this.phone } as const);
    return this.#resumed(desk.resumePort(which, 1, { id: '5', total: '9.90', currency: 'EUR' }));
  }

  submits(): Promise<void> {
    return this.#resumed(this.#stage.desk.resumeForm(this.key, { size: 'L' }));
  }

  submitsGoogle(): Promise<void> {
    return this.#resumed(this.#stage.desk.googleForm(this.key, 'form', { size: 'L' }));
  }

  /** As the app's sweep does when its delay is over. */
  async isResumed(flowId: string): Promise<void> {
    const { engine: provider, phone: customer, key: sessionKey } = this;
    const order = { flowId, sessionKey, nodeId: NODE, customer, device: DEVICE, provider, variables: {} };
    await this.#stage.settle(this.#stage.desk.resumeDelay(order));
    await this.#stage.run(SETTLED_MS);
  }

  /** How many messages came, and how many of them the app's thread shows. */
  counts(): { readonly sent: number; readonly mirrored: number } {
    const mirrored = this.#stage.told('flow message').filter(({ session }) => session === this.key);
    return { sent: this.#seen().length, mirrored: mirrored.length };
  }

  /** The ports taken, in order; else how the session ended, else what it waits for. */
  way(): string {
    const ports = this.#seen().flatMap(({ text }) => /^port(\d)$/.exec(text)?.[1] ?? []);
    if (ports.length > 0) return ports.join(', ');
    const row = this.#stage.row(this.key);
    return row?.ended?.how ?? `waits for ${row?.wait?.wait.nextNodeType ?? 'nothing'}`;
  }

  /** What came last: what a vote is about. */
  #shown(): string {
    return this.#seen().at(-1)?.id ?? '';
  }

  #seen(): Message[] {
    return this.#stage.messages.filter(({ to }) => to === this.phone);
  }

  async #resumed(answer: Promise<ResumeAnswer>): Promise<void> {
    const told = await this.#stage.settle(answer);
    if (told?.kind !== 'resumed') throw new Error(`not resumed: ${JSON.stringify(told)}`);
    await this.#stage.run(SETTLED_MS);
  }

  /** On a linked device through its automations, at a provider through the app. */
  async #tells({ text = '', tap, votes, picture }: Said): Promise<void> {
    const said = tap?.title ?? text;
    switch (this.engine) {
      case 'baileys':
        await this.#stage.says(said, {
          contact: { pn: digits(this.phone) },
          ...(tap && { tap }),
          ...(votes && { vote: { poll: this.#shown(), labels: votes } }),
          ...(picture && { media: 'image', bytes: PICTURE }),
        });
        break;
      case 'waba':
      case 'twilio': {
        const message = {
          ...{ device: DEVICE, customer: this.phone, text: said, replyId: tap?.id ?? '', name: 'Ana' },
          ...{ provider: this.engine, mediaUrl: picture ? 'https://x.test/p.jpg' : '' },
        };
        await this.#stage.settle(this.#stage.desk.providerInbound(message, this.#stage.time.now() + 9_500));
        break;
      }
      default:
        throw new Error(this.engine satisfies never);
    }
    await this.#stage.run(SETTLED_MS);
  }
}
