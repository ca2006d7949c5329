/**
 * A waiting session as the app keeps it (contract flows §6.2, §6.4), and back. Pure.
 *
 *  SN1  `waiting` is the wait itself with `meta` beside it; readers ignore what they do not know, so snapshots of the older
 *       bridge read as ours and the other way round (F-50, F-56).
 *  SN2  The flows that called the waiting one are kept in the variable `__callStack`, the outermost first; `__lid` says that
 *       the customer is known by LID alone, whose digits look like a number's.
 */
import type { FlowFact } from '../../app-client/flow-facts.types.ts';
import type { ParkedSession } from '../../app-client/flow-calls.types.ts';
import { type Fields, flagOf, isObject, listOf, mapOf, numberOf, textOf } from '../../content/loose.ts';
import type { Identity } from '../../phone.ts';
import { parkedWait } from './parked-wait.ts';
import type { Call, SessionRow } from './session.types.ts';
import { callOf } from './steps.ts';
import { customerOf } from './visit.ts';
import type { Wait } from './waits.types.ts';

const CALL_STACK = '__callStack';
const LID = '__lid';
/** Tells the delays of one node apart (delays.ts DY2). */
const DELAY = '__delay';
type Snapshot = NonNullable<Extract<FlowFact, { kind: 'flow park' }>['snapshot']>;

/** What the app is to keep of it now. */
export function parkFact(row: SessionRow): FlowFact {
  const { device, key: session, wait } = row;
  const call = wait && callOf(row, wait);
  if (!wait || !call || row.ended) return { kind: 'flow park', device, session };
  return { kind: 'flow park', device, session, snapshot: snapshotOf(row, wait, call) };
}

function snapshotOf(row: SessionRow, { node, wait, due }: NonNullable<SessionRow['wait']>, call: Call): Snapshot {
  const { subscriber, engine, trigger, timeoutS, cooldownS, lastMenu, menuAnswered } = row;
  const meta = {
    triggerKeyword: trigger ?? null,
    timeoutSeconds: timeoutS ?? null,
    cooldownSeconds: cooldownS,
    lastMenuWait: (menuAnswered && lastMenu?.wait) || null,
    byMessage: row.byMessage,
    flowName: row.flowName,
    workspaceId: row.workspace ?? null,
    due: due ?? null,
  };
  return {
    flowId: call.flow,
    ...(subscriber !== undefined && { subscriber }),
    customer: customerOf(row),
    nodeId: node,
    waiting: { ...wait, nodeId: node, meta },
    variables: variablesWithStack(row, call, row.variables),
    provider: engine,
  };
}

export type Unparked = {
  /** Only for one who is known by LID alone. */
  readonly contact?: Identity;
  readonly wait: Wait;
  /** Epoch ms; absent: none, or an older bridge did not say. */
  readonly due?: number;
  readonly stack: readonly { readonly flowId: string; readonly nodeId: string }[];
  readonly variables: readonly (readonly [string, unknown])[];
  readonly trigger?: string;
  readonly timeoutS?: number;
  readonly cooldownS: number;
  readonly lastMenu?: Wait;
  readonly byMessage: boolean;
  readonly workspace?: string;
};

/** Undefined for what is no wait of any bridge. */
export function unpark({ customer, nodeId, waiting, variables }: ParkedSession, now: number): Unparked | undefined {
  const { meta, ...own } = waiting;
  const wait = parkedWait(own, nodeId, now);
  if (!wait) return undefined;
  const read: Fields = mapOf(meta) ?? {};
  const number = (name: string) => (numberOf(read[name]) > 0 ? numberOf(read[name]) : undefined);
  const [timeoutS, due] = [number('timeoutSeconds'), number('due')];
  const trigger = textOf(read['triggerKeyword']);
  const lastMenu = parkedWait(mapOf(read['lastMenuWait']) ?? {}, '', now);
  const workspace = textOf(read['workspaceId']);
  const { stack, pairs } = stackIn(variables);
  return {
    wait,
    ...(isLidIn(variables) && { contact: { lid: customer } }),
    stack,
    variables: pairs,
    ...(trigger !== '' && { trigger }),
    ...(timeoutS !== undefined && { timeoutS }),
    ...(due !== undefined && { due }),
    cooldownS: number('cooldownSeconds') ?? 0,
    ...(lastMenu && { lastMenu }),
    byMessage: flagOf(read['byMessage'], true),
    ...(workspace !== '' && { workspace }),
  };
}

/** The callers in a set of variables, and the other variables. */
export function stackIn(variables: Fields): Pick<Unparked, 'stack'> & { readonly pairs: Unparked['variables'] } {
  const pairs = Object.entries(variables).filter(([name]) => ![CALL_STACK, LID, DELAY].includes(name));
  return { stack: stackOf(variables[CALL_STACK]), pairs };
}

/** Whether the customer of this session is known by LID alone. */
export const isLidIn = (variables: Fields): boolean => flagOf(variables[LID], false);

/** What the app keeps with a delay of this name. */
export const withDelay = (variables: Fields, name: string): Fields => ({ ...variables, [DELAY]: name });

/** Empty for what an older bridge parked; ours are shorter than this. */
export const delayIn = (variables: Fields): string => textOf(variables[DELAY]).slice(0, 191);

/** The variables with the callers of the flow that stands here, and what the customer is known by. */
export function variablesWithStack(row: SessionRow, call: Call, variables: SessionRow['variables']): Fields {
  const stack: { flowId: string; nodeId: string }[] = [];
  for (let up: Call | undefined = call; up?.from; up = callOf(row, up.from))
    stack.unshift({ flowId: callOf(row, up.from)?.flow ?? '', nodeId: up.from.node });
  // Names such as __proto__ would be lost in an object literal, not in fromEntries (F-48).
  return Object.fromEntries([
    ...variables,
    ...(stack.length > 0 ? [[CALL_STACK, stack] as const] : []),
    ...(row.contact.pn === undefined ? [[LID, true] as const] : []),
  ]);
}

function stackOf(value: unknown): { flowId: string; nodeId: string }[] {
  return (listOf(value) ?? []).filter(isObject).flatMap((each) => {
    const [flowId, nodeId] = [textOf(each['flowId']), textOf(each['nodeId'])];
    return flowId !== '' && nodeId !== '' ? [{ flowId, nodeId }] : [];
  });
}
