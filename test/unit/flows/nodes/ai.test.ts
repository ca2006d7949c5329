import { describe, expect, it } from 'vitest';
import { chatGpt } from '../../../../src/actors/flows/nodes/ai.ts';
import type { Wait } from '../../../../src/actors/flows/waits.types.ts';
import { Bench } from '../context.ts';

type AiRequest = {
  readonly system: string;
  readonly user: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly json?: boolean;
  readonly fields?: readonly string[];
};

type Engine = 'baileys' | 'waba' | 'twilio';
function bench(
  fields: Record<string, unknown>,
  vars: Record<string, unknown> = {},
  reply = 'Hello!',
  engine: Engine = 'baileys',
) {
  const one = new Bench(chatGpt, { type: 'ChatGPT', fields, vars: { user_message: 'Hi', ...vars }, engine });
  one.answers.ai = { kind: 'ok', value: { reply } };
  return one;
}
const asked = (one: Bench) => one.calls.map(({ request }) => request as AiRequest);
const lengthOf = (text = '') => [...text].length;

describe('ChatGPT, one reply (flows §3.2)', () => {
  it('asks with the author’s prompt, sends the reply and stores it', async () => {
    const one = bench(
      { model: 'gpt-4o', prompt: 'You serve {{name}}, keep {{unknown}}', assistant_id: 9, variable: 'out' },
      { name: 'Ana' },
    );
    expect(await one.run()).toEqual({ kind: 'next', port: 1 });
    expect(one.calls).toEqual([
      {
        name: 'ai',
        request: {
          ...{ workspace: '3', model: 'gpt-4o', system: 'You serve Ana, keep {{unknown}}', user: 'Hi', assistant: '9' },
          ...{ maxTokens: 350, temperature: 0.7 },
        },
      },
    ]);
    expect([one.texts(), one.vars.get('out')]).toEqual([['Hello!'], 'Hello!']);
  });

  it.each<readonly [string, Record<string, unknown>, Partial<AiRequest>]>([
    [
      'extract',
      { extract: true, fields: ['a', { key: 'b' }, ''] },
      { maxTokens: 4_000, json: true, fields: ['a', 'b'] },
    ],
    ['its own limits', { maxTokens: '900', temperature: 0 }, { maxTokens: 900, temperature: 0 }],
  ])('%s', async (_, fields, request) => {
    const one = bench(fields);
    await one.run();
    expect(asked(one)[0]).toMatchObject(request);
  });

  it('silent: nothing is sent, also when it fails', async () => {
    const one = bench({ silent: true });
    await one.run();
    one.answers.ai = { kind: 'refused', status: 502, error: 'provider_failed' };
    await one.run();
    expect(one.sent).toEqual([]);
  });

  it.each<readonly [string, NonNullable<Bench['answers']['ai']>]>([
    ['an empty reply', { kind: 'ok', value: { reply: ' ' } }],
    ['a refusal', { kind: 'refused', status: 502, error: 'provider_failed' }],
    ['silence', { kind: 'no answer', why: 'timeout' }],
  ])('F-17: after %s the customer gets an apology, and the variable is empty', async (_, answer) => {
    const one = bench({}, { reply: 'old', 'reply.name': 'old' });
    one.answers.ai = answer;
    expect(await one.run()).toEqual({ kind: 'next', port: 1 });
    expect([one.texts(), one.vars.get('reply'), one.vars.has('reply.name')]).toEqual([['Sorry'], '', false]);
    expect(one.warnings).toHaveLength(1);
  });

  it('F-16: prompts of any length are asked (cut with all that the app is asked: FC1)', async () => {
    const one = bench({ prompt: `RULES ${'😀'.repeat(9_000)}` }, { user_message: 'x'.repeat(9_000) });
    await one.run();
    const [request] = asked(one);
    expect([lengthOf(request?.system), lengthOf(request?.user), one.texts()]).toEqual([9_006, 9_000, ['Hello!']]);
  });

  it.each<readonly [Engine, number]>([
    ['baileys', 60_000],
    ['waba', 3_800],
    ['twilio', 1_600],
  ])('AI4: a reply that is too long for a message of %s is several, cut between words', async (engine, longest) => {
    const words = Array.from({ length: 20_000 }, (_, n) => `word${n}`);
    const one = bench({ variable: 'out' }, {}, words.join(' '), engine);
    await one.run();
    expect(one.texts().length).toBeGreaterThan(1);
    expect(Math.max(...one.texts().map(({ length }) => length))).toBeLessThanOrEqual(longest);
    expect(one.texts().join(' ')).toBe(words.join(' '));
    expect(one.vars.get('out')).toBe(words.join(' '));
  });

  it('AI4: paragraphs stay whole, and so does every character', async () => {
    const one = bench({}, {}, `${'a'.repeat(1_000)}\n${'b '.repeat(400)}${'c'}${'😀'.repeat(2_000)}`, 'twilio');
    await one.run();
    expect(one.texts()[0]).toBe('a'.repeat(1_000));
    for (const text of one.texts()) expect(text).not.toMatch(/\p{Surrogate}/u);
    expect(one.texts().join('').match(/😀/gu)).toHaveLength(2_000);
  });

  it('AI2: a reply that the engine refuses is followed by the apology, once', async () => {
    const one = bench({}, {}, 'x'.repeat(9_000), 'waba');
    one.onSend = () => ({ kind: 'failed', error: 'no' });
    expect(await one.run()).toEqual({ kind: 'next', port: 1 });
    expect([one.texts().length, one.texts()[1], one.warnings.length]).toEqual([2, 'Sorry', 1]);
  });

  it.each<readonly [string, string, Record<string, unknown>]>([
    ['an object', '{"name":"Ana","n":{"a":1}}', { 'reply.name': 'Ana', 'reply.n': { a: 1 } }],
    ['fences', 'Here:\n```json\n{"name":"Ana"}\n```\nDone', { 'reply.name': 'Ana' }],
    ['prose around it', 'Sure! {"name":"Ana"} Anything else?', { 'reply.name': 'Ana' }],
    ['a list', '[{"a":1},{"a":2}]', { 'reply.__rows': [{ a: 1 }, { a: 2 }], 'reply.a': 1 }],
    ['a list in prose', 'Rows: [{"a":1}] ok', { 'reply.__rows': [{ a: 1 }], 'reply.a': 1 }],
    [
      'rows of an object',
      '{"items":[{"a":1}],"x":2}',
      { 'reply.__rows': [{ a: 1 }], 'reply.items': [{ a: 1 }], 'reply.x': 2 },
    ],
    ['prose with brackets', 'see [1] and {x}', {}],
    ['nothing', 'Hello', {}],
  ])('JSON in a reply becomes variables: %s', async (_, reply, expected) => {
    const one = bench({ silent: true }, {}, reply);
    await one.run();
    const rest = one.vars.pairs().filter(([name]) => name.startsWith('reply.'));
    expect(Object.fromEntries(rest)).toEqual(expected);
    expect(one.vars.get('reply')).toBe(reply);
  });

  it('a fence that nobody closes takes no time, whatever stands behind it', async () => {
    const one = bench({ silent: true }, {}, `\`\`\`json${'\n'.repeat(60_000)}x`);
    const began = performance.now();
    await one.run();
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('ChatGPT, a conversation (flows §3.2)', () => {
  const fields = { conversational: true, exit_keyword: 'bye, the end ', variable: 'out' };
  const waiting: Wait = { nextNodeType: 'AiChat', nodeId: 'n_aaaaaa', variable: '', exitKeyword: 'bye, the end' };

  it('waits after each reply and folds what was said before', async () => {
    const one = bench(fields);
    expect(await one.run()).toEqual({ kind: 'wait', wait: waiting });
    expect(await one.reply(waiting, 'And then?')).toEqual({ kind: 'wait', wait: waiting });
    expect(asked(one).map(({ user }) => user)).toEqual(['Hi', 'Customer: Hi\nAssistant: Hello!\nCustomer: And then?']);
    expect([one.texts(), one.vars.get('out'), one.vars.get('user_message')]).toEqual([
      ['Hello!', 'Hello!'],
      'Hello!',
      'And then?',
    ]);
  });

  it('F-15: it goes on for more than 20 turns, keeps 20 and folds the last 10', async () => {
    const one = bench(fields);
    await one.run();
    for (let n = 0; n < 40; n++) expect((await one.reply(waiting, `turn ${n}`))?.kind).toBe('wait');
    expect(one.vars.get('__aichat_n_aaaaaa')).toHaveLength(20);
    const last = asked(one).at(-1)?.user.split('\n') ?? [];
    expect([last.length, last[0], last.at(-1)]).toEqual([11, 'Customer: turn 34', 'Customer: turn 39']);
  });

  it('F-16: of a long conversation the newest turns stay within 6000 characters', async () => {
    const one = bench(fields, {}, 'r'.repeat(3_000));
    await one.run();
    for (let n = 0; n < 6; n++) await one.reply(waiting, `turn ${n} ${'c'.repeat(3_000)}`);
    const { user = '' } = asked(one).at(-1) ?? {};
    expect(lengthOf(user)).toBeLessThanOrEqual(6_000);
    expect(user).toContain('Customer: turn 5 ');
    expect(user).toContain('Assistant: r');
    expect(user).not.toContain('turn 3 ');
    const kept = one.vars.get('__aichat_n_aaaaaa') as { content: string }[];
    expect(Math.max(...kept.map(({ content }) => content.length))).toBe(2_000);
  });

  it('F-17: a failed turn is not remembered, and the conversation goes on', async () => {
    const one = bench(fields);
    one.answers.ai = { kind: 'no answer', why: 'timeout' };
    expect(await one.run()).toEqual({ kind: 'wait', wait: waiting });
    expect([one.texts(), one.vars.get('out'), one.vars.get('__aichat_n_aaaaaa')]).toEqual([['Sorry'], '', undefined]);
  });

  it.each(['bye', ' BYE ', 'The End'])('"%s" ends it; the last reply stays in the variable', async (word) => {
    const one = bench(fields);
    await one.run();
    expect(await one.reply(waiting, word)).toEqual({ kind: 'next', port: 1 });
    expect([one.calls.length, one.vars.get('out')]).toEqual([1, 'Hello!']);
  });

  it('a word inside a sentence does not end it, and without exit words nothing does', async () => {
    const one = bench(fields);
    expect((await one.reply(waiting, 'bye for now'))?.kind).toBe('wait');
    expect((await one.reply({ ...waiting, exitKeyword: '' }, 'ok'))?.kind).toBe('wait');
  });

  it('with fields to extract, one hidden question follows over all that was said', async () => {
    const one = bench({ ...fields, extract: true, fields: ['name'] });
    await one.run();
    expect(asked(one)[0]).not.toHaveProperty('json');
    one.answers.ai = { kind: 'ok', value: { reply: '{"name":"Ana"}' } };
    await one.reply(waiting, 'bye');
    expect(asked(one)[1]).toMatchObject({
      json: true,
      fields: ['name'],
      user: 'Customer: Hi\nAssistant: Hello!',
      maxTokens: 4_000,
    });
    expect([one.vars.get('out.name'), one.texts()]).toEqual(['Ana', ['Hello!']]);
  });

  it('a medium without words is nothing to it; a tap is', () => {
    const one = bench(fields);
    expect(one.match(waiting, '')).toBeUndefined();
    expect(one.match(waiting, { tap: { id: 'x', title: 'Yes' } })).toEqual({ text: 'Yes', anyText: true });
  });
});
