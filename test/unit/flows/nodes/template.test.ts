/** Template on each engine (contract flows §2.4, §4, §10.4). */
import { describe, expect, it } from 'vitest';
import { draftsOf as twilioDrafts } from '../../../../src/actors/engines/twilio/content.ts';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import type { Sent } from '../../../../src/actors/flows/node.ts';
import type { Wait } from '../../../../src/actors/flows/waits.types.ts';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { Bench } from '../context.ts';

type Fields = Readonly<Record<string, unknown>>;
const NEXT = { kind: 'next', port: 1 };
const ENGINES: readonly EngineName[] = ['baileys', 'waba', 'twilio'];
const SID = `HX${'a'.repeat(32)}`;
const BUTTONS = [
  { type: 'URL', text: 'Shop', url: 'https://x.test/{{1}}' },
  { type: 'QUICK_REPLY', text: 'Yes, {{name}}' },
  { type: 'QUICK_REPLY', text: 'No' },
];
const TEMPLATE = {
  templateName: 'order_ready',
  templateBody: 'Hi {{1}}, order {{2}} for {{name}}',
  templateHeader: 'Order {{1}}',
  templateHeaderFormat: 'TEXT',
  templateFooter: 'Bye {{name}}',
  templateLanguage: 'pt_BR',
  templateVariableMap: {
    header: [{ num: 1, key: 'order' }],
    body: [
      { num: '1', key: 'name' },
      { num: 2, key: 'order' },
    ],
  },
  variable: 'wish',
};

type Setup = {
  readonly engine?: EngineName;
  readonly wired?: readonly number[];
  readonly handles?: Record<number, string>;
  readonly cloud?: { phoneNumberId: string; wabaId: string };
};
const bench = (fields: Fields = {}, { wired = [1], ...setup }: Setup = {}) =>
  new Bench(kindOf('Template'), {
    type: 'Template',
    fields: { ...TEMPLATE, ...fields },
    vars: { name: 'Ana', order: 7 },
    wired,
    ...setup,
  });
const meta = { templateMetaId: '55', templateId: '9' };

it.each(ENGINES)('%s: no body: port 1 without a message', async (engine) => {
  const one = bench({ templateBody: '', templateButtons: BUTTONS }, { engine });
  expect(await one.run()).toEqual(NEXT);
  expect(one.sent).toEqual([]);
  expect(one.problems()).toContain('error field missing: Template has no templateBody');
});

describe('rendered', () => {
  it.each(['baileys', 'waba'] as const)(
    'F-49 %s without Meta’s id: header, body and footer with their values',
    async (engine) => {
      const one = bench({ templateButtons: [] }, { engine });
      expect(await one.run()).toEqual(NEXT);
      expect(one.texts()).toEqual(['*Order 7*\n\nHi Ana, order 7 for Ana\n\nBye Ana']);
    },
  );

  it('F-10 Twilio: the whole text with numbered quick replies, never bare values', async () => {
    const one = bench({ ...meta, templateButtons: BUTTONS }, { engine: 'twilio', wired: [2] });
    expect(await one.run()).toMatchObject({ kind: 'wait' });
    const [content] = one.contents();
    expect(content && twilioDrafts(content)).toMatchObject({
      drafts: [
        {
          body: '*Order 7*\n\nHi Ana, order 7 for Ana\n\nShop: https://x.test/Ana\n1. Yes, Ana\n2. No\n\nBye Ana',
        },
      ],
    });
  });

  it('paired connection: at most three buttons, the others as lines', async () => {
    const templateButtons = [...BUTTONS, { type: 'COPY_CODE', text: 'Code', code: 'S{{2}}' }];
    const one = bench({ templateButtons });
    await one.run();
    expect(one.contents()).toEqual([
      {
        ...{ kind: 'buttons', title: 'Order 7', subtitle: '', footer: 'Bye Ana' },
        body: 'Hi Ana, order 7 for Ana\n\nCode: S7',
        buttons: [
          { kind: 'url', label: 'Shop', url: 'https://x.test/Ana' },
          { kind: 'reply', label: 'Yes, Ana', id: 'p0' },
          { kind: 'reply', label: 'No', id: 'p1' },
        ],
      },
    ]);
  });

  it('F-32 a header with a medium: above buttons, or with the text as its caption', async () => {
    const header = { templateHeaderFormat: 'IMAGE', templateHeaderMediaUrl: '/a.png', templateHeader: 'x' };
    const image = { type: 'image', from: { kind: 'url', url: 'https://app.test/a.png' }, mime: 'image/png' };
    const plain = bench(header);
    await plain.run();
    expect(plain.contents()).toEqual([{ kind: 'media', media: image, caption: 'Hi Ana, order 7 for Ana\n\nBye Ana' }]);
    const above = bench({ ...header, templateButtons: BUTTONS });
    await above.run();
    expect(above.contents()).toMatchObject([{ kind: 'buttons', title: '', header: image }]);
  });

  it.each([
    ['flat', { 1: 'name', 2: 'order' }, 'Hi Ana, order 7'],
    ['flat, keys that are no variables', { 1: 'Sir', 2: 'No. {{order}}' }, 'Hi Sir, order No. 7'],
    [
      'nested, the body wins',
      { header: [{ num: 1, key: 'order' }], body: [{ num: 1, key: 'name' }] },
      'Hi Ana, order ',
    ],
    ['F-47 PHP’s empty map', [], 'Hi , order '],
    ['JSON text', '{"1":"name"}', 'Hi Ana, order '],
  ])('TP1 positional through a %s map', async (_, templateVariableMap, text) => {
    const one = bench({
      templateBody: 'Hi {{1}}, order {{2}}',
      templateHeader: '',
      templateFooter: '',
      templateVariableMap,
    });
    await one.run();
    expect(one.texts()).toEqual([text]);
  });

  it('the app’s thread shows the rendered parts and the template’s name', async () => {
    const one = bench({ templateButtons: BUTTONS });
    await one.run();
    expect(one.sent[0]?.options?.mirror).toEqual({
      ...{ body: 'Hi Ana, order 7 for Ana', header: 'Order 7', footer: 'Bye Ana', templateName: 'order_ready' },
      buttons: [
        { kind: 'url', label: 'Shop', url: 'https://x.test/Ana' },
        { kind: 'reply', label: 'Yes, Ana', id: 'p0' },
        { kind: 'reply', label: 'No', id: 'p1' },
      ],
    });
  });
});

