import { describe, expect, it } from 'vitest';
import { parsedJson } from '../../../src/actors/flows/json.ts';

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('JSON that others wrote', () => {
  it.each<readonly [string, unknown]>([
    ['{"a":[1]}', { a: [1] }],
    ['"[[["', '[[['],
    [`"${'[\\"'.repeat(200)}"`, '["'.repeat(200)],
    ['null', null],
    ['', undefined],
    ['<html>', undefined],
    ['{"a":1', undefined],
    ['"a', undefined],
  ])('%s', (text, value) => expect(parsedJson(text)).toEqual(value));

  it('a text of megabytes takes milliseconds, also one that is made to be looked at again and again', () => {
    const began = performance.now();
    for (const text of ['\\"', '"\\', '{"', '"'].map((piece) => piece.repeat(200_000)))
      expect(parsedJson(text)).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('JS1: a hundred levels are JSON, more are not, however many', () => {
    expect(parsedJson(nested(100))).toBeInstanceOf(Array);
    expect(parsedJson(nested(101))).toBeUndefined();
    expect(parsedJson(nested(1_000_000))).toBeUndefined();
    expect(parsedJson(`[${Array(500).fill('[]').join()}]`)).toHaveLength(500);
  });
});
