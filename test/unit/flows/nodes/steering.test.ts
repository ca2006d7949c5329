/** Condition, TimeDelay, SubFlow (contract flows §2.4, §5, §11). */
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import { Bench, NOW } from '../context.ts';

type Fields = Readonly<Record<string, unknown>>;
const bench = (type: string, fields: Fields, vars: Fields = {}, wired?: readonly number[]) =>
  new Bench(kindOf(type), { type, fields, vars, ...(wired && { wired }) });

describe('Condition', () => {
  const conditions = [{ variable: 'n', operator: 'gt', value: '5' }];

  it.each([
    [6, 1],
    [5, 2],
  ])('of %i: port %i', async (n, port) => {
    expect(await bench('Condition', { conditions }, { n }).run()).toEqual({ kind: 'next', port });
  });

  it('§5 an empty list takes port 2', async () => {
    expect(await bench('Condition', { conditions: [] }).run()).toEqual({ kind: 'next', port: 2 });
  });

  it('an author is told of ways that are missing', () => {
    expect(bench('Condition', { conditions }, {}, [1]).problems()).toEqual([
      'warning missing edge: No of Condition leads nowhere',
    ]);
    expect(bench('Condition', {}).problems()).toEqual(['error field missing: Condition has no conditions']);
  });
});

describe('TimeDelay', () => {
  it.each([
    [30, 30],
    ['90', 90],
    [2_592_000, 2_592_000],
  ])('of %j s sleeps, then port 1', async (delaySeconds, seconds) => {
    expect(await bench('TimeDelay', { eventType: 'duration', delaySeconds }).run()).toEqual({ kind: 'sleep', seconds });
  });

  it.each([0, '', -5, 'soon', undefined])('of %j: port 1 at once', async (delaySeconds) => {
    expect(await bench('TimeDelay', { delaySeconds }).run()).toEqual({ kind: 'next', port: 1 });
  });

  it('for a reply: anything leads to port 1, the time limit to port 2', async () => {
    const one = bench('TimeDelay', { eventType: 'reply', timeoutSeconds: '60', delaySeconds: 5 });
    const result = await one.run();
    const wait = { nextNodeType: 'TimeDelayReply', nodeId: 'n_aaaaaa', variable: '' } as const;
    expect(result).toEqual({ kind: 'wait', wait, due: NOW + 60_000 });
    for (const [reply, text] of [
      ['hello', 'hello'],
      [{ tap: { id: 'p0', title: 'Red' } }, 'Red'],
      [{ text: '', vote: { poll: 'X', labels: ['A', 'B'] } }, 'A, B'],
      [{ text: '', media: { kind: 'url', url: 'https://x.test/a' } }, ''],
    ] as const) {
      expect(await one.reply(wait, reply)).toEqual({ kind: 'next', port: 1 });
      expect(one.vars.get('user_message')).toBe(text);
    }
    expect(await one.due(wait)).toEqual({ kind: 'next', port: 2 });
    expect(one.sent).toEqual([]);
  });

  it('for a reply without a limit waits for good', async () => {
    expect(await bench('TimeDelay', { eventType: 'reply', timeoutSeconds: 0 }).run()).not.toHaveProperty('due');
  });
});

describe('SubFlow', () => {
  it('runs the other flow', async () => {
    expect(await bench('SubFlow', { flowId: 12 }).run()).toEqual({ kind: 'sub flow', flowId: '12' });
  });

  it('without one: port 1, with a warning', async () => {
    const one = bench('SubFlow', { flowId: '' });
    expect(await one.run()).toEqual({ kind: 'next', port: 1 });
    expect(one.warnings).toHaveLength(1);
    expect(one.problems()).toEqual(['error field missing: SubFlow has no flowId']);
  });
});
