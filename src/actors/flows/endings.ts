/**
 * How conversations end, and what the app is told of it. Changes of the row and facts, no effects. Contract flows §6.6.
 */
import type { FlowFact } from '../../app-client/flow-facts.types.ts';
import type { Ending, SessionRow } from './session.types.ts';

export function end(row: SessionRow, how: Ending, now: number, why?: string): FlowFact[] {
  row.ended = { how, at: now, ...(why !== undefined && { why }) };
  row.since = now;
  row.agenda = [];
  row.sleeps = [];
  delete row.visit;
  delete row.wait;
  delete row.pause;
  const { device, key: session, subscriber } = row;
  const cleared: FlowFact = { kind: 'flow park', device, session };
  const isTold = how === 'completed' && subscriber !== undefined;
  return isTold ? [{ kind: 'flow complete', device, session, subscriber }, cleared] : [cleared];
}

/** Until when other automatic replies stay away; undefined when they need not. Aborted ones never hold them off. */
export function cooldownOf(row: SessionRow, now: number): number | undefined {
  const isOwed = row.engine === 'baileys' && row.cooldownS > 0 && row.ended?.how !== 'aborted';
  return isOwed ? now + row.cooldownS * 1_000 : undefined;
}
