import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callbackOf } from '../../../src/app-client/callbacks.ts';
import type { FlowFact } from '../../../src/app-client/flow-facts.types.ts';
import { parseDigits } from '../../../src/phone.ts';

const device = '5511900000001';
const customer = '5511988887777';
const session = `${device}_${customer}`;
const of = { device, session };
const whose = { ...of, workspace: '3', customer };
const pn = parseDigits(customer);
const contact = pn === undefined ? {} : { pn };
const ORDER = [`flow:${session}`];

/** Field by field as contract flows §8 has them. */
const TABLE: readonly (readonly [name: string, fact: FlowFact, path: string, timeoutMs: number, body: object])[] = [
  [
    'a position',
    { ...of, kind: 'flow position', subscriber: 4, nodeId: 'n_abc123', label: 'Ask' },
    '/api/flow-node/position',
    8_000,
    { flow_subscriber_id: 4, node_id: 'n_abc123', node_label: 'Ask' },
  ],
  [
    'a completion',
    { ...of, kind: 'flow complete', subscriber: 4 },
    '/api/flow-node/complete',
    8_000,
    { flow_subscriber_id: 4 },
  ],
  [
    'a cleared park',
    { ...of, kind: 'flow park' },
    '/api/flow-node/park-session',
    8_000,
    { session_key: session, clear: true },
  ],
  [
    'a park, with empty maps as maps (F-47)',
    {
      ...{ ...of, kind: 'flow park' },
      snapshot: { flowId: '7', subscriber: 4, customer, nodeId: 'n_1', waiting: {}, variables: {}, provider: 'waba' },
    },
    '/api/flow-node/park-session',
    8_000,
    {
      ...{ session_key: session, flow_id: '7', flow_subscriber_id: 4, device_phone: device, customer_phone: customer },
      ...{ node_id: 'n_1', waiting: {}, variables: {}, provider: 'waba' },
    },
  ],
  [
    'a tag',
    { ...whose, kind: 'flow tag', action: 'add', id: '9', name: 'VIP' },
    '/api/flow-node/tag',
    8_000,
    { workspace_id: '3', customer_phone: customer, action: 'add', tag_id: '9', tag_name: 'VIP' },
  ],
  [
    'a group',
    { ...of, customer, kind: 'flow tag', action: 'remove_group', id: '', name: 'Buyers' },
    '/api/flow-node/tag',
    8_000,
    { customer_phone: customer, action: 'remove_group', group_id: '', group_name: 'Buyers' },
  ],
  [
    'an assignment',
    { ...whose, kind: 'flow assign', team: '5', user: '', note: 'look' },
    '/api/flow-node/assign',
    8_000,
    { workspace_id: '3', customer_phone: customer, team_id: '5', user_id: '', note: 'look' },
  ],
  [
    'a task',
    {
      ...{ ...whose, kind: 'flow task', title: 'Call', notes: 'soon', assignee: '2', priority: 'high' },
      ...{ related: 'deal', dueInS: 3_600 },
    },
    '/api/flow-node/task',
    10_000,
    {
      ...{ workspace_id: '3', customer_phone: customer, title: 'Call', notes: 'soon', assignee_id: '2' },
      ...{ priority: 'high', due_in_seconds: 3_600, related_type: 'deal' },
    },
  ],
  [
    'fields of a contact',
    { ...whose, kind: 'flow contact', fields: [{ key: 'email', value: '' }] },
    '/api/flow-node/contact-update',
    10_000,
    { workspace_id: '3', customer_phone: customer, fields: [{ key: 'email', value: '' }] },
  ],
];

