/** InteractiveButtons and List (contract flows §2.4, §7.3, §10): on each engine, with each port. */
import { describe, expect, it } from 'vitest';
import { draftsOf as cloudDrafts } from '../../../../src/actors/engines/cloud-api/content.ts';
import { draftsOf as twilioDrafts } from '../../../../src/actors/engines/twilio/content.ts';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { Bench } from '../context.ts';

type Fields = Readonly<Record<string, unknown>>;
const ENGINES: readonly EngineName[] = ['baileys', 'waba', 'twilio'];
const BUTTONS = ['Red', 'Blue {{n}}'].map((title, i) => ({ id: `p${i}`, title }));
const ROWS = [
  { id: 'p0', title: 'Pizza', description: 'hot', section: 'Food' },
  { id: 'p1', title: 'Cola', description: '', section: 'Drinks' },
  { id: 'p2', title: 'Pasta {{n}}', description: '', section: 'Food' },
];

const buttons = (fields: Fields = {}, engine: EngineName = 'baileys', wired?: readonly number[]) =>
  new Bench(kindOf('InteractiveButtons'), {
    type: 'InteractiveButtons',
    fields: { bodyText: 'Well, {{n}}?', buttons: BUTTONS, variable: 'colour', footerText: 'F {{n}}', ...fields },
    engine,
    ...(wired && { wired }),
    vars: { n: 1 },
  });
const list = (fields: Fields = {}, engine: EngineName = 'baileys', wired?: readonly number[]) =>
  new Bench(kindOf('List'), {
    type: 'List',
    fields: { bodyText: 'Eat?', buttonText: 'Open {{n}}', listItems: ROWS, variable: 'dish', ...fields },
    engine,
    ...(wired && { wired }),
    vars: { n: 1 },
  });

describe('InteractiveButtons', () => {
  it.each(ENGINES)('F-49 %s: up to three buttons, texts filled; F-56 the wait as the app keeps it', async (engine) => {
    const one = buttons({}, engine);
    expect(await one.waited()).toEqual({
      nextNodeType: 'Question',
      nodeId: 'n_aaaaaa',
      variable: 'colour',
      answerItems: [
        { id: 'p0', text: 'Red' },
        { id: 'p1', text: 'Blue 1' },
      ],
      persistent: true,
    });
    expect(one.contents()).toEqual([
      {
        ...{ kind: 'buttons', title: '', subtitle: '', body: 'Well, 1?', footer: 'F 1' },
        buttons: [
          { kind: 'reply', id: 'p0', label: 'Red' },
          { kind: 'reply', id: 'p1', label: 'Blue 1' },
        ],
      },
    ]);
  });

  it('Twilio shows numbers, up to ten options, which typed digits answer', async () => {
    const many = Array.from({ length: 5 }, (_, i) => ({ id: `p${i}`, title: `Option ${i}` }));
    const one = buttons({ buttons: many, footerText: '' }, 'twilio');
    const wait = await one.waited();
    const [content] = one.contents();
    expect(content && twilioDrafts(content)).toMatchObject({
      drafts: [{ body: 'Well, 1?\n\n1. Option 0\n2. Option 1\n3. Option 2\n4. Option 3\n5. Option 4' }],
    });
    expect(await one.reply(wait, '5.')).toEqual({ kind: 'next', port: 5 });
  });

  it.each([
    ['baileys', { kind: 'buttons' }],
    ['waba', { kind: 'list', button: 'Options' }],
  ] as const)('%s: more than three become a list, with the same ids', async (engine, expected) => {
    const many = Array.from({ length: 4 }, (_, i) => ({ id: `p${i}`, title: `Option ${i}` }));
    const one = buttons({ buttons: many }, engine);
    const wait = await one.waited();
    expect(one.contents()).toMatchObject([expected]);
    expect(await one.reply(wait, { tap: { id: 'p3', title: 'Option 3' } })).toEqual({ kind: 'next', port: 4 });
  });

  it.each([
    [undefined, true],
    [true, true],
    [false, false],
    ['false', false],
  ])('keepMenuOpen %j: persistent %j', async (keepMenuOpen, persistent) => {
    expect(await buttons({ keepMenuOpen }).waited()).toMatchObject({ persistent });
  });

  it.each(
    ENGINES.flatMap(
      (engine) =>
        [
          [engine, { tap: { id: 'p1', title: 'Blue 1' } }],
          [engine, { tap: { id: 'p1', title: '' } }],
          [engine, { text: ' blue 1 ' }],
          [engine, { text: '2' }],
          [engine, { text: '2)' }],
        ] as const,
    ),
  )('F-01 F-03 %s, %j: the label is stored, port 2', async (engine, reply) => {
    const one = buttons({}, engine);
    expect(await one.reply(await one.waited(), reply)).toEqual({ kind: 'next', port: 2 });
    expect(['colour', 'n_aaaaaa', 'user_message'].map((name) => one.vars.get(name))).toEqual(Array(3).fill('Blue 1'));
  });

  it('F-28 of two options with one label a tap means its own', async () => {
    const one = buttons({ buttons: ['No', 'No'].map((title, i) => ({ id: `p${i}`, title })) });
    expect(await one.reply(await one.waited(), { tap: { id: 'p1', title: 'No' } })).toEqual({ kind: 'next', port: 2 });
  });

  it('F-39 "2 apples" is not option 2: port 0 when it is wired, else the menu stays', async () => {
    const wired = buttons();
    expect(await wired.reply(await wired.waited(), '2 apples')).toEqual({ kind: 'next', port: 0 });
    expect(wired.match(await wired.waited(), '2 apples')).toMatchObject({ anyText: true });
    const unwired = buttons({}, 'baileys', [1, 2]);
    expect(await unwired.reply(await unwired.waited(), '2 apples')).toBeUndefined();
  });

  it('§6.6 an option that leads nowhere: stored, and its port, with which the runtime stays at the menu (ST4)', async () => {
    const one = buttons({}, 'baileys', [1]);
    const wait = await one.waited();
    expect(await one.reply(wait, 'Blue 1')).toEqual({ kind: 'next', port: 2 });
    expect(one.vars.get('colour')).toBe('Blue 1');
    expect(one.sent).toHaveLength(1);
  });

  it.each([[[]], [undefined], [[{ id: 'p0', title: '{{none}}' }]]])(
    'F-26 without options (%j): the body as text and a dead end',
    async (none) => {
      const one = buttons({ buttons: none });
      expect(await one.run()).toEqual({ kind: 'dead end' });
      expect(one.texts()).toEqual(['Well, 1?']);
    },
  );

  it.each(ENGINES)(
    'F-27 %s: a menu that could not be sent ends the session; an uncertain one is waited for',
    async (engine) => {
      const one = buttons({}, engine);
      one.onSend = () => ({ kind: 'failed', error: 'no' });
      expect(await one.run()).toMatchObject({ kind: 'abort' });
      one.onSend = () => ({ kind: 'unknown', error: 'perhaps' });
      expect(await one.run()).toMatchObject({ kind: 'wait' });
    },
  );

  it('F-56 buttons without an id get one that names the node', async () => {
    expect(await buttons({ buttons: [{ title: 'A' }] }).waited()).toMatchObject({
      answerItems: [{ id: 'b_n_aaaaaa_p0', text: 'A' }],
    });
  });

  it('a body that came out empty is the general prompt', async () => {
    const one = buttons({ bodyText: '{{none}}' });
    await one.run();
    expect(one.contents()).toMatchObject([{ body: 'Please answer' }]);
  });
});

