/** Nodes that hand something to the app: agents, contacts, deals, copies and calls (contract flows §2.4, §8). */
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import { Bench, CUSTOMER, DEVICE } from '../context.ts';

type Setup = ConstructorParameters<typeof Bench>[1];
const bench = (type: string, fields: Record<string, unknown>, setup: Partial<Setup> = {}) =>
  new Bench(kindOf(type), { type, fields, vars: { name: 'Ana', user_message: 'Hi' }, ...setup });
const NEXT = { kind: 'next', port: 1 };
const whose = { device: DEVICE, session: `${DEVICE}_${CUSTOMER}`, customer: CUSTOMER, workspace: '3' };

describe('AssignAgent, TagContact, Task, ContactUpdate', () => {
  it.each<readonly [string, Record<string, unknown>, object]>([
    [
      'AssignAgent',
      { teamId: 5, userId: '', noteForAgent: 'for {{name}}' },
      { kind: 'flow assign', team: '5', user: '', note: 'for Ana' },
    ],
    [
      'TagContact',
      { action: 'add', tagId: 9, tag: 'VIP {{name}}' },
      { kind: 'flow tag', action: 'add', id: '9', name: 'VIP Ana' },
    ],
    ['TagContact', { tag: 'VIP' }, { kind: 'flow tag', action: 'add', id: '', name: 'VIP' }],
    [
      'TagContact',
      { action: 'remove_group', groupId: '4', group: 'G', tag: 'T' },
      { kind: 'flow tag', action: 'remove_group', id: '4', name: 'G' },
    ],
    [
      'Task',
      {
        title: 'Call {{name}}',
        notes: '{{user_message}}',
        assigneeId: 2,
        priority: 'HIGH',
        relatedType: 'deal',
        dueInSeconds: '60',
      },
      {
        kind: 'flow task',
        title: 'Call Ana',
        notes: 'Hi',
        assignee: '2',
        priority: 'high',
        related: 'deal',
        dueInS: 60,
      },
    ],
    [
      'Task',
      { dueInSeconds: null },
      { kind: 'flow task', title: 'Task', notes: '', assignee: '', priority: 'medium', related: '', dueInS: null },
    ],
    [
      'ContactUpdate',
      {
        fields: [
          { key: 'first_name', value: '{{name}}' },
          { key: 'email', value: '' },
          { key: ' ', value: 'x' },
        ],
      },
      {
        kind: 'flow contact',
        fields: [
          { key: 'first_name', value: 'Ana' },
          { key: 'email', value: '' },
        ],
      },
    ],
  ])('%s %j', async (type, fields, fact) => {
    const one = bench(type, fields);
    expect(await one.run()).toEqual(NEXT);
    expect(one.told).toEqual([{ ...whose, ...fact }]);
  });

  it.each(['TagContact', 'ContactUpdate'])('%s with nothing to say goes on', async (type) => {
    const one = bench(type, {});
    expect([await one.run(), one.told]).toEqual([NEXT, []]);
  });
});

describe('Deal', () => {
  const fields = { action: 'create', dealName: 'Order {{o}} {{date}}', stageId: 4, dealValue: '$ 1250.50', ownerId: 7 };

  it('created: port 1, the id is kept', async () => {
    const one = bench('Deal', fields, { vars: { o: { title: 'Shoes', id: 3 } } });
    one.answers.deal = { kind: 'ok', value: { ok: true, deal_id: 88 } };
    expect(await one.run()).toEqual(NEXT);
    expect(one.calls).toEqual([
      {
        name: 'deal',
        request: {
          ...{ workspace_id: '3', action: 'create', stage_id: '4', deal_name: 'Order Shoes 2026-03-04', value: 1250.5 },
          ...{ owner_user_id: '7', contact_phone: CUSTOMER },
        },
      },
    ]);
    expect([one.vars.get('deal_id'), one.effects]).toEqual([88, ['once']]);
  });

  it.each<readonly [string, NonNullable<Bench['answers']['deal']>]>([
    ['a refusal', { kind: 'refused', status: 422, error: 'stage_not_found' }],
    ['silence', { kind: 'no answer', why: 'timeout' }],
  ])('error: port 2 after %s', async (_, answer) => {
    const one = bench('Deal', { ...fields, action: 'move', saveAs: 'mine' });
    one.answers.deal = answer;
    expect(await one.run()).toEqual({ kind: 'next', port: 2 });
    expect(one.vars.has('mine')).toBe(false);
  });
});

