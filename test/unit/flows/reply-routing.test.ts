/** Whose answer a reply is (contract flows §7.3), with the real kinds of nodes. */
import { describe, expect, it } from 'vitest';
import { flowOf } from '../../../src/actors/flows/definition.ts';
import type { Scene } from '../../../src/actors/flows/node.ts';
import { kindOf } from '../../../src/actors/flows/nodes/index.ts';
import { routeReply } from '../../../src/actors/flows/reply-routing.ts';
import { Variables } from '../../../src/actors/flows/variables.ts';
import type { Menu, Reply, Wait } from '../../../src/actors/flows/waits.types.ts';
import { replyOf } from './context.ts';

const buttons = (id: string, ...titles: readonly string[]) => ({
  id,
  flowNodeType: 'InteractiveButtons',
  bodyText: 'B',
  variable: id,
  buttons: titles.map((title, i) => ({ id: `p${i}`, title })),
});
const FLOW = flowOf({
  flowNodes: [
    buttons('n_first', 'Yes', 'No', 'Later'),
    buttons('n_second', 'Yes', 'No'),
    buttons('n_third', 'Red', 'No'),
    buttons('n_emoji', '🙂'.repeat(15), '😀'.repeat(30)),
    { id: 'n_ask', flowNodeType: 'Question', question: 'Q?', variable: 'free' },
    { id: 'n_list', flowNodeType: 'List', listItems: ['A', 'B'].map((title) => ({ title })), variable: 'row' },
    { id: 'n_poll', flowNodeType: 'Poll', question: 'P?', options: ['Sea', 'Hills'] },
    { id: 'n_many', flowNodeType: 'Question', question: 'Q?', expectedAnswers: ['1st', '2nd', '3rd', '4th'] },
    { id: 'n_help', flowNodeType: 'Message', kwJump: { enabled: true, keywords: 'help, sos', match: 'contains' } },
    { id: 'n_stop', flowNodeType: 'End', kwJump: { enabled: true, keywords: 'stop', match: 'exact' } },
    { id: 'n_off', flowNodeType: 'End', kwJump: { enabled: false, keywords: 'off' } },
  ],
  flowEdges: [],
});

function sceneOf(nodeId: string): Scene | undefined {
  const node = FLOW.nodes.get(nodeId);
  const session = { key: '1_2', device: '1', customer: '2', contact: {}, engine: 'baileys' } as const;
  return node && { node, flow: FLOW, session, vars: new Variables(), isWired: (port) => port > 0 };
}
const menu = (nodeId: string, messageId?: string): Menu => {
  const scene = sceneOf(nodeId);
  const wait = scene && kindOf(scene.node.type).menu?.(scene);
  if (!wait) throw new Error(`${nodeId} has no menu`);
  return { nodeId, wait, ...(messageId !== undefined && { messageId }) };
};
const asked: Wait = { nextNodeType: 'Question', nodeId: 'n_ask', variable: 'free' };

/** Where it goes: the jump, or node and port. */
function route(reply: Partial<Reply> | string, waiting?: Wait, menus: readonly Menu[] = []): unknown {
  const routed = routeReply({ flow: FLOW, waiting, menus, sceneOf }, replyOf(reply));
  switch (routed.kind) {
    case 'jump':
      return `jump ${routed.nodeId}`;
    case 'answer':
      return [routed.wait.nodeId, routed.match.text, routed.match.port];
    default:
      return routed.kind;
  }
}
const tap = (id: string, title: string, quoted?: string) => ({ tap: { id, title, ...(quoted && { quoted }) } });

it('OP4 an emoji label as Cloud API shows it, where emoji count twice, and as the others do', () => {
  for (const shown of [10, 12, 20, 24, 30])
    expect(route('😀'.repeat(shown), menu('n_emoji').wait)).toEqual(['n_emoji', '😀'.repeat(30), 2]);
});

describe('RR1 keyword jumps', () => {
  it.each([
    ['I need HELP now', 'jump n_help'],
    ['sos', 'jump n_help'],
    [' Stop ', 'jump n_stop'],
    ['please stop', ['n_ask', 'please stop', 1]],
    ['off', ['n_ask', 'off', 1]],
  ])('%s', (text, expected) => {
    expect(route(text, asked)).toEqual(expected);
  });

  it('not by a tap or a vote, and never to the node that waits', () => {
    expect(route(tap('x', 'help'), asked)).toEqual(['n_ask', 'help', 1]);
    expect(route({ text: 'help', vote: { poll: 'P', labels: ['Sea'] } }, menu('n_poll').wait)).toEqual([
      'n_poll',
      'Sea',
      1,
    ]);
    const inHelp: Wait = { nextNodeType: 'Question', nodeId: 'n_help', variable: '' };
    expect(route('help', inHelp)).toBe('none');
    expect(route('stop', inHelp)).toBe('jump n_stop');
  });

  it('F-03 before the options of a persistent menu, which typed labels and numbers answer', () => {
    const first = menu('n_first').wait;
    expect(route('help', first)).toBe('jump n_help');
    expect(route('later', first)).toEqual(['n_first', 'Later', 3]);
    expect(route('2', first)).toEqual(['n_first', 'No', 2]);
    expect(route('hm', first)).toBe('none');
  });
});