describe('Twilio’s approved content', () => {
  it('F-10 by its id with the values by number', async () => {
    const one = bench({ contentSid: SID }, { engine: 'twilio' });
    await one.run();
    expect(one.contents()).toEqual([
      { kind: 'content template', contentSid: SID, variables: { 1: 'Ana', 2: '7', name: 'Ana' } },
    ]);
  });

  it('an id that is none: the rendered text', async () => {
    const one = bench({ contentSid: 'HX1' }, { engine: 'twilio' });
    await one.run();
    expect(one.texts()).toHaveLength(1);
  });
});

describe('Meta’s message', () => {
  const waba = { engine: 'waba' } as const;

  it.each([{ templateMetaId: '55' }, { templateId: '9' }])(
    'with %j: parameters by position, payloads of quick replies',
    async (id) => {
      const one = bench({ ...id, templateBody: 'Hi {{1}}, order {{2}}', templateButtons: BUTTONS }, waba);
      await one.run();
      expect(one.contents()).toEqual([
        {
          kind: 'template',
          template: {
            name: 'order_ready',
            language: { code: 'pt_BR' },
            components: [
              { type: 'header', parameters: [{ type: 'text', text: '7' }] },
              {
                type: 'body',
                parameters: [
                  { type: 'text', text: 'Ana' },
                  { type: 'text', text: '7' },
                ],
              },
              { type: 'button', index: '0', sub_type: 'url', parameters: [{ type: 'text', text: 'Ana' }] },
              { type: 'button', sub_type: 'quick_reply', index: '1', parameters: [{ type: 'payload', payload: 'p0' }] },
              { type: 'button', sub_type: 'quick_reply', index: '2', parameters: [{ type: 'payload', payload: 'p1' }] },
            ],
          },
        },
      ]);
    },
  );

  it('without a name it is free content', async () => {
    const one = bench({ ...meta, templateName: '' }, waba);
    await one.run();
    expect(one.texts()).toHaveLength(1);
  });

  const video = { ...meta, templateHeaderFormat: 'VIDEO', templateHeaderMediaUrl: 'https://x.test/a.mp4' };
  const cloud = { phoneNumberId: '111', wabaId: '222' };

  it('a header with a medium: by the id of the app’s upload', async () => {
    const one = bench(video, { ...waba, cloud });
    one.answers.templateHeaderMedia = { kind: 'ok', value: { mediaId: 'M77' } };
    await one.run();
    expect(one.calls).toEqual([
      { name: 'templateHeaderMedia', request: { workspace: '3', template: '9', phoneNumberId: '111' } },
    ]);
    expect(one.effects).toEqual(['again']);
    const [content] = one.contents();
    expect(content).not.toHaveProperty('header');
    expect(content).toMatchObject({
      template: {
        components: [{ type: 'header', parameters: [{ type: 'video', video: { id: 'M77' } }] }, { type: 'body' }],
      },
    });
  });

  it.each([cloud, undefined])('a header with a medium that the app has not (%j): by its address', async (known) => {
    const one = bench(video, { ...waba, ...(known && { cloud: known }) });
    await one.run();
    // ND2: settings may change before a visit is repeated, the order of its effects may not.
    expect([one.effects, one.calls.length]).toEqual([['again'], known ? 1 : 0]);
    expect(one.contents()).toMatchObject([
      {
        header: { type: 'video', from: { kind: 'url', url: 'https://x.test/a.mp4' } },
        template: { components: [{ type: 'body' }] },
      },
    ]);
  });

  const languages = (one: Bench) =>
    one.contents().map((content) => (content.kind === 'template' ? content.template.language.code : content.kind));
  const only =
    (code: string) =>
    (content: { kind: string; template?: { language: { code: string } } }, n: number): Sent =>
      content.template?.language.code === code
        ? { kind: 'sent', id: `M${n}` }
        : { kind: 'failed', error: '132001: Template name does not exist in the translation (code 132001)' };

  it('TE4 a language that Meta has not: the approved one', async () => {
    const one = bench(meta, waba);
    one.onTemplateLanguages = async () => ({ kind: 'ok', value: ['pt_BR', 'es'] });
    one.onSend = only('es');
    expect(await one.run()).toEqual(NEXT);
    expect([languages(one), one.effects]).toEqual([['pt_BR', 'es'], ['again']]);
  });

  it('TE4 then en_US, en, the base, each once; none: told', async () => {
    const one = bench(meta, waba);
    one.onSend = only('none');
    expect(await one.run()).toEqual(NEXT);
    expect([languages(one), one.warnings.length]).toEqual([['pt_BR', 'en_US', 'en', 'pt'], 1]);
  });

  it('another refusal is not evaded', async () => {
    const one = bench(meta, waba);
    one.onSend = () => ({ kind: 'failed', error: '132000: Number of parameters does not match (code 132000)' });
    expect(await one.run()).toEqual(NEXT);
    expect(one.sent).toHaveLength(1);
  });
});