describe('Chatbot', () => {
  it('hands over to the agent with what is known, and the session is completed', async () => {
    const one = bench(
      'Chatbot',
      { agentId: 12 },
      { vars: { user_message: 'Hi', name: 'Ana', __secret: 'x', empty: '' } },
    );
    one.answers.agentReply = { kind: 'ok', value: { ok: true, replied: true } };
    expect(await one.run()).toEqual({ kind: 'end', whole: true });
    expect(one.calls).toEqual([
      {
        name: 'agentReply',
        request: {
          workspace: '3',
          agent: '12',
          customer: CUSTOMER,
          context: 'flow: Flow\nuser_message: Hi\nname: Ana',
        },
      },
    ]);
    expect(one.effects).toEqual(['once']);
  });

  it('also when the agent does not take over', async () => {
    const one = bench('Chatbot', { botId: 'b1' });
    one.answers.agentReply = { kind: 'refused', status: 404, error: 'agent_not_found' };
    expect([await one.run(), one.warnings.length]).toEqual([{ kind: 'end', whole: true }, 1]);
  });

  it.each([{ agentId: '0', flowId: 8 }, { flowId: '8' }])('without an agent it is a sub-flow: %j', async (fields) => {
    expect(await bench('Chatbot', fields).run()).toEqual({ kind: 'sub flow', flowId: '8' });
  });

  it('with neither it is passed', async () => {
    expect(await bench('Chatbot', { agentId: 0 }).run()).toEqual(NEXT);
  });
});

describe('NotifyNumber', () => {
  const lastSent = { kind: 'text', text: 'copied' } as const;

  it('F-29: copies the last message to the digits of the number', async () => {
    const one = bench('NotifyNumber', { copyNumber: '+55 (11) 97777-6666', source: 'mirror' }, { lastSent });
    expect(await one.run()).toEqual(NEXT);
    expect(one.sent).toEqual([{ content: lastSent, options: { to: '5511977776666' } }]);
  });

  it.each<readonly [string, Record<string, unknown>, readonly object[]]>([
    ['text', { kind: 'text', text: 'New: {{name}}', mediaUrl: '/x.png' }, [{ kind: 'text', text: 'New: Ana' }]],
    [
      'a picture',
      { kind: 'media', mediaKind: 'image', mediaUrl: '/x.png', mediaCaption: '{{name}}' },
      [
        {
          kind: 'media',
          media: { type: 'image', from: { kind: 'url', url: 'https://app.test/x.png' }, mime: 'image/png' },
          caption: 'Ana',
        },
      ],
    ],
    [
      'a recording, with its caption behind it',
      { kind: 'media', mediaKind: 'audio', mediaUrl: '/x.ogg', mediaCaption: 'For {{name}}', text: 'unused' },
      [
        {
          kind: 'media',
          media: { type: 'audio', from: { kind: 'url', url: 'https://app.test/x.ogg' }, mime: 'audio/ogg' },
          caption: '',
        },
        { kind: 'text', text: 'For Ana' },
      ],
    ],
    ['nothing', { kind: 'media' }, []],
  ])('custom: %s', async (_, fields, contents) => {
    const one = bench('NotifyNumber', { copyNumber: '5511977776666', source: 'custom', ...fields }, { lastSent });
    expect(await one.run()).toEqual(NEXT);
    expect(one.contents()).toEqual(contents);
  });

  it.each([{ copyNumber: 'nobody' }, { copyNumber: '' }])('without a number it is passed: %j', async (fields) => {
    const one = bench('NotifyNumber', fields, { lastSent });
    expect([await one.run(), one.sent, one.warnings.length]).toEqual([NEXT, [], 1]);
  });

  it('a copy that fails holds nothing up', async () => {
    const one = bench('NotifyNumber', { copyNumber: '5511977776666' }, { lastSent });
    one.onSend = () => ({ kind: 'failed', error: 'x' });
    expect([await one.run(), one.warnings.length]).toEqual([NEXT, 1]);
  });
});

describe('AiCall, WaToInstagram', () => {
  it('the app places the call; whatever it answers, the flow goes on', async () => {
    const one = bench('AiCall', { assistantId: 6 }, { session: { conversation: '99' } });
    expect(await one.run()).toEqual(NEXT);
    const request = { workspace_id: '3', to: CUSTOMER, assistant_id: '6', conversation_id: '99', device_phone: DEVICE };
    expect(one.calls).toEqual([{ name: 'placeAiCall', request }]);
    expect([one.effects, one.warnings.length]).toEqual([['once'], 1]);
  });

  it.each([
    [{ igUsername: '@shop.{{name}}', introText: 'Hi {{name}}' }, ['Hi Ana\nhttps://ig.me/m/shop.Ana']],
    [{ igUsername: 'shop' }, ['https://ig.me/m/shop']],
    [{ introText: 'x' }, []],
  ])('a link to Instagram: %j', async (fields, texts) => {
    const one = bench('WaToInstagram', fields);
    expect([await one.run(), one.texts()]).toEqual([NEXT, texts]);
  });
});
