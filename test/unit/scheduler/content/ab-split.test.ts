/** Contract bulk §4.1: A/B campaigns. */
import { describe, expect, it } from 'vitest';
import { splitOf, templateIdOf } from '../../../../src/scheduler/content/ab-split.ts';

const test = { isABTest: true, campaignType: 'template', templateIdA: 1, templateIdB: '2' };
const letters = (body: object, count: number) =>
  Array.from({ length: count }, (_, index) => splitOf({ ...body }, count)(index) ?? '-').join('');

describe('bulk §4.1 A/B', () => {
  it.each([
    [{ ...test, abSplit: 30 }, 10, 'AAABBBBBBB'],
    [test, 5, 'AABBB'],
    [{ ...test, abSplit: '50' }, 1, 'B'],
    [{ ...test, abSplit: 100 }, 3, 'AAA'],
    [{ ...test, abSplit: 0 }, 3, 'BBB'],
    [{ ...test, abSplit: 900 }, 2, 'AA'],
    [{ ...test, abSplit: 'x' }, 4, 'AABB'],
    [{ ...test, isABTest: 'false' }, 3, '---'],
    [{ ...test, campaignType: 'custom' }, 3, '---'],
  ])('first floor(n·p/100) get A: %j, %i', (body, count, expected) => {
    expect(letters(body, count)).toBe(expected);
  });

  it('S-60 AB1 one missing template: everybody gets the other, under its letter', () => {
    expect(letters({ ...test, templateIdA: null }, 3)).toBe('BBB');
    expect(letters({ ...test, templateIdB: '' }, 3)).toBe('AAA');
    expect(letters({ ...test, templateIdA: 0, templateIdB: undefined, templateId: 9 }, 3)).toBe('---');
  });

  it('the template of a variant, and of a campaign without variants', () => {
    expect(templateIdOf(test, 'A')).toBe(1);
    expect(templateIdOf(test, 'B')).toBe(2);
    expect(templateIdOf({ ...test, templateId: '9' }, undefined)).toBe(9);
    expect(templateIdOf({ templateIdB: 2 }, undefined)).toBe(2);
    expect(templateIdOf({ templateId: 'x' }, undefined)).toBeUndefined();
  });
});
