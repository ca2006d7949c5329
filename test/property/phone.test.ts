import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  extractDigits,
  lidJid,
  lidOfJid,
  parseDigits,
  phoneJid,
  phoneOfJid,
  samePhone,
  variants,
} from '../../src/phone.ts';
import { anyCharacter } from '../helpers/any-text.ts';

const digit = fc.constantFrom(...'0123456789');
const digits = (min: number, max: number) => fc.string({ unit: digit, minLength: min, maxLength: max });
/** Any number, and numbers of the three countries that have two ways of writing one. */
const phone = fc.oneof(
  digits(6, 20),
  fc.tuple(fc.constantFrom('55', '54', '549', '52', '521'), digits(8, 12)).map(([country, rest]) => country + rest),
);
const RUNS = { numRuns: 5000 };

describe('variants', () => {
  it('starts with the number itself and holds no repeats', () => {
    fc.assert(
      fc.property(phone, (number) => {
        const all = variants(number);
        expect(all[0]).toBe(number);
        expect(new Set(all).size).toBe(all.length);
        expect(all.length).toBeLessThanOrEqual(2);
      }),
      RUNS,
    );
  });

  it('is symmetric and idempotent: every variant has the same set', () => {
    fc.assert(
      fc.property(phone, (number) => {
        const set = new Set(variants(number));
        for (const other of set) expect(new Set(variants(other))).toEqual(set);
      }),
      RUNS,
    );
  });

  it('samePhone is an equivalence on them', () => {
    fc.assert(
      fc.property(phone, phone, (a, b) => {
        expect(samePhone(a, a)).toBe(true);
        expect(samePhone(a, b)).toBe(samePhone(b, a));
        for (const variant of variants(a)) expect(samePhone(variant, b)).toBe(samePhone(a, b));
      }),
      RUNS,
    );
  });
});

describe('parseDigits', () => {
  it('what it lets through is only ever 6-20 ASCII digits, so no path and no prototype name', () => {
    const hostile = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.string({ unit: fc.constantFrom(...'0123456789+./\\%\0:@_- \n٣５') }),
      fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype), 'prototype', '..', '%2e%2e%2f'),
      fc
        .tuple(digits(6, 20), fc.constantFrom('/', '\\', '\0', '\n', '..', '%2f', '::1'))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, (input) => {
        const parsed = parseDigits(input);
        if (parsed !== undefined) {
          expect(parsed).toMatch(/^[0-9]{6,20}$/);
          expect([parsed, `+${parsed}`]).toContain(input);
        }
      }),
      RUNS,
    );
  });

  it('accepts every number of 6-20 digits, with and without a plus', () => {
    fc.assert(
      fc.property(digits(6, 20), (number) => {
        expect(parseDigits(number)).toBe(number);
        expect(parseDigits(`+${number}`)).toBe(number);
        expect(extractDigits(` ${number.split('').join('-')}`)).toBe(number);
      }),
    );
  });

  it('a JID goes back to the number it was made of', () => {
    fc.assert(
      fc.property(digits(6, 20), (number) => {
        expect(phoneOfJid(phoneJid(number))).toBe(number);
        expect(lidOfJid(lidJid(number))).toBe(number);
        expect(phoneOfJid(lidJid(number))).toBeUndefined();
      }),
    );
  });
});
