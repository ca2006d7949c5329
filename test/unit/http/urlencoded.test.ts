/** Forms as PHP and browsers write them (contract README §1, "urlencoded (extended)"). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUrlencoded } from '../../../src/http/urlencoded.ts';

describe('parseUrlencoded', () => {
  it.each([
    ['', {}],
    ['a=1&b=', { a: '1', b: '' }],
    ['a', { a: '' }],
    ['a=1&a=2', { a: '2' }],
    ['a=x+y%26z', { a: 'x y&z' }],
    ['a[]=1&a[]=2', { a: ['1', '2'] }],
    ['a[0]=1&a[1]=2', { a: ['1', '2'] }],
    ['a%5B0%5D=1', { a: ['1'] }],
    ['a[1]=2&a[0]=1', { a: { 0: '1', 1: '2' } }],
    ['a[1]=x&a[]=y', { a: { 1: 'x', 2: 'y' } }],
    ['a[]=x&a[2]=y&a[]=z', { a: { 0: 'x', 2: 'y', 3: 'z' } }],
    ['a[x]=1&a[y][z]=2', { a: { x: '1', y: { z: '2' } } }],
    ['a[0][x]=1&a[1][x]=2', { a: [{ x: '1' }, { x: '2' }] }],
    ['a=1&a[b]=2', { a: { b: '2' } }],
    ['a[b]=1&a=2', { a: '2' }],
    ['a[=1', { 'a[': '1' }],
    ['[a]=1', { '[a]': '1' }],
    ['=1', { '': '1' }],
  ])('%s', (text, expected) => {
    expect(parseUrlencoded(text)).toEqual(expected);
  });

  it('U2 names of prototypes are left out at every level', () => {
    const text = '__proto__=1&constructor=2&a[__proto__][x]=3&a[prototype]=4&b[constructor][prototype][x]=5&ok=6';
    expect(parseUrlencoded(text)).toEqual({ ok: '6' });
  });

  it('U1 is bounded in fields and depth', () => {
    expect(parseUrlencoded('a=1&'.repeat(5_000))).toBeDefined();
    expect(parseUrlencoded('a=1&'.repeat(5_001))).toBeUndefined();
    expect(parseUrlencoded(`a${'[b]'.repeat(7)}=1`)).toBeDefined();
    expect(parseUrlencoded(`a${'[b]'.repeat(8)}=1`)).toBeUndefined();
    expect(parseUrlencoded('a[]=1&'.repeat(4_000))?.['a']).toHaveLength(4_000);
  });

  it('U1 a body full of fields is refused at once, before they are read', () => {
    const text = 'a&'.repeat(2_000_000);
    const begun = process.cpuUsage();
    for (let n = 0; n < 5; n += 1) expect(parseUrlencoded(text)).toBeUndefined();
    expect(process.cpuUsage(begun).user).toBeLessThan(300_000);
  });

  it('anything at all gives an object without prototype damage, or a refusal', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab[]=&%5BD_proto+.') }), (text) => {
        const parsed = parseUrlencoded(text);
        if (parsed) expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });
});
