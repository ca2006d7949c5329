/** What PHP can read of what a customer wrote (JT1). */
import { expect, it } from 'vitest';
import { jsonText } from '../../../src/app-client/json-text.ts';
import { rowOf } from '../../../src/app-client/outbox-rows.ts';
import { callbackOf } from '../../../src/app-client/callbacks.ts';

it.each<readonly [string, unknown]>([
  ['a value', { a: 'x\uD83D' }],
  ['the second half', { a: '\uDE00x' }],
  ['halves in the wrong order', ['\uDE00\uD83D']],
  ['a name', { 'a\uD83D': 1 }],
  ['behind a backslash', { a: '\\\uD83D' }],
])('JT1: half a pair in %s is replaced', (_, value) => {
  const text = jsonText(value);
  expect(text).not.toMatch(/\\ud[89a-f]/);
  const whole = JSON.stringify(JSON.parse(text));
  expect(whole).toBe(text);
  expect(text.match(/\uFFFD/g)?.length).toBeGreaterThan(0);
});

it.each([{ a: 'Hi 😀', b: ['\\ud83d', '\\\\ud83d', '"\n\u0000'] }, { '\\udead': null }, 'x'])(
  'everything else is what it is: %j',
  (value) => {
    expect(JSON.parse(jsonText(value))).toEqual(value);
    expect(jsonText(value)).toBe(JSON.stringify(value));
  },
);

it('JT1: what a flow keeps at the app is readable, whatever a script or a server put into its variables', () => {
  const snapshot = {
    ...{ flowId: '7', customer: '2', nodeId: 'n', provider: 'baileys', waiting: {} },
    variables: { code: '\uD83D', 'r.\uDE00': 1 },
  };
  const fact = { kind: 'flow park', device: '1', session: '1_2', snapshot } as const;
  expect(rowOf(callbackOf(fact), '1').body).toContain('"variables":{"code":"\uFFFD","r.\uFFFD":1}');
});
