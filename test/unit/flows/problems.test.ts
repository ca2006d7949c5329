/** What is wrong with a flow is listed, not discovered by customers (contract flows §2). */
import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../../src/actors/flows/problems.ts';

type Node = { readonly id: string; readonly flowNodeType: string } & Readonly<Record<string, unknown>>;
const node = (id: string, flowNodeType: string, fields: object = {}): Node => ({ id, flowNodeType, ...fields });
const wire = (nodes: readonly Node[], ...edges: readonly string[]) => ({
  flowNodes: nodes,
  flowEdges: edges.map((edge) => {
    const [sourceNodeId, to] = edge.split('>');
    return { sourceNodeId, targetNodeId: `${to}_1` };
  }),
});
const codes = (definition: unknown) => problemsOf(definition).map(({ level, code, nodeId }) => [level, code, nodeId]);

const say = { flowReplies: [{ data: 'x' }] };
const ASK = node('q', 'Question', { question: 'Q?' });

it('a flow without fault has none', () => {
  const nodes = [node('t', 'Trigger'), ASK, node('e', 'End')];
  expect(problemsOf(wire(nodes, 't_1>q', 'q_1>e'))).toEqual([]);
});

it.each([{}, { flowNodes: [] }, null, 'x'])('empty: %j', (definition) => {
  expect(codes(definition)).toEqual([['error', 'empty', undefined]]);
});

it('unknown types, nodes for calls, edges to nowhere, nodes without a way to them, each with its node', () => {
  const nodes = [
    node('t', 'Trigger'),
    node('x', 'Teleport'),
    node('c', 'CallSay'),
    node('lost', 'Message', say),
    node('jump', 'Message', { ...say, kwJump: { enabled: true, keywords: 'help' } }),
  ];
  expect(codes(wire(nodes, 't_1>x', 'x_1>c', 'c_1>gone'))).toEqual([
    ['warning', 'unknown type', 'x'],
    ['warning', 'call node', 'c'],
    ['error', 'no node behind edge', 'c'],
    ['warning', 'unreachable', 'lost'],
  ]);
});

it('what the kinds find in their fields', () => {
  expect(codes(wire([node('c', 'Condition')], 'c_1>c'))).toContainEqual(['error', 'field missing', 'c']);
});

it('PR2 of a flow as the builder stores it only the shape is judged', () => {
  const nodes = [
    { id: 'a', type: 'list', data: { anything: 1 } },
    { id: 'b', type: 'hologram', data: {} },
  ];
  const edges = [{ source: 'a', sourceHandle: 'p0', target: 'b' }];
  expect(codes({ nodes, edges })).toEqual([['warning', 'unknown type', 'b']]);
});

describe('loops that pass no wait for the customer', () => {
  const message = (id: string) => node(id, 'Message', say);

  it('an endless one is an error, told once', () => {
    const nodes = [message('a'), message('b'), message('c')];
    expect(codes(wire(nodes, 'a_1>b', 'b_1>c', 'c_1>b'))).toEqual([['error', 'loop without wait', 'b']]);
    expect(codes(wire([message('a')], 'a_1>a'))).toEqual([['error', 'loop without wait', 'a']]);
  });

  it('one that can be left is a warning, and a delay is no wait for the customer', () => {
    const check = node('c', 'Condition', { conditions: [{ variable: 'v', operator: 'exists' }] });
    const nodes = [node('d', 'TimeDelay', { delaySeconds: 60 }), check, node('e', 'End')];
    expect(codes(wire(nodes, 'd_1>c', 'c_2>d', 'c_1>e'))).toEqual([['warning', 'loop without wait', 'd']]);
  });

  it.each([
    ['a question', ASK],
    ['a delay for a reply', node('q', 'TimeDelay', { eventType: 'reply' })],
    ['a menu', node('q', 'InteractiveButtons', { bodyText: 'B', buttons: [{ id: 'p0', title: 'A' }] })],
  ])('none through %s', (_, waiting) => {
    expect(codes(wire([message('a'), waiting], 'a_1>q', 'q_1>a'))).toEqual([]);
  });

  it('a menu without options does not wait', () => {
    const menu = node('q', 'List', { bodyText: 'B', listItems: [] });
    expect(codes(wire([message('a'), menu], 'a_1>q', 'q_0>a'))).toContainEqual(['error', 'loop without wait', 'a']);
  });

  it('loops that share a node are one; what only leads in or out is none of it', () => {
    const nodes = ['in', 'a', 'b', 'c', 'out'].map(message);
    const edges = ['in_1>a', 'a_1>b', 'b_1>a', 'b_1>c', 'c_1>b', 'c_1>out'];
    const found = problemsOf(wire(nodes, ...edges)).filter(({ code }) => code === 'loop without wait');
    expect(found).toEqual([expect.objectContaining({ level: 'warning', nodeId: 'a' })]);
    expect(found[0]?.message).toMatch(/^The loop of (\w+), (\w+), (\w+) passes/);
  });

  it('a flow of thousands of nodes is looked at in a moment', () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => `n${n}`);
    const edges = ids.map((id, n) => `${id}_1>${ids[(n + 1) % ids.length]}`);
    const began = performance.now();
    expect(codes(wire(ids.map(message), ...edges))).toEqual([['error', 'loop without wait', 'n0']]);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('two loops are two problems', () => {
    const nodes = ['a', 'b', 'c', 'd'].map(message);
    expect(codes(wire(nodes, 'a_1>b', 'b_1>a', 'a_1>c', 'c_1>d', 'd_1>c'))).toEqual([
      ['warning', 'loop without wait', 'a'],
      ['error', 'loop without wait', 'c'],
    ]);
  });
});