describe('flows §8: what flows tell the app', () => {
  it.each(TABLE)('%s', (_, fact, path, timeoutMs, body) => {
    const callback = callbackOf(fact);
    expect(callback).toMatchObject({ path, timeoutMs, orderKeys: ORDER, lane: 'rest' });
    expect(callback.body).toEqual(body);
  });

  it('F-46, FB2: a message is an outbound mirror in the order of its conversation and of its session', () => {
    const callback = callbackOf({
      ...{ ...of, kind: 'flow message', contact, id: 'flow_out_1_a', at: 1_700_000_000 },
      ...{ content: { kind: 'text', text: 'Choose' }, buttons: [{ text: 'Yes', type: 'quick_reply' }] },
      ...{ header: 'Shop', footer: 'Acme', templateName: 'hello' },
    });
    expect(callback).toMatchObject({
      path: '/api/inbound-message',
      timeoutMs: 8_000,
      lane: 'inbound',
      orderKeys: [`chat:${device}:${customer}`, ...ORDER],
      body: {
        ...{ device_phone: device, sender_phone: customer, direction: 'out', source: 'flow', body: 'Choose' },
        ...{
          wa_message_id: 'flow_out_1_a',
          timestamp: 1_700_000_000,
          media_type: null,
          header: 'Shop',
          footer: 'Acme',
        },
        ...{ template_name: 'hello', message_kind: 'template', buttons: [{ text: 'Yes', type: 'quick_reply' }] },
      },
    });
    expect(callback.about).toBeUndefined();
  });

  it('FB3: only park rows of one session give way to newer ones', () => {
    const superseding = TABLE.map(([, fact]) => callbackOf(fact).supersede);
    expect(superseding.filter((each) => each !== undefined)).toEqual(
      Array.from({ length: 2 }, () => ({ key: `park:${session}`, rank: 0 })),
    );
  });

  it('F-54, FB1: no field is longer than the app accepts, whatever a flow says', () => {
    const LONGEST: Readonly<Record<string, number>> = {
      ...{ session_key: 191, customer_phone: 32, node_id: 64, node_label: 180, header: 191, footer: 191, body: 8_192 },
      ...{ tag_name: 64, group_name: 64, note: 1_024, title: 255, notes: 4_000, template_name: 191, device_phone: 32 },
    };
    const text = fc.string({ unit: 'grapheme', maxLength: 12_000, size: 'max' });
    fc.assert(
      fc.property(text, (long) => {
        const own = { device: long, session: long, workspace: '3', customer: long };
        const snapshot = { flowId: '1', customer: long, nodeId: long, waiting: {}, variables: {}, provider: '' };
        const fields = Array.from({ length: 60 }, () => ({ key: long, value: long }));
        const facts: FlowFact[] = [
          { ...own, kind: 'flow position', subscriber: 1, nodeId: long, label: long },
          { ...own, kind: 'flow park', snapshot },
          { ...own, kind: 'flow tag', action: 'add', id: '1', name: long },
          { ...own, kind: 'flow tag', action: 'add_group', id: '1', name: long },
          { ...own, kind: 'flow assign', team: '', user: '', note: long },
          {
            ...{ ...own, kind: 'flow task', title: long, notes: long, assignee: '', priority: 'low', related: '' },
            dueInS: null,
          },
          { ...own, kind: 'flow contact', fields },
          {
            ...{ ...own, kind: 'flow message', contact, id: 'x', content: { kind: 'text', text: long }, at: 1 },
            ...{ header: long, footer: long, templateName: long },
          },
        ];
        for (const { body } of facts.map(callbackOf))
          for (const [field, value] of Object.entries(body)) {
            const longest = LONGEST[field];
            if (longest !== undefined) expect([...String(value)].length).toBeLessThanOrEqual(longest);
          }
        const sent = callbackOf({ ...own, kind: 'flow contact', fields }).body['fields'] as typeof fields;
        expect(sent).toHaveLength(40);
        expect([...(sent[0]?.key ?? '')].length).toBeLessThanOrEqual(64);
        expect([...(sent[0]?.value ?? '')].length).toBeLessThanOrEqual(2_000);
      }),
      // Shrinking such texts takes minutes.
      { numRuns: 15, endOnFailure: true },
    );
  });
});
