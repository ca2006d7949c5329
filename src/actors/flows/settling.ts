/**
 * What of a node's result needs the app before the session can go on: sub-flows and delays (contract flows §2.4, §11).
 *
 *  SL1  They belong to the visit and its journal: a crash neither fetches nor parks what was fetched or parked already.
 *  SL2  A delay of a minute and more is the app's; one that the app did not take, or does not end, is the bridge's own.
 */
import type { CallAnswer, FlowStore } from '../../app-client/flow-calls.types.ts';
import type { Definitions } from './definitions.ts';
import type { NodeResult } from './node.ts';
import type { Call, SessionRow } from './session.types.ts';
import { variablesWithStack, withDelay } from './snapshot.ts';
import { call, callOf } from './steps.ts';
import { customerOf, type VisitContext } from './visit.ts';

const APP_DELAY_S = 60;
const LONGEST_DELAY_S = 315_360_000;
/** The app's sweep tries five times, a minute apart. */
const APP_IS_LATE_MS = 600_000;

/** `rest`: the row has it already, and the visit is over. */
export type Settled = Exclude<NodeResult, { kind: 'sub flow' | 'sleep' }> | { readonly kind: 'rest' };

export type SettlingOptions = {
  readonly definitions: Definitions;
  readonly delayPark: FlowStore['delayPark'];
};

export async function settled(
  o: SettlingOptions,
  row: SessionRow,
  context: VisitContext,
  result: NodeResult,
): Promise<Settled> {
  switch (result.kind) {
    case 'sub flow':
      return callSubFlow(o, row, context, result.flowId);
    case 'sleep':
      return sleep(o, row, context, result.seconds);
    default:
      return result;
  }
}

async function callSubFlow(
  { definitions }: SettlingOptions,
  row: SessionRow,
  context: VisitContext,
  id: string,
): Promise<Settled> {
  const pinned = await context.again(async (): Promise<CallAnswer<{ hash: string }>> => {
    const answer = await definitions.fetch(id);
    return answer.kind === 'ok' ? { kind: 'ok', value: { hash: answer.value.hash } } : answer;
  });
  const hash = pinned.kind === 'ok' ? pinned.value.hash : undefined;
  const flow = hash === undefined ? undefined : definitions.pinned(hash);
  if (hash === undefined || !flow?.start || !row.visit) {
    context.warn('the sub-flow is not to be had');
    return { kind: 'next', port: 1 };
  }
  const from = { call: row.visit.call, node: row.visit.node };
  if (!call(row, from, { id, hash, start: flow.start })) return { kind: 'abort', why: 'sub-flows are nested too deep' };
  delete row.visit;
  return { kind: 'rest' };
}

/** SL2 */
async function sleep(o: SettlingOptions, row: SessionRow, context: VisitContext, wanted: number): Promise<Settled> {
  const own = row.visit && callOf(row, row.visit);
  if (!row.visit || !own) return { kind: 'rest' };
  const { node } = row.visit;
  const seconds = Math.min(Math.max(0, wanted), LONGEST_DELAY_S);
  const isForApp = seconds >= APP_DELAY_S;
  const isAtApp = isForApp && (await park(o, row, own, context, Math.round(seconds)));
  const until = context.now + seconds * 1_000 + (isAtApp ? APP_IS_LATE_MS : 0);
  row.sleeps = [...row.sleeps, { call: own.id, node, until, ...(isForApp && { name: context.visit }) }];
  delete row.visit;
  return { kind: 'rest' };
}

async function park(
  { delayPark }: SettlingOptions,
  row: SessionRow,
  own: Call,
  context: VisitContext,
  seconds: number,
): Promise<boolean> {
  const { key: sessionKey, device, subscriber, engine: provider } = row;
  const whose = { sessionKey, device, customer: customerOf(row), provider, seconds };
  const place = { flowId: own.flow, nodeId: context.node.id };
  const variables = withDelay(variablesWithStack(row, own, context.vars.pairs()), context.visit);
  const rest = { variables, ...(subscriber !== undefined && { subscriber }) };
  const parked = await context.again(() => delayPark({ ...whose, ...place, ...rest }));
  return parked.kind === 'ok';
}
