/** Question (contract flows §2.4, §7.3): free text, options on each engine, media. */
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { APP, Bench } from '../context.ts';

type Fields = Readonly<Record<string, unknown>>;
const ENGINES: readonly EngineName[] = ['baileys', 'waba', 'twilio'];
const PHOTO = { kind: 'url', url: 'https://x.test/p.jpg' } as const;

const question = (fields: Fields = {}, engine: EngineName = 'baileys', wired?: readonly number[]) =>
  new Bench(kindOf('Question'), {
    type: 'Question',
    fields: { question: 'Your name, {{title}}?', variable: 'name', ...fields },
    engine,
    ...(wired && { wired }),
    vars: { title: 'Sir' },
  });

describe('free text', () => {
  it.each(ENGINES)('F-49 %s: asks, anything answers, port 1', async (engine) => {
    const one = question({}, engine);
    const wait = await one.waited();
    expect(one.texts()).toEqual(['Your name, Sir?']);
    expect(wait).toEqual({ nextNodeType: 'Question', nodeId: 'n_aaaaaa', variable: 'name' });
    expect(await one.reply(wait, 'Ana')).toEqual({ kind: 'next', port: 1 });
    expect(['name', 'n_aaaaaa', 'user_message'].map((name) => one.vars.get(name))).toEqual(['Ana', 'Ana', 'Ana']);
    expect(one.match(wait, 'Ana')).toMatchObject({ anyText: true });
  });

  it('F-01 a tap’s title answers too; nothing to read does not, nor does a vote', async () => {
    const one = question();
    const wait = await one.waited();
    expect(one.match(wait, { tap: { id: 'p7', title: 'Old' } })).toMatchObject({ text: 'Old' });
    expect(one.match(wait, ' ')).toBeUndefined();
    expect(one.match(wait, { text: '', vote: { poll: 'X', labels: ['A'] } })).toBeUndefined();
    expect(one.match(wait, { text: '', media: PHOTO })).toBeUndefined();
  });

  it('the variable is `answer` when none is named; words that came out empty are the general prompt', async () => {
    const one = question({ variable: '', question: ' {{none}} ' });
    expect(await one.waited()).toMatchObject({ variable: 'answer' });
    expect(one.texts()).toEqual(['Please answer']);
  });

  it.each(ENGINES)('F-27 %s: a question that could not be sent ends the session', async (engine) => {
    const one = question({}, engine);
    one.onSend = () => ({ kind: 'failed', error: 'no' });
    expect(await one.run()).toMatchObject({ kind: 'abort' });
  });
});

describe('expected answers', () => {
  const some = (count: number) => Array.from({ length: count }, (_, i) => `Answer ${i}`);

  it.each([
    ['baileys', 3, 'buttons', 'opt_2'],
    ['baileys', 4, 'buttons', 'flow_n_aaaaaa_2'],
    ['waba', 3, 'buttons', 'opt_2'],
    ['waba', 10, 'list', 'opt_2'],
    ['twilio', 3, 'buttons', 'opt_2'],
    ['twilio', 10, 'buttons', 'opt_2'],
    ['waba', 11, 'text', 'opt_2'],
  ] as const)('F-56 %s with %i: shown as %s, the third is %s and takes port 3', async (engine, count, kind, id) => {
    const one = question({ expectedAnswers: some(count) }, engine);
    const wait = await one.waited();
    expect(one.contents()).toMatchObject([{ kind }]);
    expect(wait).toMatchObject({ answerItems: expect.arrayContaining([{ id, text: 'Answer 2' }]) });
    for (const reply of [{ tap: { id, title: 'Answer 2' } }, { tap: { id: 'x_2', title: '' } }, 'answer 2', '3', '3.'])
      expect(await one.reply(wait, reply)).toEqual({ kind: 'next', port: 3 });
    expect(one.vars.get('name')).toBe('Answer 2');
  });

  it('an answer that is a number goes by its label first', async () => {
    const one = question({ expectedAnswers: ['2', '1'] });
    expect(await one.reply(await one.waited(), '2')).toEqual({ kind: 'next', port: 1 });
  });

  it('F-49 labels are filled and typed answers compared with what is shown', async () => {
    const one = question({ expectedAnswers: ['Dear {{title}}', '{{none}}', 'No'] });
    const wait = await one.waited();
    expect(wait).toMatchObject({
      answerItems: [
        { id: 'opt_0', text: 'Dear Sir' },
        { id: 'opt_2', text: 'No' },
      ],
    });
    expect(await one.reply(wait, 'dear sir')).toEqual({ kind: 'next', port: 1 });
    expect(await one.reply(wait, '2')).toEqual({ kind: 'next', port: 3 });
  });

  it('no match: port 0 when it is wired, else it stays without a word', async () => {
    const wired = question({ expectedAnswers: some(2) });
    expect(await wired.reply(await wired.waited(), 'hm')).toEqual({ kind: 'next', port: 0 });
    expect(wired.vars.get('name')).toBe('hm');
    const unwired = question({ expectedAnswers: some(2) }, 'baileys', [1]);
    const wait = await unwired.waited();
    expect(await unwired.reply(wait, 'hm')).toBeUndefined();
    expect(await unwired.reply(wait, '2')).toEqual({ kind: 'next', port: 2 });
    expect(unwired.sent).toHaveLength(1);
  });
});

describe('acceptMedia', () => {
  it.each(['', 'my receipt'])(
    'QU1 a medium with caption %j answers by its address at the app, port 1',
    async (text) => {
      const one = question({ acceptMedia: true });
      const wait = await one.waited();
      expect(wait).toMatchObject({ acceptMedia: true });
      expect(await one.reply(wait, { text, media: PHOTO })).toEqual({ kind: 'next', port: 1 });
      expect([one.stored, one.effects]).toEqual([[PHOTO], ['again']]);
      expect(['name', 'n_aaaaaa', 'user_message'].map((name) => one.vars.get(name))).toEqual(
        Array(3).fill(`${APP}/stored.jpg`),
      );
    },
  );

  it('QU1 one that could not be kept is asked for once more', async () => {
    const one = question({ acceptMedia: '1' });
    const wait = await one.waited();
    one.onStore = async () => ({ kind: 'no answer', why: 'down' });
    expect(await one.reply(wait, { text: '', media: PHOTO })).toEqual({ kind: 'wait', wait });
    expect(one.texts()).toHaveLength(2);
  });

  it('beside expected answers: a caption that is one counts as it, any other medium takes port 0', async () => {
    const one = question({ acceptMedia: true, expectedAnswers: ['Yes', 'No'] });
    const wait = await one.waited();
    expect(await one.reply(wait, { text: 'no', media: PHOTO })).toEqual({ kind: 'next', port: 2 });
    expect(one.stored).toEqual([]);
    expect(await one.reply(wait, { text: 'look', media: PHOTO })).toEqual({ kind: 'next', port: 0 });
    expect(one.vars.get('name')).toBe(`${APP}/stored.jpg`);
    const unwired = question({ acceptMedia: true, expectedAnswers: ['Yes'] }, 'baileys', [1]);
    expect(await unwired.reply(await unwired.waited(), { text: '', media: PHOTO })).toBeUndefined();
  });
});

it('an author is told of a question without words and of answers that lead nowhere', () => {
  expect(question({ question: '', expectedAnswers: ['A', 'B'] }, 'waba', [1]).problems()).toEqual([
    'warning field missing: Question has no question',
    'warning missing edge: Answer B of Question leads nowhere',
  ]);
});
