/**
 * What the flow routes may ask of the runtime (contract flows §1.2). Types only; re-exported by actors/protocol.ts.
 * Nothing rejects for an expected outcome; every method answers as soon as what it did is durable, never after a branch.
 */
import type { FlowProblem } from './definition.types.ts';

export type Provider = '' | 'baileys' | 'waba' | 'twilio';

export type StartOrder = {
  readonly device: string;
  /** Digits. */
  readonly customer: string;
  readonly flowId: string;
  readonly provider: Provider;
  readonly subscriber?: number;
  readonly workspace?: string;
  /** Another order with the same name is accepted and ignored, also after a crash. */
  readonly once?: string;
  /** Contact fields and variables as the request has them; seeded by contract flows §4. */
  readonly contact: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, unknown>>;
};

/** A waiting session was resumed through this port of this node, or why not. */
export type ResumeAnswer =
  | { readonly kind: 'resumed'; readonly nodeId: string; readonly port: number; readonly advancedTo?: string }
  | { readonly kind: 'not found' }
  | { readonly kind: 'not waiting for it' }
  | { readonly kind: 'failed'; readonly why: string };

/** A session key, or whoever of a workspace waits for an order under a customer's number. */
export type WhichSession =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'customer'; readonly workspace: string; readonly customer: string };

export type OrderMeta = {
  readonly id: string;
  readonly total: string;
  readonly currency: string;
};

export type DelayResume = {
  readonly flowId: string;
  readonly sessionKey: string;
  readonly nodeId: string;
  readonly customer: string;
  readonly device: string;
  readonly subscriber?: number;
  readonly provider: Provider;
  readonly variables: Readonly<Record<string, unknown>>;
};

export type ProviderMessage = {
  readonly device: string;
  readonly customer: string;
  readonly text: string;
  readonly replyId: string;
  readonly name: string;
  readonly provider: 'waba' | 'twilio';
  readonly workspace?: string;
  readonly flowId?: string;
  readonly mediaUrl: string;
};

/** Where one conversation stands. Never with texts or variables. Times are epoch ms. */
export type SessionView = {
  readonly key: string;
  readonly sessionId: string;
  readonly flowId: string;
  readonly flowName: string;
  /** Of the definition that the conversation runs on, which an edit in the app does not change. */
  readonly flowVersion: string;
  readonly engine: 'baileys' | 'waba' | 'twilio';
  readonly status: 'active' | 'paused' | 'completed' | 'timeout' | 'aborted';
  readonly nodeId: string;
  readonly nodeLabel: string;
  /** Of a wait; `''` while it runs or sleeps. */
  readonly waitsFor: string;
  /** Since when it stands there. */
  readonly since: number;
  readonly startedAt: number;
  readonly deadline: number | null;
  readonly why?: string;
};

export type FlowCheck =
  | { readonly kind: 'checked'; readonly problems: readonly FlowProblem[] }
  | { readonly kind: 'not found' }
  | { readonly kind: 'no answer'; readonly why: string };

/** A start that was accepted and came to nothing (F-43). */
export type FailedStart = {
  readonly device: string;
  readonly flowId: string;
  readonly subscriber?: number;
  /** For the operator; no texts. */
  readonly why: string;
  /** Epoch ms. */
  readonly at: number;
};

export type FlowCounts = {
  /** Sessions that run or wait. */
  readonly active: number;
  readonly waiting: number;
  /** Since the process began. */
  readonly failedStarts: number;
  /** Newest first, at most 20. */
  readonly lastFailed: readonly FailedStart[];
};

export interface FlowDesk {
  /** Resolves when the order is durable: the work begins behind the answer. */
  start(order: StartOrder): Promise<void>;
  resumePort(which: WhichSession, port: number, order: OrderMeta | undefined): Promise<ResumeAnswer>;
  resumeForm(key: string, answers: Readonly<Record<string, unknown>>): Promise<ResumeAnswer>;
  googleForm(key: string, variable: string, answers: Readonly<Record<string, unknown>>): Promise<ResumeAnswer>;
  /** Resolves when the order is durable. */
  resumeDelay(order: DelayResume): Promise<void>;
  /** Resolves with how many ended. */
  end(customer: string, workspace: string | undefined): Promise<number>;
  /** `consumed`: the app must not answer. By the deadline (epoch ms) at the latest. */
  providerInbound(message: ProviderMessage, deadline: number): Promise<{ readonly consumed: boolean }>;
  /** Of one number, or of all; newest first. */
  sessions(device: string | undefined): readonly SessionView[];
  /** What is wrong with a flow of the app as it is there now. */
  check(flowId: string): Promise<FlowCheck>;
  /** What is wrong with a definition: the app's answer of `GET /api/flows/{id}`, its `flow_data`, or builder nodes and edges. */
  validate(definition: unknown): readonly FlowProblem[];
  /** For `/health`. */
  counts(): FlowCounts;
}

/** What campaigns may ask of flows (contract bulk §4.1). */
export type FlowStarts = Pick<FlowDesk, 'start' | 'check'>;
