/**
 * Where a session goes next: edges, branches, sub-flows, menus, dead ends. Changes of the row alone, no effects. Contract
 * flows §2.3, §6.6, §7.3.
 *
 *  ST1  Port 1 follows every edge, one branch complete before the next; other ports the first edge.
 *  ST2  A branch that waits holds nobody back; the last wait wins. An End counts when all branches are through and none
 *       waits.
 *  ST3  A flow that was called returns to its caller when nothing of it is left to do (F-30).
 *  ST4  A dead end leads back to the last menu when one was answered, else it completes the session. An option without an
 *       edge stays on its menu; a menu without any edge is a dead end itself, and none to come back to (F-26).
 */
import type { Flow } from './definition.types.ts';
import type { Match, NodeResult } from './node.ts';
import type { Call, Cause, Item, OpenWait, Place, SessionRow } from './session.types.ts';
import { Variables } from './variables.ts';
import type { Reply, Wait } from './waits.types.ts';

/** Contract flows §6.6. */
const MOST_RUNS = 20;
const MOST_MENUS = 30;
/** Contract flows §2.4. */
const MOST_NESTED = 8;

export type FlowOf = (call: Call) => Flow | undefined;

/** What the runner has settled already is not left here: a sub-flow is fetched, an abort ended the session. */
export type Followed = Exclude<NodeResult, { kind: 'sub flow' | 'abort' | 'sleep' }>;

export const callOf = (row: SessionRow, { call }: Pick<Place, 'call'>): Call | undefined =>
  row.calls.find(({ id }) => id === call);

/** Takes what is next from the agenda; false when its node ran too often. */
export function begin(row: SessionRow, item: Item, now: number): boolean {
  const name = `${callOf(row, item)?.flow ?? ''} ${item.node}`;
  const runs = (row.runs[name] ?? 0) + 1;
  row.runs = { ...row.runs, [name]: runs };
  enter(row, item, { kind: 'run' }, now);
  return runs <= MOST_RUNS;
}

function enter(row: SessionRow, { call, node }: Place, cause: Cause, now: number): void {
  row.visits += 1;
  row.since = now;
  row.visit = { call, node, number: row.visits, at: now, cause, journal: {} };
}

export function follow(row: SessionRow, place: Place, port: number, flow: Flow | undefined): boolean {
  const targets = targetsOf(flow, place.node, port);
  const items = targets.map((node): Item => ({ call: place.call, node, gap: port === 1 }));
  row.agenda = [...row.agenda, ...items.toReversed()];
  return items.length > 0;
}

/** ST1. */
export function targetsOf(flow: Flow | undefined, node: string, port: number): string[] {
  const targets = (flow?.edges ?? [])
    .filter((edge) => edge.from === node && edge.port === port && flow?.nodes.has(edge.to))
    .map(({ to }) => to);
  return port === 1 ? targets : targets.slice(0, 1);
}

/** After a visit: what its node came to. */
export function apply(
  row: SessionRow,
  result: Followed,
  flow: Flow | undefined,
  sentId: string | undefined,
  now: number,
): void {
  const { visit } = row;
  if (!visit) return;
  const place: Place = { call: visit.call, node: visit.node };
  delete row.visit;
  switch (result.kind) {
    case 'next': {
      if (follow(row, place, result.port, flow)) return;
      const { cause } = visit;
      if (cause.kind !== 'answer' || !isMenu(cause.wait)) return;
      if (flow?.edges.some(({ from }) => from === place.node)) row.wait = { ...place, wait: cause.wait, since: now };
      else forget(row, place);
      return;
    }
    case 'wait':
      row.wait = { ...place, wait: result.wait, since: now, ...(result.due !== undefined && { due: result.due }) };
      // An answer may lead back to the wait without a new message.
      if (visit.cause.kind === 'run' || sentId !== undefined) remember(row, row.wait, sentId);
      return;
    case 'end':
      if (result.whole) return endAll(row);
      // The End of a sub-flow ends that one alone.
      if (callOf(row, place)?.from === undefined) row.endSeen = true;
      return;
    case 'dead end':
      return;
    default:
      result satisfies never;
  }
}

/** Somebody else goes on with the customer: nobody is called back, and no branch goes on beside him. */
function endAll(row: SessionRow): void {
  row.agenda = [];
  row.sleeps = [];
  delete row.wait;
  row.calls = row.calls.map((each) => (each.from ? { ...each, isThrough: true } : each));
  row.endSeen = true;
}

/** Its messages stay tappable (F-28). */
function remember(row: SessionRow, open: OpenWait, sentId: string | undefined): void {
  const { node, call, wait } = open;
  if (!isMenu(wait)) return;
  const menu = { nodeId: node, call, wait, ...(sentId !== undefined && { messageId: sentId }) };
  row.menus = [...row.menus, menu].slice(-MOST_MENUS);
  if (isPersistent(wait)) row.lastMenu = open;
}

