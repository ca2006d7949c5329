/** Trigger, End, nodes for calls, types that nobody knows (contract flows §2.4). */
import { expect, it } from 'vitest';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import { Bench } from '../context.ts';

const bench = (type: string) => new Bench(kindOf(type), { type });

it('Trigger leads on through port 1 without a word', async () => {
  const one = bench('Trigger');
  expect(await one.run()).toEqual({ kind: 'next', port: 1 });
  expect([one.sent, one.warnings]).toEqual([[], []]);
});

it.each(['End', 'end'])('%s ends the session', async (type) => {
  expect(await bench(type).run()).toEqual({ kind: 'end' });
});

it.each([
  ...['CallSay', 'CallListen', 'CallAi', 'CallMenu', 'CallSearch', 'CallTransfer', 'CallHangup'].map(
    (type) => [type, 'call node'] as const,
  ),
  ...['Teleport', 'constructor', ''].map((type) => [type, 'unknown type'] as const),
])('PA1 %s is passed through port 1 with a warning, and is told to its author', async (type, code) => {
  const one = bench(type);
  expect(await one.run()).toEqual({ kind: 'next', port: 1 });
  expect([one.sent.length, one.warnings.length]).toEqual([0, 1]);
  expect(one.problems()).toEqual([expect.stringMatching(`^warning ${code}: `)]);
});
