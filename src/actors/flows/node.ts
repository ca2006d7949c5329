/**
 * The port between the runtime and one kind of node.
 *
 *  ND1  A node is a plain async function of its context. Everything it does outside goes through the context, which
 *       numbers these effects and keeps their results: after a crash the node runs again from its beginning, finished
 *       effects answer from the journal, and only the one that was under way is settled anew (visit.ts).
 *  ND2  So a node decides by its context alone: no clock, no randomness, no state of its own; effects in the same order
 *       for the same results.
 *  ND3  Expected failures are values. A node that throws is a bug: it is logged and the session ends (F-41).
 *  ND4  Nodes do not import each other.
 *
 * Deliberately not here: which node comes next (steps.ts), deadlines (deadlines.ts), pauses of a send (sends.ts, runner.ts).
 */
import type { FlowFact } from '../../app-client/flow-facts.types.ts';
import type { CallAnswer, FlowCalls } from '../../app-client/flow-calls.types.ts';
import type { Button, Content } from '../../content/content.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import type { GuardedRequest } from '../../net/guarded-request.ts';
import type { Identity } from '../../phone.ts';
import type { Flow, FlowNode, FlowProblem } from './definition.types.ts';
import type { Variables } from './variables.ts';
import type { Reply, ReplyMedia, Wait } from './waits.types.ts';

/** What a node leads to. A port without an edge is a dead end, which the runtime settles (contract flows §6.6). */
export type NodeResult =
  /** Port 1 follows every edge, other ports the first (contract flows §2.3). */
  | { readonly kind: 'next'; readonly port: number }
  /** `due`: epoch ms when `due` of the kind is called unless an answer came first. */
  | { readonly kind: 'wait'; readonly wait: Wait; readonly due?: number }
  /** Then port 1; a minute and more is left to the app (contract flows §11). */
  | { readonly kind: 'sleep'; readonly seconds: number }
  | { readonly kind: 'sub flow'; readonly flowId: string }
  /** Nothing to follow whatever is wired, such as a menu without options: as at an unwired port (contract flows §6.6). */
  | { readonly kind: 'dead end' }
  /** Completed: this flow. `whole`: with its callers and every branch that waits or is still to be run. */
  | { readonly kind: 'end'; readonly whole?: true }
  /** Nothing sensible can follow, such as after a prompt that never arrived (F-27). */
  | { readonly kind: 'abort'; readonly why: string };

/** The wait has a use for a reply. JSON: it is kept while the branch runs. */
export type Match = {
  /** Stored under the wait's variable, the node id and `user_message`, before anything else (F-01). */
  readonly text: string;
  /** Followed when the kind has no `answer` of its own; default 1. */
  readonly port?: number;
  /** Any text would have done (free text, or the way for "else"): a keyword that starts flows goes first (F-18). */
  readonly anyText?: true;
  /** Whatever the kind wants to remember of the match. */
  readonly data?: Readonly<Record<string, unknown>>;
};

/** `sent`: with WhatsApp's or the provider's id. `unknown`: may have arrived; never sent again, the flow goes on. */
export type Sent =
  | { readonly kind: 'sent'; readonly id: string }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'unknown'; readonly error: string };

export type SendOptions = {
  /** Digits of somebody other than the customer; such a send is not mirrored into this chat. */
  readonly to?: string;
  /** It belongs to the medium before it, and is no `lastSent` of its own. */
  readonly isCaption?: boolean;
  /** What the app's thread shows where it differs from the content (contract flows §8, inbound-message). */
  readonly mirror?: {
    readonly body?: string;
    readonly header?: string;
    readonly footer?: string;
    readonly templateName?: string;
    readonly buttons?: readonly Button[];
  };
};

/** What customers read where a flow's author left nothing to say; configuration. */
export type FlowTexts = {
  /** A question whose own words came out empty. */
  readonly prompt: string;
  /** The label that opens a list. */
  readonly menu: string;
  /** A reply to a choice that is none of it. */
  readonly unclear: string;
  /** The rows of a booking's list that lead on and back. */
  readonly more: string;
  readonly back: string;
  /** Something went wrong behind the scenes. */
  readonly apology: string;
};

