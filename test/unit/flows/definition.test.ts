/** Reading flows (contract flows §2.1-§2.3). */
import { describe, expect, it } from 'vitest';
import { flowOf } from '../../../src/actors/flows/definition.ts';
import { kindOf } from '../../../src/actors/flows/nodes/index.ts';

const WIRE = {
  flowNodes: [
    { id: 'n_aaaaaa', type: 'trigger', data: {}, flowNodeType: 'Trigger', kwJump: { enabled: false, keywords: 'x' } },
    {
      id: 'n_1',
      type: 'buttons',
      data: { text: 'ignored', label: 'Menu' },
      flowNodeType: 'InteractiveButtons',
      bodyText: 'Well?',
      kwJump: { enabled: true, keywords: ' Menu, start ,', match: 'exact' },
    },
    { id: 'n_1_2', type: 'end', data: {}, flowNodeType: 'End' },
  ],
  flowEdges: [
    {
      id: 'e1',
      sourceNodeId: 'n_aaaaaa_1',
      targetNodeId: 'n_1_1',
      sourceHandle: 'out',
      source: 'n_aaaaaa',
      target: 'n_1',
    },
    { id: 'e2', sourceNodeId: 'n_1_2', targetNodeId: 'n_1_2_1' },
    { id: 'e3', sourceNodeId: 'n_1_0', targetNodeId: 'n_gone_1' },
  ],
  vars: [],
  workspace_id: 3,
};

describe('the wire shape', () => {
  const flow = flowOf({ success: true, data: { flow: { id: 7, flow_name: 'Shop' }, flow_data: WIRE } });

  it('id, name, workspace and start', () => {
    expect([flow.id, flow.name, flow.workspace, flow.start]).toEqual(['7', 'Shop', '3', 'n_aaaaaa']);
  });

  it('nodes with their own fields, label and jump', () => {
    const menu = flow.nodes.get('n_1');
    expect(menu).toMatchObject({ type: 'InteractiveButtons', label: 'Menu', fields: { bodyText: 'Well?' } });
    expect(menu?.fields['text']).toBeUndefined();
    expect(menu?.jump).toEqual({ keywords: ['menu', 'start'], exact: true });
    expect(flow.nodes.get('n_aaaaaa')).toMatchObject({ label: 'Trigger' });
    expect(flow.nodes.get('n_aaaaaa')?.jump).toBeUndefined();
  });

  it('DE2 ids with underscores keep all but the port, F-56', () => {
    expect(flow.edges).toEqual([
      { from: 'n_aaaaaa', port: 1, to: 'n_1', handle: 'out' },
      { from: 'n_1', port: 2, to: 'n_1_2' },
    ]);
  });

  it.each([
    ['the data of the answer', { flow: { id: 7, flow_name: 'Shop' }, flow_data: WIRE }],
    ['as the store of flows gives it', { flow: { id: 7, flow_name: 'Shop' }, data: WIRE }],
    ['JSON text in it', { flow: { id: 7, flow_name: 'Shop' }, flow_data: JSON.stringify(WIRE) }],
  ])('the same from %s', (_, definition) => {
    expect(flowOf(definition)).toEqual(flow);
  });

  it('flow_data alone, without a name', () => {
    expect(flowOf(WIRE)).toEqual({ ...flow, id: '', name: '' });
  });

  it('F-47 lists that PHP made maps of, a workspace that is null', () => {
    const php = { ...WIRE, flowNodes: { ...WIRE.flowNodes }, flowEdges: { ...WIRE.flowEdges }, workspace_id: null };
    expect(flowOf(php)).toEqual({ ...flow, id: '', name: '', workspace: undefined });
  });
});

