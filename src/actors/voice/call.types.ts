/** What a call is made of: what it works with, and what the app says of it. */
import type { CallFact } from '../../app-client/callbacks.types.ts';
import type { VoiceCalls } from '../../app-client/voice-calls.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { CallFigures } from '../../metrics.ts';
import type { PipelineName } from './choice.ts';
import type { GraphAccess, SayToMeta } from './graph.ts';
import type { IceSettings } from './peer.ts';
import type { PipelineMaker } from './pipeline.ts';
import type { OpenRecording } from './recording.ts';

export type CallMeter = {
  /** From the app's word to the open gate. */
  readonly setUp: (ms: number) => void;
  /** From the open gate to the assistant's first packet. */
  readonly firstWord: (ms: number) => void;
  readonly ended: (outcome: 'talked' | 'failed' | 'not taken', figures: CallFigures) => void;
};

export type CallWorld = {
  readonly app: VoiceCalls;
  readonly graph: (access: GraphAccess) => SayToMeta;
  readonly tell: (fact: CallFact) => void;
  readonly makers: Readonly<Record<PipelineName, PipelineMaker>>;
  /** `VOICE_PIPELINE`. */
  readonly preferred: PipelineName | 'auto';
  readonly openRecording: OpenRecording;
  readonly ice: IceSettings;
  readonly longestMs: number;
  readonly meter: CallMeter;
  readonly clock: Clock;
  readonly log: Log;
};

export type CallRequest = {
  readonly direction: 'inbound' | 'outbound';
  readonly call: string;
  readonly metaCallId?: string;
  readonly workspace: string;
  readonly assistantId: string;
  /** The business number. */
  readonly device: string;
  readonly callerPhone: string;
  readonly calleePhone: string;
  /** Outbound: whom to dial. */
  readonly to?: string;
  /** Inbound: Meta's offer. */
  readonly offer?: string;
  readonly access: GraphAccess;
  readonly nodeToken?: string;
};

/**
 * What must be known of a call outside its thread, so that it can be told of and ended without it. `held`: Meta's call is
 * ours to end, with this access, which is secret. `terminating`, `rejecting`: the app has been told, and Meta is just being
 * told. `over`: nobody waits for a word any more.
 */
export type Standing = {
  /** Under which it is remembered once it has ended: Meta's, or that of `outboundId`. */
  readonly id: string;
  readonly call: string;
  readonly device: string;
  readonly metaCallId?: string;
} & (
  | { readonly stage: 'free' | 'over' }
  | { readonly stage: 'held' | 'terminating' | 'rejecting'; readonly access: GraphAccess }
);

export const outboundId = (call: string): string => `outbound:${call}`;