/** F-26. A menu that leads nowhere is none to come back to. */
function forget(row: SessionRow, { call: own, node }: Place): void {
  row.menus = row.menus.filter((menu) => menu.nodeId !== node || menu.call !== own);
  const before = row.menus.findLast(({ wait }) => isPersistent(wait));
  if (before) row.lastMenu = { call: before.call, node: before.nodeId, wait: before.wait, since: row.since };
  else delete row.lastMenu;
}

/** Whether one picks from it. */
export const isMenu = (wait: Wait): boolean =>
  wait.nextNodeType === 'List' ||
  wait.nextNodeType === 'Poll' ||
  (wait.nextNodeType === 'Question' && !!wait.answerItems?.length);

/** A list has nothing to say otherwise (contract flows §2.4, §6.6). */
const isPersistent = (wait: Wait): boolean =>
  wait.nextNodeType === 'List' ? wait.persistent !== false : 'persistent' in wait && wait.persistent === true;

/** What was agreed with a reply: the wait closes, the answer is stored, its branch is what runs next. */
export function take(row: SessionRow, wait: OpenWait, reply: Reply, match: Match, now: number): void {
  heard(row, now);
  store(row, match.text, [wait.wait.variable, wait.node]);
  delete row.wait;
  if (isPersistent(wait.wait)) {
    row.menuAnswered = true;
    row.lastMenu = wait;
  }
  enter(row, wait, { kind: 'answer', wait: wait.wait, reply, match }, now);
}

/** A keyword leads to a node from anywhere. */
export function jump(row: SessionRow, place: Place, text: string, now: number): void {
  heard(row, now);
  store(row, text, []);
  delete row.wait;
  row.agenda = [...row.agenda, { ...place, gap: false }];
}

/** Resumed from outside, or by its own time. */
export function leaveBy(row: SessionRow, place: Place, port: number, flow: Flow | undefined, now: number): void {
  moved(row, now);
  follow(row, place, port, flow);
}

export function fallDue(row: SessionRow, wait: OpenWait, now: number): void {
  moved(row, now);
  delete row.wait;
  enter(row, wait, { kind: 'due', wait: wait.wait }, now);
}

function moved(row: SessionRow, now: number): void {
  row.lastEventAt = now;
  row.since = now;
  row.isDormant = false;
}

/** The customer wrote: loops count anew (F-15). */
function heard(row: SessionRow, now: number): void {
  moved(row, now);
  row.runs = {};
}

/** F-01: under each of these names, and as the last word of the customer. */
function store(row: SessionRow, text: string, names: readonly string[]): void {
  const vars = new Variables(row.variables);
  for (const name of [...names, 'user_message']) if (name !== '') vars.set(name, text);
  row.variables = vars.pairs();
}

/** A sub-flow begins behind its node; false when it is nested too deep. */
export function call(
  row: SessionRow,
  from: Place,
  flow: { readonly id: string; readonly hash: string; readonly start: string | undefined },
): boolean {
  let depth = 1;
  for (let up = callOf(row, from); up?.from; up = callOf(row, up.from)) depth += 1;
  if (depth > MOST_NESTED) return false;
  const id = row.nextCall;
  row.nextCall += 1;
  row.calls = [...row.calls, { id, flow: flow.id, hash: flow.hash, from }];
  if (flow.start !== undefined) row.agenda = [...row.agenda, { call: id, node: flow.start, gap: true }];
  return true;
}

/** When the agenda is empty: more to do (ST3), a wait, or the end (ST2, ST4). */
export function settle(row: SessionRow, flowOf: FlowOf, now: number): 'go on' | 'waiting' | 'completed' {
  while (row.agenda.length === 0) {
    const through = row.calls.findLast((each) => each.from && !each.isThrough && !isBusy(row, each));
    if (!through?.from) break;
    row.calls = row.calls.map((each) => (each.id === through.id ? { ...each, isThrough: true } : each));
    const caller = callOf(row, through.from);
    if (!follow(row, through.from, 1, caller && flowOf(caller))) row.endSeen = true;
  }
  row.calls = row.calls.filter((each) => isUsed(row, each));
  if (row.agenda.length > 0) return 'go on';
  const { endSeen } = row;
  row.endSeen = false;
  if (row.wait || row.sleeps.length > 0) return 'waiting';
  if (endSeen || !row.menuAnswered || !row.lastMenu) return 'completed';
  const { due: _, ...menu } = row.lastMenu;
  row.wait = { ...menu, since: now };
  return 'waiting';
}

/** Something of it, or of what it called, is still to be done. */
function isBusy(row: SessionRow, { id }: Call): boolean {
  const here = ({ call: own }: Place) => own === id;
  if (row.agenda.some(here) || row.sleeps.some(here) || (row.wait && here(row.wait))) return true;
  return row.calls.some((each) => each.from?.call === id && !each.isThrough);
}

/** One that is through is kept while a menu of it can be tapped. */
function isUsed(row: SessionRow, each: Call): boolean {
  if (!each.isThrough || isBusy(row, each)) return true;
  const here = ({ call: own }: { call: number }) => own === each.id;
  return (
    row.menus.some(here) || (!!row.lastMenu && here(row.lastMenu)) || row.calls.some(({ from }) => from && here(from))
  );
}
