import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstText, flagOf, listOf, mapOf, numberOf, textOf } from '../../../src/content/loose.ts';

describe('contract README §1: loose types', () => {
  it.each([
    ['text', ' a ', ' a '],
    ['a number', 12, '12'],
    ['null', null, ''],
    ['a list', ['a'], ''],
    ['true', true, ''],
    ['NaN', Number.NaN, ''],
  ])('text: %s', (_, value, text) => {
    expect(textOf(value)).toBe(text);
  });

  it('the first field that says something, trimmed', () => {
    expect(firstText({ a: ' ', b: null, c: 7, d: 'x' }, 'a', 'b', 'c', 'd')).toBe('7');
    expect(firstText({}, 'a')).toBe('');
  });

  it.each([
    ['52.5200080', 52.520008],
    [' 1 ', 1],
    [0, 0],
    ['', Number.NaN],
    ['x', Number.NaN],
    [null, Number.NaN],
    [[1], Number.NaN],
    [true, Number.NaN],
  ])('number: %j → %d', (value, number) => {
    expect(numberOf(value)).toBe(number);
  });

  it.each([
    [true, true],
    ['true', true],
    [' TRUE ', true],
    ['1', true],
    [1, true],
    [false, false],
    ['false', false],
    [0, false],
    ['0', false],
  ])('boolean: %j → %s, whatever the default', (value, flag) => {
    expect([flagOf(value, true), flagOf(value, false)]).toEqual([flag, flag]);
  });

  it.each([undefined, null, '', 'maybe', 2, [], {}])('boolean: %j is the default', (value) => {
    expect([flagOf(value, true), flagOf(value, false)]).toEqual([true, false]);
  });

  it.each([
    [
      [1, 2],
      [1, 2],
    ],
    ['[1,2]', [1, 2]],
    [{ 0: 'a', 1: 'b' }, ['a', 'b']],
    ['{"0":"a"}', ['a']],
    [undefined, []],
    [null, []],
    ['', []],
    [false, []],
    ['null', []],
    ['[]', []],
    [{}, []],
    ['not json', undefined],
    ['"[]"', undefined],
    [7, undefined],
    [true, undefined],
  ])('list: %j → %j', (value, list) => {
    expect(listOf(value)).toEqual(list);
  });

  it.each([
    [{ a: 1 }, { a: 1 }],
    ['{"a":1}', { a: 1 }],
    [[], {}],
    ['[]', {}],
    [null, {}],
    [[1], undefined],
    ['x', undefined],
    [7, undefined],
  ])('map: %j → %j', (value, map) => {
    expect(mapOf(value)).toEqual(map);
  });

  it('P12 never throws, whatever JSON can say', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string(), fc.json()), (value) => {
        for (const read of [textOf, numberOf, listOf, mapOf]) read(value);
        flagOf(value, true);
      }),
    );
  });
});
