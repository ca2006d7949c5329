/** Poll (contract flows §3.6): what each engine shows, and every way to answer. */
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import type { Wait } from '../../../../src/actors/flows/waits.types.ts';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { Bench, NOW } from '../context.ts';

type Fields = Readonly<Record<string, unknown>>;
const ENGINES: readonly EngineName[] = ['baileys', 'waba', 'twilio'];

const poll = (fields: Fields = {}, engine: EngineName = 'baileys', wired?: readonly number[]) =>
  new Bench(kindOf('Poll'), {
    type: 'Poll',
    fields: { question: 'Where to, {{name}}?', options: ['Sea', 'Hills', 'City {{n}}'], ...fields },
    engine,
    ...(wired && { wired }),
    vars: { name: 'Ana', n: 1 },
  });
const several = (wired?: readonly number[], engine: EngineName = 'baileys') =>
  poll({ allowMultiple: true }, engine, wired);
const vote = (...labels: readonly string[]) => ({ text: '', vote: { poll: 'M1', labels } });

describe('what is asked', () => {
  const content = { kind: 'poll', question: 'Where to, Ana?', options: ['Sea', 'Hills', 'City 1'] };

  it.each(['baileys', 'twilio'] as const)(
    'F-49 %s: a poll, which the engine shows natively or numbered',
    async (engine) => {
      const one = poll({}, engine);
      expect(await one.waited()).toEqual({
        nextNodeType: 'Poll',
        nodeId: 'n_aaaaaa',
        variable: '',
        allowMultiple: false,
        answerItems: [
          { id: 'poll_n_aaaaaa_0', text: 'Sea' },
          { id: 'poll_n_aaaaaa_1', text: 'Hills' },
          { id: 'poll_n_aaaaaa_2', text: 'City 1' },
        ],
      });
      expect(one.contents()).toEqual([{ ...content, multiple: false }]);
    },
  );

  it('Cloud API: a list for a single choice of up to ten, long labels in full below their row', async () => {
    const long = 'An option that is longer than a row';
    const one = poll({ options: ['Sea', long] }, 'waba');
    await one.run();
    expect(one.contents()).toMatchObject([
      {
        kind: 'list',
        body: 'Where to, Ana?',
        button: 'Options',
        sections: [
          {
            title: '',
            rows: [
              { id: 'poll_n_aaaaaa_0', title: 'Sea', description: '' },
              { id: 'poll_n_aaaaaa_1', title: long, description: long },
            ],
          },
        ],
      },
    ]);
  });

  it.each([
    ['several choices', { allowMultiple: true }],
    ['eleven options', { options: Array.from({ length: 11 }, (_, i) => `O${i}`) }],
    ['one option', { options: ['A'] }],
  ])('F-06 Cloud API with %s: a poll, numbered there', async (_, fields) => {
    const one = poll(fields, 'waba');
    expect(await one.run()).toMatchObject({ kind: 'wait' });
    expect(one.contents()).toMatchObject([{ kind: 'poll' }]);
  });

  it.each(ENGINES.flatMap((engine) => [1, 13].map((count) => [engine, count] as const)))(
    'F-06 %s: a poll of %i, which WhatsApp has none of, is asked all the same and answered by number',
    async (engine, count) => {
      const one = poll({ options: Array.from({ length: count }, (_, i) => `O${i}`) }, engine, [count]);
      const wait = await one.waited();
      expect(one.contents()).toMatchObject([{ kind: 'poll', options: { length: count } }]);
      expect(await one.reply(wait, String(count))).toEqual({ kind: 'next', port: count });
      expect(one.vars.get('n_aaaaaa')).toBe(`O${count - 1}`);
    },
  );

  it.each(ENGINES)('F-27 %s: a poll that could not be sent ends the session', async (engine) => {
    const one = poll({}, engine);
    one.onSend = () => ({ kind: 'failed', error: 'no' });
    expect(await one.run()).toMatchObject({ kind: 'abort' });
  });

  it.each([
    ['without edges', {}, []],
    ['without options', { options: [] }, [1, 2]],
  ] as const)('F-26 PO3 %s: asked, then a dead end', async (_, fields, wired) => {
    const one = poll(fields, 'baileys', wired);
    expect(await one.run()).toEqual({ kind: 'dead end' });
    expect(one.contents()).toMatchObject([{ kind: 'poll', question: 'Where to, Ana?' }]);
  });
});

