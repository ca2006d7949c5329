/**
 * Whose answer a reply is (contract flows §7.3): a jump by keyword, the menu that was tapped, or whatever waits now. Pure.
 *
 *  RR1  A jump is only ever typed, and never to the node that waits.
 *  RR2  An id that names its node goes to that node's menu, whatever waits now, also when that menu is not remembered.
 *  RR3  Other ids are the same in every menu: the menu is found by the message that was tapped, then by the title among the
 *       menu that waits and those sent before, newest first (F-28). What no menu knows is for the wait.
 *  RR4  A vote belongs to the poll it was cast in.
 *
 * Deliberately not here: keywords that start flows and what is done with the answer (the runtime), and what a wait has a
 * use for (`match` of each kind of node).
 */
import type { Flow } from './definition.types.ts';
import type { Match, NodeKind, Scene } from './node.ts';
import { kindOf } from './nodes/index.ts';
import { isLabel, optionsOf, optionWithId } from './options.ts';
import type { Menu, Reply, Wait } from './waits.types.ts';

export type Standing = {
  readonly flow: Flow;
  readonly waiting: Wait | undefined;
  /** Newest last. */
  readonly menus: readonly Menu[];
  /** Undefined: the node is not in reach. */
  readonly sceneOf: (nodeId: string) => Scene | undefined;
};

export type Routing =
  /** The node runs next; nothing is answered. */
  | { readonly kind: 'jump'; readonly nodeId: string }
  /** `wait`: the one that is answered, which need not be the one that waits now. Its node's `answer`, or the match's port, follows. */
  | { readonly kind: 'answer'; readonly wait: Wait; readonly match: Match }
  | { readonly kind: 'none' };

type Kinds = (type: string) => NodeKind;
type Tap = NonNullable<Reply['tap']>;

export function routeReply(standing: Standing, reply: Reply, kinds: Kinds = kindOf): Routing {
  const jump = jumpOf(standing, reply);
  if (jump !== undefined) return { kind: 'jump', nodeId: jump };
  const wait = waitFor(standing, reply, kinds);
  const match = wait && matched(standing, wait, reply, kinds);
  return wait && match ? { kind: 'answer', wait, match } : { kind: 'none' };
}

/** RR1 */
function jumpOf({ flow, waiting }: Standing, { tap, vote, text }: Reply): string | undefined {
  const said = text.trim().toLowerCase();
  if (tap || vote || said === '') return undefined;
  const nodes = [...flow.nodes.values()];
  return nodes.find(
    ({ id, jump }) =>
      id !== waiting?.nodeId && jump?.keywords.some((word) => (jump.exact ? said === word : said.includes(word))),
  )?.id;
}

function waitFor(standing: Standing, { tap, vote }: Reply, kinds: Kinds): Wait | undefined {
  if (vote) return pollOf(standing, vote.poll);
  return (tap && (named(standing, tap.id, kinds) ?? bySight(standing, tap))) ?? standing.waiting;
}

function matched({ sceneOf }: Standing, wait: Wait, reply: Reply, kinds: Kinds): Match | undefined {
  const scene = sceneOf(wait.nodeId);
  return scene && kinds(scene.node.type).match?.(scene, wait, reply);
}

/** RR4. A poll whose message id is not known counts every vote while it waits. */
function pollOf({ waiting, menus }: Standing, poll: string): Wait | undefined {
  const sent = menus.findLast(({ messageId }) => messageId === poll);
  if (sent) return waiting?.nodeId === sent.nodeId ? waiting : sent.wait;
  if (waiting?.nextNodeType !== 'Poll') return undefined;
  const isKnown = menus.some(({ nodeId, messageId }) => nodeId === waiting.nodeId && messageId !== undefined);
  return isKnown ? undefined : waiting;
}

/** RR2 */
function named({ waiting, menus, sceneOf }: Standing, id: string, kinds: Kinds): Wait | undefined {
  const nodeId = /^(?:list|b|flow|poll)_(.+)_p?\d+$/.exec(id)?.[1];
  if (nodeId === undefined) return undefined;
  if (waiting?.nodeId === nodeId) return waiting;
  const sent = menus.findLast((menu) => menu.nodeId === nodeId);
  if (sent) return sent.wait;
  const scene = sceneOf(nodeId);
  return scene && kinds(scene.node.type).menu?.(scene);
}

/** RR3 */
function bySight({ waiting, menus }: Standing, { id, title, quoted }: Tap): Wait | undefined {
  const tapped = menus.findLast(({ messageId }) => messageId !== undefined && messageId === quoted);
  if (tapped) return waiting?.nodeId === tapped.nodeId ? waiting : tapped.wait;
  const offers = (wait: Wait | undefined): wait is Wait => {
    const option = wait && optionWithId(optionsOf(wait), id);
    return option !== undefined && (title.trim() === '' || isLabel(option.label, title));
  };
  return offers(waiting) ? waiting : menus.findLast(({ wait }) => offers(wait))?.wait;
}
