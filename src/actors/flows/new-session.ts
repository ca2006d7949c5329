/** A session as it begins: what starts it, and the row that comes of that. Pure. Contract flows §6.1. */
import type { EngineName } from '../../content/engine-choice.ts';
import { newCorrelationId } from '../../ids.ts';
import type { Identity } from '../../phone.ts';
import type { Pinned } from './definitions.ts';
import type { Provider } from './protocol.ts';
import type { Seeds } from './seeds.ts';
import type { SessionRow } from './session.types.ts';

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
  /** What a message started gets the replies that came after it (kept-replies.ts `arrived`), any other what came after its order. */
  readonly since?: number;
};

/** What a flow that a message starts begins with, besides the flow itself. */
export type Beginning = Omit<Start, 'flowId' | 'trigger' | 'timeoutS' | 'cooldownS' | 'since'>;

export const keyOf = (device: string, { pn, lid }: Identity): string => `${device}_${pn ?? lid ?? ''}`;

export function sessionOf(
  start: Start,
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