describe('List', () => {
  it('Cloud API: a list by sections, as Meta takes it', async () => {
    const one = list({}, 'waba');
    const wait = await one.waited();
    const sections = [
      {
        title: 'Food',
        rows: [
          { id: 'list_n_aaaaaa_p0', title: 'Pizza', description: 'hot' },
          { id: 'list_n_aaaaaa_p2', title: 'Pasta 1', description: '' },
        ],
      },
      { title: 'Drinks', rows: [{ id: 'list_n_aaaaaa_p1', title: 'Cola', description: '' }] },
    ];
    expect(one.contents()).toEqual([{ kind: 'list', title: '', body: 'Eat?', footer: '', button: 'Open 1', sections }]);
    const [content] = one.contents();
    expect(content && cloudDrafts(content)).toMatchObject({
      drafts: [{ type: 'interactive', part: { type: 'list' } }],
    });
    expect(wait).toEqual({
      nextNodeType: 'List',
      nodeId: 'n_aaaaaa',
      variable: 'dish',
      listItems: [
        { id: 'list_n_aaaaaa_p0', title: 'Pizza', description: 'hot', section: 'Food' },
        { id: 'list_n_aaaaaa_p2', title: 'Pasta 1', description: '', section: 'Food' },
        { id: 'list_n_aaaaaa_p1', title: 'Cola', description: '', section: 'Drinks' },
      ],
    });
  });

  it('Cloud API: one section without a name stays nameless, beside others it gets one', async () => {
    const none = list({ listItems: [{ id: 'p0', title: 'A' }] }, 'waba');
    await none.run();
    expect(none.contents()).toMatchObject([{ sections: [{ title: '' }] }]);
    const mixed = list(
      {
        listItems: [
          { id: 'p0', title: 'A' },
          { id: 'p1', title: 'B', section: 'S' },
        ],
      },
      'waba',
    );
    await mixed.run();
    expect(mixed.contents()).toMatchObject([{ sections: [{ title: 'Open 1' }, { title: 'S' }] }]);
  });

  it('paired connection: quick replies, what they cannot carry above them', async () => {
    const one = list({ footerText: 'F' });
    await one.run();
    expect(one.contents()).toEqual([
      {
        ...{ kind: 'buttons', title: '', subtitle: '', footer: 'F' },
        body: 'Eat?\n\n*Food*\n1. Pizza: hot\n2. Pasta 1\n\n*Drinks*\n3. Cola',
        buttons: [
          { kind: 'reply', id: 'list_n_aaaaaa_p0', label: 'Pizza' },
          { kind: 'reply', id: 'list_n_aaaaaa_p2', label: 'Pasta 1' },
          { kind: 'reply', id: 'list_n_aaaaaa_p1', label: 'Cola' },
        ],
      },
    ]);
    const plain = list({ listItems: [{ id: 'p0', title: 'A label of more than twenty' }] });
    await plain.run();
    expect(plain.contents()).toMatchObject([{ body: 'Eat?', buttons: [{ label: 'A label of more than' }] }]);
  });

  it('Twilio: numbered text, the digits in the order shown', async () => {
    const one = list({}, 'twilio');
    const wait = await one.waited();
    const [content] = one.contents();
    expect(content && twilioDrafts(content)).toMatchObject({
      drafts: [{ body: 'Eat?\n\n*Food*\n1. Pizza: hot\n2. Pasta 1\n\n*Drinks*\n3. Cola' }],
    });
    expect(await one.reply(wait, '2')).toEqual({ kind: 'next', port: 3 });
  });

  it.each(ENGINES)('%s: more than ten rows are a numbered text with all of them', async (engine) => {
    const listItems = Array.from({ length: 11 }, (_, i) => ({ id: `p${i}`, title: `Row ${i}` }));
    const one = list({ listItems }, engine);
    const wait = await one.waited();
    expect(one.texts()).toEqual([expect.stringMatching(/^Eat\?\n\n1\. Row 0\n[^]*\n11\. Row 10$/)]);
    expect(await one.reply(wait, '11')).toEqual({ kind: 'next', port: 11 });
  });

  it.each(
    ENGINES.flatMap(
      (engine) =>
        [
          [engine, { tap: { id: 'list_n_aaaaaa_p2', title: 'Pasta 1' } }],
          [engine, { tap: { id: 'p2', title: '' } }],
          [engine, { tap: { id: 'other_p2', title: 'whatever' } }],
          [engine, { text: '2' }],
          [engine, { text: 'PASTA 1' }],
        ] as const,
    ),
  )('F-01 %s, %j: the title is stored, port 3', async (engine, reply) => {
    const one = list({}, engine);
    expect(await one.reply(await one.waited(), reply)).toEqual({ kind: 'next', port: 3 });
    expect(['dish', 'n_aaaaaa', 'user_message'].map((name) => one.vars.get(name))).toEqual(Array(3).fill('Pasta 1'));
  });

  it('no match: port 0 when it is wired, else the list stays', async () => {
    const wired = list();
    expect(await wired.reply(await wired.waited(), 'Soup')).toEqual({ kind: 'next', port: 0 });
    const unwired = list({}, 'baileys', [1]);
    const wait = await unwired.waited();
    expect(await unwired.reply(wait, 'Soup')).toBeUndefined();
    expect(await unwired.reply(wait, 'Cola')).toMatchObject({ kind: 'next' });
  });

  it('F-26 without rows: the body as text, then port 0 when it is wired, else a dead end', async () => {
    const wired = list({ listItems: [] });
    expect(await wired.run()).toEqual({ kind: 'next', port: 0 });
    expect(wired.texts()).toEqual(['Eat?']);
    expect(await list({ listItems: [] }, 'baileys', [1]).run()).toEqual({ kind: 'dead end' });
  });

  it.each(ENGINES)('F-27 %s: a list that could not be sent ends the session', async (engine) => {
    const one = list({}, engine);
    one.onSend = () => ({ kind: 'failed', error: 'no' });
    expect(await one.run()).toMatchObject({ kind: 'abort' });
  });

  it('BL1 BL2 a row without words is not shown; the others keep their ports', async () => {
    const listItems = ['{{none}}', 'B', 'C'].map((title, i) => ({ id: `p${i}`, title }));
    const one = list({ listItems });
    const wait = await one.waited();
    expect(await one.reply(wait, '1')).toEqual({ kind: 'next', port: 2 });
    expect(await one.reply(wait, { tap: { id: 'list_n_aaaaaa_p2', title: 'C' } })).toEqual({ kind: 'next', port: 3 });
  });
});

describe('what an author is told', () => {
  it('menus without words, options or ways, and what will be cut', () => {
    expect(buttons({}, 'waba', [1, 2]).problems()).toEqual([]);
    expect(list({}, 'waba', [1, 2, 3]).problems()).toEqual([]);
    expect(buttons({ bodyText: '', buttons: [] }).problems()).toEqual([
      'warning field missing: InteractiveButtons has no bodyText',
      'error field missing: InteractiveButtons has no buttons',
    ]);
    expect(buttons({}, 'waba', [1]).problems()).toEqual([
      'warning missing edge: Button Blue {{n}} of InteractiveButtons leads nowhere',
    ]);
    expect(buttons({ buttons: [{ title: 'x'.repeat(21) }] }).problems()).toEqual([
      expect.stringMatching(/^warning too long: The button x+ has more than 20/),
    ]);
    expect(list({ listItems: Array(11).fill({ title: 'x' }) }, 'waba', [...Array(12).keys()]).problems()).toEqual([
      'warning too long: List has more than 10 rows',
    ]);
  });
});
