/** Conditions (contract flows §5). */
import { describe, expect, it } from 'vitest';
import { holds } from '../../../src/actors/flows/conditions.ts';
import { Variables } from '../../../src/actors/flows/variables.ts';

const met = (values: Readonly<Record<string, unknown>>, variable: string, operator: string, value: unknown = '') =>
  holds({ conditions: [{ variable, operator, value }] }, new Variables(Object.entries(values)));

describe('operators', () => {
  it.each([
    ['equals', ' Blue ', 'blue', true],
    ['Equals', 'blue', 'red', false],
    ['not equals', 'blue', 'red', true],
    ['not_equals', 'blue', 'Blue', false],
    ['contains', 'light blue', 'BLUE', true],
    ['contains', 'light', 'blue', false],
    ['not contains', 'light', 'blue', true],
    ['starts with', 'Blueish', 'blue', true],
    ['starts_with', 'light blue', 'blue', false],
    ['ends_with', 'light blue', 'Blue', true],
    ['ends_with', 'blueish', 'blue', false],
    ['gt', '10', '9', true],
    ['greater_than', '9', '10', false],
    ['greater than', 'ten', '9', false],
    ['lt', 9, 10, true],
    ['less_than', '10', '9', false],
    ['is_empty', '  ', '', true],
    ['is_empty', [], '', true],
    ['is_empty', 'x', '', false],
    ['is_not_empty', 'x', '', true],
    ['is_not_empty', '', '', false],
    ['exists', '', '', true],
    ['is_set', 'x', '', true],
    ['not_exists', 'x', '', false],
    ['is_not_set', '', '', false],
    ['matches', 'x', 'x', false],
    ['', 'x', 'x', false],
  ])('%s: %j with %j', (operator, stored, value, expected) => {
    expect(met({ v: stored }, 'v', operator, value)).toBe(expected);
  });

  it('of a variable that does not exist', () => {
    const said = { user_message: 'yes' };
    expect(met(said, 'none', 'equals', 'yes')).toBe(true);
    expect(met(said, 'none', 'is_empty')).toBe(true);
    expect(met(said, 'none', 'is_not_empty')).toBe(false);
    expect(met(said, 'none', 'exists')).toBe(false);
    expect(met(said, 'none', 'is_not_set')).toBe(true);
    expect(met({}, 'none', 'equals', '')).toBe(true);
  });
});

it.each(['', 0, false])('F-38 CN2 a stored %j is compared as it is, not replaced by the last answer', (stored) => {
  const values = { v: stored, user_message: 'yes' };
  expect(met(values, 'v', 'equals', 'yes')).toBe(false);
  expect(met(values, 'v', 'equals', stored)).toBe(true);
});

it.each([
  [[true, false, true], ['AND', 'OR'], true],
  [[true, true, false], ['OR', 'AND'], false],
  [[false, true, true], [], false],
  [[false, true], ['or'], true],
  [[], [], false],
])('CN1 %j joined by %j: left to right, AND by default', (truths, logicOperators, expected) => {
  const conditions = truths.map((truth) => ({ variable: 'v', operator: 'equals', value: truth ? '1' : '2' }));
  expect(holds({ conditions, logicOperators }, new Variables([['v', 1]]))).toBe(expected);
});

it('the single condition of older flows, and PHP’s empty list beside it', () => {
  const vars = new Variables([['v', 'a']]);
  expect(holds({ conditions: [], variable: 'v', operator: 'equals', compareValue: 'A' }, vars)).toBe(true);
  expect(holds({ conditions: [] }, vars)).toBe(false);
});

it('F-49 placeholders are replaced in the variable, not in the value', () => {
  const values = { n: 2, answer_2: 'yes', v: '{{n}}' };
  expect(met(values, '{{answer_2}}', 'equals', 'yes')).toBe(true);
  expect(met(values, 'answer_{{n}}', 'equals', 'yes')).toBe(true);
  expect(met(values, 'v', 'equals', '{{n}}')).toBe(true);
});