describe('F-04 PO1 a single choice', () => {
  it.each(
    ENGINES.flatMap(
      (engine) =>
        [
          [engine, vote('Hills')],
          [engine, { tap: { id: 'poll_n_aaaaaa_1', title: 'Hills' } }],
          [engine, { text: 'hills' }],
          [engine, { text: '2' }],
          [engine, { text: '2.' }],
        ] as const,
    ),
  )('%s, %j: stored, port 2', async (engine, reply) => {
    const one = poll({ variable: 'trip' }, engine);
    expect(await one.reply(await one.waited(), reply)).toEqual({ kind: 'next', port: 2 });
    expect(['trip', 'n_aaaaaa', 'user_message'].map((name) => one.vars.get(name))).toEqual(Array(3).fill('Hills'));
  });

  it.each(['Moon', '9', '1,2', ' '])('%j does not advance, whatever is wired', async (text) => {
    const one = poll();
    expect(await one.reply(await one.waited(), text)).toBeUndefined();
  });

  it('a vote that was taken back, or for nothing of this poll, changes nothing', async () => {
    const one = poll();
    const wait = await one.waited();
    expect(one.match(wait, vote())).toBeUndefined();
    expect(one.match(wait, vote('Moon'))).toBeUndefined();
  });

  it('an option that leads nowhere: its port, with which the runtime stays at the poll (ST4)', async () => {
    const one = poll({}, 'baileys', [1]);
    const wait = await one.waited();
    expect(await one.reply(wait, vote('Hills'))).toEqual({ kind: 'next', port: 2 });
  });
});

describe('F-05 PO2 several choices', () => {
  it.each([
    ['3,1', 'Sea, City 1', 1],
    ['3 2', 'Hills, City 1', 2],
    ['2', 'Hills', 2],
    ['city 1; hills', 'Hills, City 1', 2],
    ['1. 3.', 'Sea, City 1', 1],
    ['2,2', 'Hills', 2],
  ])('typed %j: %j at once, port %i, on every engine', async (text, stored, port) => {
    for (const engine of ENGINES) {
      const one = several(undefined, engine);
      expect(await one.reply(await one.waited(), text)).toEqual({ kind: 'next', port });
      expect(one.vars.get('n_aaaaaa')).toBe(stored);
    }
  });

  it.each(['1,9', 'hills, moon', '1 apple'])('typed %j is no answer', async (text) => {
    const one = several();
    expect(await one.reply(await one.waited(), text)).toBeUndefined();
  });

  it('a label with a comma is one answer', async () => {
    const one = poll({ allowMultiple: true, options: ['Red, or so', 'Blue'] });
    expect(await one.reply(await one.waited(), 'red, or so')).toEqual({ kind: 'next', port: 1 });
  });

  it('votes count when they stay unchanged for five seconds, in the poll’s order', async () => {
    const one = several();
    const wait = await one.waited();
    const first = await one.reply(wait, vote('City 1'));
    expect(first).toEqual({ kind: 'wait', wait: { ...wait, chosen: [2] }, due: NOW + 5_000 });
    one.now = NOW + 3_000;
    const second = await one.reply(first?.kind === 'wait' ? first.wait : wait, vote('City 1', 'Hills'));
    expect(second).toEqual({ kind: 'wait', wait: { ...wait, chosen: [1, 2] }, due: NOW + 8_000 });
    expect(await one.due(second?.kind === 'wait' ? second.wait : wait)).toEqual({ kind: 'next', port: 2 });
    expect(one.vars.get('n_aaaaaa')).toBe('Hills, City 1');
  });

  it('all taken back: nothing is counted any more', async () => {
    const one = several();
    const wait = await one.waited();
    const counting = { ...wait, chosen: [0] } as Wait;
    expect(await one.reply(counting, vote())).toEqual({ kind: 'wait', wait: { ...wait, chosen: [] } });
    expect(await one.due({ ...wait, chosen: [] } as Wait)).toMatchObject({ kind: 'wait' });
    expect(one.match(wait, vote())).toBeUndefined();
  });

  it('the first choice leads nowhere: the poll stays', async () => {
    const one = several([1]);
    const wait = { ...(await one.waited()), chosen: [1] } as Wait;
    expect(await one.due(wait)).toEqual({ kind: 'wait', wait });
  });
});

it('an author is told of too few options and of those that lead nowhere', () => {
  expect(poll({ options: ['A'] }, 'waba', []).problems()).toEqual([
    'warning field missing: Poll has fewer than two options',
    'warning missing edge: Option A of Poll leads nowhere',
  ]);
  expect(poll({ question: '', options: Array(13).fill('A') }, 'waba', [...Array(14).keys()]).problems()).toEqual([
    'warning field missing: Poll has no question',
    'warning too long: Poll has more than 12 options',
  ]);
});
