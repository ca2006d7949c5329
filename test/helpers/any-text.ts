/**
 * Texts of any characters, for properties. fast-check's `unit: 'binary'` makes the same, but takes two seconds to be made:
 * it lists every character that there is.
 */
import fc from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };

/** For `fc.string({ unit })`. It reads its own values back, so that dangerous names are tried as well. */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(0x10ffff - SURROGATES.count).map(
  (index) => String.fromCodePoint(index < SURROGATES.first ? index : index + SURROGATES.count),
  (text) => {
    const [one, ...more] = typeof text === 'string' ? text : [];
    if (one === undefined || more.length > 0) throw new Error('not one character');
    const code = one.codePointAt(0) ?? 0;
    return code < SURROGATES.first ? code : code - SURROGATES.count;
  },
);