/** What is fixed for the conversation. */
export type SessionFacts = {
  /** `<deviceDigits>_<customerDigits>`: leaves the bridge, keep its form (contract flows §6.1). */
  readonly key: string;
  readonly device: string;
  /** The customer's digits as in the key. */
  readonly customer: string;
  readonly contact: Identity;
  readonly engine: EngineName;
  readonly workspace?: string;
  readonly subscriber?: number;
  /** The app's id of the conversation, once it told it. */
  readonly conversation?: string;
};

/** What can be known without doing anything. */
export type Scene = {
  readonly node: FlowNode;
  readonly flow: Flow;
  readonly session: SessionFacts;
  /** Those of the session; changes are kept when the visit ends. */
  readonly vars: Variables;
  /** Whether an edge leaves this port of the node. */
  readonly isWired: (port: number) => boolean;
};

export type NodeContext = Scene & {
  /** Epoch ms at which this visit began; the same after a crash. */
  readonly now: number;
  /** Names this visit of this node for good: for ids made from it. */
  readonly visit: string;
  /** Without a slash at its end. */
  readonly appUrl: string;
  readonly texts: FlowTexts;
  /** The Cloud number behind the device, as far as settings tell. */
  readonly cloud: { readonly phoneNumberId: string; readonly wabaId: string } | undefined;
  /** The last content that a Message or Media node sent in this session. */
  readonly lastSent: Content | undefined;
  /** To the customer, in the session's engine, as one message however often the process dies; mirrored after success. */
  readonly send: (content: Content, options?: SendOptions) => Promise<Sent>;
  /** Calls of the app whose answers are used; wrap each in `once` or `again`. */
  readonly app: FlowCalls;
  /** Never done a second time: one that a crash interrupted answers `no answer`. */
  readonly once: <T>(work: () => Promise<CallAnswer<T>>) => Promise<CallAnswer<T>>;
  /** Harmless to repeat: done again when a crash interrupted it. */
  readonly again: <T>(work: () => Promise<CallAnswer<T>>) => Promise<CallAnswer<T>>;
  /** One-way, through the outbox, once. */
  readonly tell: (fact: FlowFact) => Promise<void>;
  /** Through the egress guard; not journaled, so wrap it. */
  readonly fetch: GuardedFetch;
  /** Runs an author's code in the sandbox; not journaled, so wrap it. */
  readonly compute: (code: string, inputs: Readonly<Record<string, unknown>>) => Promise<CallAnswer<unknown>>;
  /** Hands a customer's medium to the app and answers with its URL; not journaled, so wrap it. */
  readonly storeMedia: (media: ReplyMedia) => Promise<CallAnswer<string>>;
  /** Languages in which Meta has approved a template of the device's account; not journaled, so wrap it. */
  readonly templateLanguages: (name: string) => Promise<CallAnswer<readonly string[]>>;
  /** Between two messages; a crash makes it longer, never a send double. */
  readonly pause: (ms: number) => Promise<void>;
  /** For the operator: no texts, no numbers. */
  readonly warn: (what: string) => void;
};

/** 15 s, no redirects, 5 MB each way, guarded addresses (contract flows §3.1). `refused`: with what the server or guard said. */
export type GuardedFetch = (request: {
  readonly method: GuardedRequest['method'];
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
}) => Promise<CallAnswer<{ readonly status: number; readonly text: string }>>;

export type NodeKind = {
  /** The `flowNodeType`s it runs. */
  readonly types: readonly string[];
  readonly run: (context: NodeContext) => Promise<NodeResult>;
  /** Whether its wait has a use for this reply; pure and at once, because callers wait for it (F-20, F-23). */
  readonly match?: (scene: Scene, wait: Wait, reply: Reply) => Match | undefined;
  /** After `match.text` was stored; without it the match's port is followed. */
  readonly answer?: (context: NodeContext, wait: Wait, reply: Reply, match: Match) => Promise<NodeResult>;
  /** The wait's time is over; without it port 2 is followed. */
  readonly due?: (context: NodeContext, wait: Wait) => Promise<NodeResult>;
  /** The wait that this node's menu leaves open, for a tap on one that is not remembered (reply-routing.ts RR2). */
  readonly menu?: (scene: Scene) => Wait | undefined;
  /** Whether it ever waits for the customer; without it: when there is a `match`. */
  readonly waits?: (node: FlowNode, flow: Flow) => boolean;
  /** What an author should mend. */
  readonly check?: (node: FlowNode, flow: Flow) => readonly Omit<FlowProblem, 'nodeId'>[];
};