describe('the builder’s shape', () => {
  const ends = (source: string, ...handles: readonly string[]) =>
    handles.map((sourceHandle, index) => ({ id: `${source}${index}`, source, sourceHandle, target: 'n_end' }));

  it('type names, fields from `data`, the marked start', () => {
    const flow = flowOf({
      nodes: [
        { id: 'n_end', type: 'end', x: 1, y: 2, data: {} },
        { id: 'n_a', type: 'sequence', data: { flowReplies: [1], label: 'Hello' }, isStart: true },
        { id: 'n_b', type: 'trigger', data: {} },
        { id: 'n_c', type: 'somethingNew', data: [] },
      ],
      edges: [],
    });
    expect(flow.start).toBe('n_a');
    expect(flow.nodes.get('n_a')).toMatchObject({ type: 'Message', label: 'Hello', fields: { flowReplies: [1] } });
    expect(flow.nodes.get('n_c')).toMatchObject({ type: 'SomethingNew' });
  });

  it.each(
    Object.entries({
      trigger: 'Trigger',
      end: 'End',
      message: 'Message',
      sequence: 'Message',
      media: 'Media',
      template: 'Template',
      buttons: 'InteractiveButtons',
      list: 'List',
      ask: 'Question',
      condition: 'Condition',
      delay: 'TimeDelay',
      webhook: 'Webhook',
      code: 'Code',
      mysql: 'MySQL',
      ai: 'ChatGPT',
      chatbot: 'Chatbot',
      subflow: 'SubFlow',
      assign: 'AssignAgent',
      tag: 'TagContact',
      task: 'Task',
      contact_update: 'ContactUpdate',
      deal: 'Deal',
      whatsapp_shop: 'CommerceShop',
      woocommerce: 'CommerceShop',
      shopify: 'CommerceShop',
      cta: 'CTA',
      location: 'Location',
      poll: 'Poll',
      book_appointment: 'BookAppointment',
      ai_call: 'AiCall',
      wa_form: 'WaForm',
      google_meet: 'GoogleMeet',
      google_sheets: 'GoogleSheets',
      google_docs: 'GoogleDocs',
      google_form: 'GoogleForm',
      notify_number: 'NotifyNumber',
      wa_to_instagram: 'WaToInstagram',
      cf_say: 'CallSay',
      cf_listen: 'CallListen',
      cf_ai: 'CallAi',
      cf_menu: 'CallMenu',
      cf_search: 'CallSearch',
      cf_transfer: 'CallTransfer',
      cf_hangup: 'CallHangup',
    }),
  )('§2.4 what the builder calls %s is %s on the wire, and a node of its own', (type, wire) => {
    expect(flowOf({ nodes: [{ id: 'n_a', type, data: {} }] }).nodes.get('n_a')?.type).toBe(wire);
    expect(kindOf(wire).types).toContain(wire);
  });

  it.each(['constructor', 'toString', '__proto__'])('F-48: a type %s is one that nobody knows', (type) => {
    const node = flowOf({ nodes: [{ id: 'n_a', type, data: {} }] }).nodes.get('n_a');
    expect(node?.type).toBe(type.charAt(0).toUpperCase() + type.slice(1));
    expect(node?.label).toBe(node?.type);
  });

  it('starts at the trigger when nothing is marked, else at the first', () => {
    const nodes = [
      { id: 'n_a', type: 'message' },
      { id: 'n_b', type: 'trigger' },
    ];
    expect(flowOf({ nodes }).start).toBe('n_b');
    expect(flowOf({ nodes: nodes.slice(0, 1) }).start).toBe('n_a');
  });

  it.each([
    ['buttons', ['p0', 'p1', 'p12', 'else', 'out', 'whatever'], [1, 2, 13, 0, 1, 1]],
    ['condition', ['yes', 'no'], [1, 2]],
    ['delay', ['resume', 'timeout', 'out'], [1, 2, 1]],
    ['book_appointment', ['booked', 'no_slots'], [1, 2]],
    ['ask', ['out', 'p0', 'p2', 'else'], [1, 1, 3, 0]],
    ['list', ['p0', 'p9', 'else'], [1, 10, 0]],
    ['template', ['out', 'p0', 'p1'], [1, 1, 2]],
    ['poll', ['p0', 'p11'], [1, 12]],
    ...['whatsapp_shop', 'woocommerce', 'shopify'].map(
      (shop) => [shop, ['purchased', 'abandoned'], [1, 2]] as [string, string[], number[]],
    ),
    ['google_form', ['submitted', 'timeout'], [1, 2]],
    ['deal', ['created', 'error'], [1, 2]],
    ['message', ['no', 'timeout'], [1, 1]],
  ])('§2.3 handles of %s', (type, handles, ports) => {
    const nodes = [
      { id: 'n_a', type, data: {} },
      { id: 'n_end', type: 'end' },
    ];
    expect(flowOf({ nodes, edges: ends('n_a', ...handles) }).edges.map(({ port }) => port)).toEqual(ports);
  });
});

describe('DE1 nonsense is no flow, never a fault', () => {
  it.each([
    null,
    'x',
    7,
    [],
    {},
    { data: [] },
    { success: false, message: 'x' },
    { flowNodes: 'x' },
    { flowNodes: [null, 1, {}] },
  ])('%j', (definition) => {
    expect(flowOf(definition)).toMatchObject({ start: undefined, edges: [] });
  });

  it('of two nodes with one id the first counts', () => {
    const flowNodes = ['Message', 'End'].map((flowNodeType) => ({ id: 'n_a', flowNodeType }));
    expect(flowOf({ flowNodes }).nodes.get('n_a')?.type).toBe('Message');
  });
});
