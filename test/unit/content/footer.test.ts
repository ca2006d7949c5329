import { describe, expect, it } from 'vitest';
import { cutToUnits, footerField, withBranding } from '../../../src/content/footer.ts';

describe('contract messages §1.5 footers', () => {
  it('C-56 plain text: two newlines and the footer in underscores, once, byte for byte', () => {
    const once = withBranding('hello', 'Sent with Acme');
    expect(once).toBe('hello\n\n_Sent with Acme_');
    expect(withBranding(once, 'Sent with Acme')).toBe(once);
  });

  it.each(['hello\n\n_sent with acme_', 'hello\n_Sent with Acme_', 'hello\n\n_Sent with Acme_ ', '_Sent with Acme_'])(
    'C-56 another ending is none: %j',
    (text) => {
      expect(withBranding(text, 'Sent with Acme')).toBe(`${text}\n\n_Sent with Acme_`);
    },
  );

  it('no branding footer, nothing appended', () => {
    expect(withBranding('hello', '')).toBe('hello');
  });

  it('buttons: the request’s own, else the branding footer cut to 60 characters, else empty', () => {
    expect(footerField('own', 'brand')).toBe('own');
    expect(footerField('', 'b'.repeat(70))).toBe('b'.repeat(60));
    expect(footerField('', '👋'.repeat(61))).toBe('👋'.repeat(60));
    expect(footerField('', '')).toBe('');
    expect(['a', 'ab', 'a👋', '👋👋'].map((text) => cutToUnits(text, 2))).toEqual(['a', 'ab', 'a', '👋']);
  });
});