describe('RR2 F-56 ids that name their node go there, whatever waits now', () => {
  it.each([
    ['list_n_list_p1', 'B', ['n_list', 'B', 2]],
    ['b_n_second_p0', 'Yes', ['n_second', 'Yes', 1]],
    ['flow_n_many_3', '4th', ['n_many', '4th', 4]],
    ['poll_n_poll_1', 'Hills', ['n_poll', 'Hills', 2]],
  ])('%s', (id, title, expected) => {
    for (const menus of [[], [menu('n_first'), menu('n_list'), menu('n_second'), menu('n_many'), menu('n_poll')]])
      for (const waiting of [asked, menu('n_first').wait, undefined])
        expect(route(tap(id, title), waiting, menus)).toEqual(expected);
  });

  it('the wait that is open now, with what it already knows, goes before the one that was sent', () => {
    const sent = menu('n_list');
    const open = { ...sent.wait, variable: 'now' };
    const standing = { flow: FLOW, waiting: open, menus: [sent], sceneOf };
    expect(routeReply(standing, replyOf(tap('list_n_list_p0', 'A')))).toMatchObject({ wait: { variable: 'now' } });
  });

  it('a node that is not in the flow, or a row that is not in its list: for the wait, or for nobody', () => {
    expect(route(tap('list_n_gone_p0', 'A'), asked)).toEqual(['n_ask', 'A', 1]);
    expect(route(tap('list_n_list_p7', 'H'), asked)).toBe('none');
    expect(route(tap('list_n_gone_p0', 'A'))).toBe('none');
  });
});

describe('F-28 RR3 ids that are the same in every menu', () => {
  const menus = [menu('n_first', 'M1'), menu('n_second', 'M2'), menu('n_third', 'M3')];

  it('the message that was tapped, also when titles repeat', () => {
    for (const waiting of [asked, menu('n_third').wait, undefined]) {
      expect(route(tap('p1', 'No', 'M1'), waiting, menus)).toEqual(['n_first', 'No', 2]);
      expect(route(tap('p1', 'No', 'M2'), waiting, menus)).toEqual(['n_second', 'No', 2]);
      expect(route(tap('p1', 'No', 'M3'), waiting, menus)).toEqual(['n_third', 'No', 2]);
    }
  });

  it('else the menu that waits, if its option has that title or no title came', () => {
    expect(route(tap('p1', 'No', 'M9'), menu('n_second').wait, menus)).toEqual(['n_second', 'No', 2]);
    expect(route(tap('p0', ''), menu('n_third').wait, menus)).toEqual(['n_third', 'Red', 1]);
  });

  it('else the newest that has that title there', () => {
    expect(route(tap('p0', 'Yes'), menu('n_third').wait, menus)).toEqual(['n_second', 'Yes', 1]);
    expect(route(tap('p2', 'later'), menu('n_third').wait, menus)).toEqual(['n_first', 'Later', 3]);
    expect(route(tap('p0', 'Red'), asked, menus)).toEqual(['n_third', 'Red', 1]);
  });

  it('what no menu knows is for the wait', () => {
    expect(route(tap('p0', 'Violet'), asked, menus)).toEqual(['n_ask', 'Violet', 1]);
    expect(route(tap('p1', 'Cut off'), menu('n_third').wait, menus)).toEqual(['n_third', 'No', 2]);
    expect(route(tap('p1', 'No'), undefined, [])).toBe('none');
  });

  it('a long title is recognised by its first twenty characters', () => {
    const long: Menu = {
      nodeId: 'n_first',
      wait: { ...menu('n_first').wait, answerItems: [{ id: 'p0', text: 'Twenty characters and more' }] } as Wait,
    };
    expect(route(tap('p0', 'Twenty characters an'), asked, [long])).toEqual([
      'n_first',
      'Twenty characters and more',
      1,
    ]);
  });
});

describe('RR4 votes', () => {
  const vote = (poll: string) => ({ text: '', vote: { poll, labels: ['Hills'] } });
  const waiting = menu('n_poll').wait;

  it('belong to the poll they were cast in, also when something else waits', () => {
    expect(route(vote('P1'), waiting, [menu('n_poll', 'P1')])).toEqual(['n_poll', 'Hills', 2]);
    expect(route(vote('P1'), asked, [menu('n_poll', 'P1')])).toEqual(['n_poll', 'Hills', 2]);
    expect(route(vote('P0'), waiting, [menu('n_poll', 'P1')])).toBe('none');
    expect(route(vote('P0'), asked)).toBe('none');
  });

  it('a poll whose message is not known counts them while it waits', () => {
    expect(route(vote('P1'), waiting)).toEqual(['n_poll', 'Hills', 2]);
    expect(route(vote('P1'), waiting, [menu('n_poll')])).toEqual(['n_poll', 'Hills', 2]);
  });
});
