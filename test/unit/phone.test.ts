import { describe, expect, it } from 'vitest';
import {
  extractDigits,
  lidOfJid,
  maskPhone,
  parseDigits,
  phoneJid,
  phoneOfJid,
  samePhone,
  splitJid,
  variants,
} from '../../src/phone.ts';

describe('parseDigits: `:phone` of contract README §1', () => {
  it.each(['123456', '+5511987654321', '12345678901234567890'])('takes %s as bare digits', (input) => {
    expect(parseDigits(input)).toBe(input.replace('+', ''));
  });

  it.each([
    ...[
      '',
      '+',
      '12345',
      '123456789012345678901',
      '++5511987654321',
      '55 11987654321',
      '5511987654321\n',
      '-5511987654321',
    ],
    ...[
      '..',
      '../5511987654321',
      '5511987654321/..',
      '5511987654321\\',
      '5511987654321%2f',
      '5511987654321\0',
      './123456',
    ],
    ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'],
    ...['５５１１９８７６５４', '٥٥١١٩٨٧٦٥٤', '1e10', '0x123456', '123456.0'],
  ])('refuses %j', (input) => {
    expect(parseDigits(input)).toBeUndefined();
  });
});

describe('extractDigits', () => {
  it('reads free-form phones', () => {
    expect(extractDigits('+55 (11) 98765-4321')).toBe('5511987654321');
    expect(extractDigits('call me')).toBeUndefined();
  });
});

describe('JIDs', () => {
  it('drops the device and agent parts', () => {
    expect(splitJid('5511987654321_1:7@s.whatsapp.net')).toEqual({ user: '5511987654321', server: 's.whatsapp.net' });
    expect(splitJid('5511987654321')).toBeUndefined();
    expect(splitJid('@lid')).toBeUndefined();
  });

  it('tells a phone from a LID', () => {
    expect(phoneOfJid('5511987654321:3@s.whatsapp.net')).toBe('5511987654321');
    expect(phoneOfJid('5511987654321@c.us')).toBe('5511987654321');
    expect(phoneOfJid('123456789012345@lid')).toBeUndefined();
    expect(phoneOfJid('12036304@g.us')).toBeUndefined();
    expect(phoneOfJid('../x@s.whatsapp.net')).toBeUndefined();
    expect(lidOfJid('123456789012345:9@lid')).toBe('123456789012345');
    expect(lidOfJid(phoneJid('5511987654321'))).toBeUndefined();
  });
});

describe('variants (contract clients §6.1, facts/numbers-and-lid §2)', () => {
  it.each([
    ['Brazil, ninth digit', '5511987654321', '551187654321'],
    ['Argentina, 9', '5491123456789', '541123456789'],
    ['Mexico, 1', '5215512345678', '525512345678'],
  ])('%s', (_, long, short) => {
    expect(variants(long)).toEqual([long, short]);
    expect(variants(short)).toEqual([short, long]);
    expect(samePhone(long, short)).toBe(true);
  });

  it('leaves Brazilian landlines and everybody else alone', () => {
    expect(variants('551133334444')).toEqual(['551133334444']);
    expect(variants('4915112345678')).toEqual(['4915112345678']);
    expect(samePhone('4915112345678', '4915112345679')).toBe(false);
  });
});

it('maskPhone shows the last four digits (P11)', () => {
  expect(maskPhone('5511987654321')).toBe('…4321');
});
