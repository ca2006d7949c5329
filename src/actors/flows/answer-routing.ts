/** Where a reply leads in a session as it stands: what `reply-routing.ts` finds, with the calls it belongs to. Pure. */
import type { Clock } from '../../clock.ts';
import type { Definitions } from './definitions.ts';
import type { Flow } from './definition.types.ts';
import type { Match, NodeKind, Scene } from './node.ts';
import { routeReply } from './reply-routing.ts';
import type { OpenWait, Place, SessionRow } from './session.types.ts';
import { callOf } from './steps.ts';
import { Variables } from './variables.ts';
import { sessionFacts } from './visit.ts';
import type { Reply, Wait } from './waits.types.ts';

export type RoutingOptions = {
  readonly definitions: Definitions;
  readonly kindOf: (type: string) => NodeKind;
  readonly clock: Clock;
};

export type Routing =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'jump' } & Place)
  | { readonly kind: 'answer'; readonly match: Match; readonly open: OpenWait };

export function routingOf(o: RoutingOptions, row: SessionRow, reply: Reply): Routing {
  const { wait } = row;
  const home = (wait && callOf(row, wait)) ?? row.calls[0];
  const flow = home && o.definitions.pinned(home.hash);
  if (!home || !flow) return { kind: 'none' };
  const standing = {
    flow,
    waiting: wait?.wait,
    menus: row.menus,
    sceneOf: (node: string) => nearest(o, row, home.id, node),
  };
  const found = routeReply(standing, reply, o.kindOf);
  switch (found.kind) {
    case 'none':
      return found;
    case 'jump':
      return { kind: 'jump', call: home.id, node: found.nodeId };
    case 'answer':
      return { kind: 'answer', match: found.match, open: openOf(row, found.wait, home.id, o.clock.now()) };
    default:
      return found satisfies never;
  }
}

/** Of a node of the flow that waits, else of any that was called. */
function nearest(o: RoutingOptions, row: SessionRow, home: number, nodeId: string): Scene | undefined {
  const near = row.calls.toSorted((a, b) => Number(b.id === home) - Number(a.id === home));
  for (const { hash } of near) {
    const flow = o.definitions.pinned(hash);
    const node = flow?.nodes.get(nodeId);
    if (flow && node) return sceneOf(row, flow, node);
  }
  return undefined;
}

function sceneOf(row: SessionRow, flow: Flow, node: Scene['node']): Scene {
  const isWired = (port: number) => flow.edges.some((edge) => edge.from === node.id && edge.port === port);
  return { node, flow, session: sessionFacts(row, undefined), vars: new Variables(row.variables), isWired };
}

/** Where an answered wait belongs: the one that waits, a menu that was sent, else the flow that waits now. */
function openOf(row: SessionRow, wait: Wait, home: number, now: number): OpenWait {
  if (row.wait?.wait === wait) return row.wait;
  const menu = row.menus.findLast((each) => each.wait === wait);
  return { call: menu?.call ?? home, node: wait.nodeId, wait, since: now };
}