describe('TE3 waiting', () => {
  it.each(ENGINES)(
    'F-01 TE2 %s: a quick reply that leads somewhere is waited for, by id, label or number',
    async (engine) => {
      const one = bench({ ...meta, templateButtons: BUTTONS }, { engine, wired: [1, 2] });
      const result = await one.run();
      const wait: Wait = {
        nextNodeType: 'Question',
        nodeId: 'n_aaaaaa',
        variable: 'wish',
        persistent: true,
        answerItems: [
          { id: 'p0', text: 'Yes, Ana' },
          { id: 'p1', text: 'No' },
        ],
      };
      expect(result).toEqual({ kind: 'wait', wait });
      for (const reply of [{ tap: { id: 'p1', title: 'No' } }, { tap: { id: 'No', title: 'No' } }, 'no', '2'])
        expect(await one.reply(wait, reply)).toEqual({ kind: 'next', port: 2 });
      expect(['wish', 'n_aaaaaa', 'user_message'].map((name) => one.vars.get(name))).toEqual(['No', 'No', 'No']);
      expect(await one.reply(wait, 'hm')).toBeUndefined();
    },
  );

  it.each([
    ['none of them leads anywhere', { wired: [3] }],
    ['only `out` is wired, as the builder calls it', { wired: [1], handles: { 1: 'out' } }],
  ])('%s: port 1 at once', async (_, setup) => {
    expect(await bench({ templateButtons: BUTTONS }, setup).run()).toEqual(NEXT);
  });

  it('one of two leads somewhere: the other is left to the runtime (ST4), and the author is told', async () => {
    const one = bench({ templateButtons: BUTTONS, keepMenuOpen: false }, { wired: [2], handles: { 2: 'p1' } });
    const result = await one.run();
    if (result.kind !== 'wait') throw new Error('no wait');
    expect(result.wait).toMatchObject({ persistent: false });
    expect(await one.reply(result.wait, '1')).toEqual({ kind: 'next', port: 1 });
    expect(one.problems()).toEqual(['warning missing edge: Quick reply Yes, {{name}} of Template leads nowhere']);
  });

  it.each(ENGINES)('F-27 %s: one that could not be sent ends the session', async (engine) => {
    const one = bench({ templateButtons: BUTTONS }, { engine, wired: [1] });
    one.onSend = () => ({ kind: 'failed', error: 'no' });
    expect(await one.run()).toMatchObject({ kind: 'abort' });
  });
});
