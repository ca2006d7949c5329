import { describe, expect, it } from 'vitest';
import { code } from '../../../../src/actors/flows/nodes/code.ts';
import { Bench } from '../context.ts';

const bench = (fields: Record<string, unknown>, vars: Record<string, unknown> = {}) =>
  new Bench(code, { type: 'Code', fields, vars });

describe('Code (flows §3.5)', () => {
  it('gives the script what there is, without what is the bridge’s own', async () => {
    const one = bench(
      { code: 'return 1', variable: 'r', args: '{"x":"{{name}}","y":[1,"{{gone}}"]}' },
      { r: 'before', name: 'Ana', __callStack: [1], 'w.__status': 200 },
    );
    one.onCompute = async () => ({ kind: 'ok', value: 1 });
    expect(await one.run()).toEqual({ kind: 'next', port: 1 });
    expect(one.computed).toEqual([
      {
        code: 'return 1',
        inputs: {
          ...{ previousResponse: 'before', functionArgs: { x: 'Ana', y: [1, ''] } },
          allResponses: { r: 'before', name: 'Ana', 'w.__status': 200 },
        },
      },
    ]);
    expect(one.effects).toEqual(['again']);
    expect(one.vars.get('r')).toBe(1);
  });

  it('keeps the result under the variable and its keys', async () => {
    const one = bench({ code: 'return {}' }, { 'result.old': 1 });
    one.onCompute = async () => ({ kind: 'ok', value: { a: 1, b: { c: 2 } } });
    await one.run();
    expect(one.vars.pairs()).toEqual([
      ['result', { a: 1, b: { c: 2 } }],
      ['result.a', 1],
      ['result.b', { c: 2 }],
    ]);
    expect(one.computed[0]?.inputs).toMatchObject({ previousResponse: null, functionArgs: {} });
  });

  it('RS2: of very many keys the first 200 have names of their own, and every one is found', async () => {
    const one = bench({ code: 'return {}' });
    const value = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, index]));
    one.onCompute = async () => ({ kind: 'ok', value });
    await one.run();
    expect(one.vars.pairs()).toHaveLength(201);
    expect(one.vars.fill('{{result.k0}} {{Result.K4999}}')).toBe('0 4999');
  });

  it('a script is not filled: a customer writes no code', async () => {
    const one = bench({ code: 'return "{{name}}"' }, { name: '"; steal(); "' });
    one.onCompute = async () => ({ kind: 'ok', value: 1 });
    await one.run();
    expect(one.computed[0]?.code).toBe('return "{{name}}"');
  });

  it('no script is null, and nothing is run', async () => {
    const one = bench({ code: ' ' });
    await one.run();
    expect([one.vars.get('result'), one.computed]).toEqual([null, []]);
  });

  it('F-36: a failure is a result of its own', async () => {
    const one = bench({ code: 'x' });
    one.onCompute = async () => ({ kind: 'refused', status: 0, error: 'TypeError: x' });
    expect(await one.run()).toEqual({ kind: 'next', port: 1 });
    expect(one.vars.get('result')).toEqual({ ok: false, error: 'TypeError: x' });
    expect(one.vars.get('result.ok')).toBe(false);
  });
});
