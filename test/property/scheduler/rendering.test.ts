/**
 * Whatever the app sends, a job's texts are the app's own (S-23): no value is ever printed as an object or as nothing, no
 * filler is invented, inserted text stays as it is (PL1), and one recipient's bad data never throws.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../src/content/loose.ts';
import { fillerOf, lookupOf } from '../../../src/content/placeholders.ts';
import { recipientsOf } from '../../../src/scheduler/content/recipients.ts';
import { refusalOf, render } from '../../../src/scheduler/content/render.ts';

const KINDS = ['single', 'bulk', 'recurring', 'broadcast', 'campaign'] as const;
const ENGINES = ['baileys', 'waba', 'twilio'] as const;
const PHONE = '4915112345678';

const key = fc.constantFrom('name', 'first_name', 'City', '1', '2', 'nobody', 'custom_attributes', 'constructor', '');
const words = fc.constantFrom('Hello ', ' ', '$&', '*', '{', '}', 'https://x.example/a?b=1 ', '\n', 'ü🎉', 'a.jpg');
const placeholder = fc
  .tuple(fc.constantFrom('{', '{{', '{{ ', '{{{'), key)
  .map(([open, name]) => open + name + open.replaceAll('{', '}').split('').reverse().join(''));
const text = fc.array(fc.oneof(words, placeholder), { maxLength: 5 }).map((parts) => parts.join(''));

/** What PHP may put where a text, a number, a list or a map is meant. */
const junk = fc.oneof(
  { weight: 6, arbitrary: text },
  fc.constantFrom<unknown>(null, true, false, 0, 42, '', [], {}, [null], { a: { b: [] } }, 'not json', '[{]'),
);
const among = (...values: readonly unknown[]) => fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, junk);
const mapOf = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });
/** As it is, or as JSON text. */
const packed = (value: fc.Arbitrary<unknown>) =>
  fc.oneof(
    value,
    value.map((given) => JSON.stringify(given)),
    junk,
  );

const buttons = packed(
  fc.array(
    fc.oneof(
      mapOf({ type: among('url', 'reply', 'call', 'copy_code'), text: junk, url: junk, value: junk, code: junk }),
      junk,
    ),
    {
      maxLength: 4,
    },
  ),
);
const cards = packed(
  fc.array(fc.oneof(mapOf({ title: junk, body: junk, footer: junk, image: junk, buttons }), junk), { maxLength: 3 }),
);
const entries = fc.array(mapOf({ num: among(1, '2'), key }), { maxLength: 3 });
const variableMap = fc.oneof(
  mapOf({ header: entries, body: entries, cards: fc.array(entries, { maxLength: 2 }) }),
  fc.dictionary(fc.constantFrom('1', '2'), key),
  junk,
);
const location = packed(
  mapOf({ latitude: among('52.5', 91), longitude: among(13.4, '-181'), name: junk, address: junk }),
);
const payload = fc.constantFrom<unknown>({ name: 'ready', language: { code: 'en' } }, { name: 'X' }, null);

const template = mapOf({
  template_name: among('order_update', 'Order Update'),
  template_type: among('standard', 'carousel', 'media', 'auth'),
  language: junk,
  header: junk,
  title_text: junk,
  template_body: junk,
  footer: junk,
  buttons,
  attachment_type: among('image', 'DOCUMENT', 'audio', 'none', 'LOCATION'),
  attachment_url: junk,
  attachment_base64: among('AAAA'),
  carousel_data: cards,
  variable_map: variableMap,
  location,
  latitude: among('1.0'),
  longitude: among(2),
  twilio_content_sid: among(`HX${'0'.repeat(32)}`),
  meta_payloads: fc.oneof(fc.dictionary(fc.constantFrom('7', '8'), payload), junk),
  meta_payloads_by_phone: fc.oneof(fc.dictionary(fc.constant(PHONE), payload), junk),
});
const person = mapOf({
  id: among(7),
  phone: among(PHONE),
  name: junk,
  first_name: junk,
  mobile: junk,
  country_code: among('49'),
  tracking_id: among('t'),
  timezone: junk,
  custom_attributes: packed(fc.dictionary(key, junk)),
});
const body = mapOf({
  targetPhoneNumber: among(PHONE),
  targetPhoneNumbers: packed(fc.array(among(PHONE), { maxLength: 2 })),
  targetContacts: packed(fc.array(fc.oneof(person, junk), { maxLength: 2 })),
  recipientAttributes: fc.oneof(fc.dictionary(fc.constant(PHONE), fc.oneof(person, junk)), junk),
  message: junk,
  messageType: among('text', 'media', 'media_only', 'location', 'template'),
  mediaUrl: among('https://app.example.com/a.jpg'),
  latitude: among('1'),
  longitude: among('2'),
  templateData: packed(template),
  tracked_bodies: fc.oneof(fc.dictionary(fc.constant('7'), junk), junk),
  campaignType: among('custom', 'template', 'flow'),
  customMessage: packed(
    mapOf({
      message: junk,
      header: junk,
      custom_footer: junk,
      custom_image: junk,
      custom_document: junk,
      custom_document_name: junk,
      custom_buttons: buttons,
    }),
  ),
  useAttributes: junk,
  trackingEnabled: among(true),
});

describe('S-23', () => {
  it('no text shows an object, nothing, or a filler, and nothing throws', () => {
    const seen = new Map<string, number>();
    const job = fc.record({
      kind: fc.constantFrom(...KINDS),
      body,
      template: fc.option(template, { nil: undefined }),
      attributes: fc.option(fc.dictionary(key, junk), { nil: undefined }),
      engine: fc.constantFrom(...ENGINES),
    });
    fc.assert(
      fc.property(job, ({ engine, ...given }) => {
        refusalOf(given);
        for (const recipient of recipientsOf(given.kind, given.body)) {
          const rendered = render(given, recipient, { engine, branding: 'Acme', appUrl: 'https://app.example.com' });
          const what = rendered.kind === 'made' ? rendered.content.kind : 'invalid';
          seen.set(what, (seen.get(what) ?? 0) + 1);
          for (const said of textsIn(rendered)) expect(said).not.toMatch(/\[object|undefined|This is Test Message|NaN/);
        }
      }),
      { numRuns: 6_000 },
    );
    console.log('rendered:', Object.fromEntries(seen));
    for (const kind of ['text', 'buttons', 'carousel', 'media', 'location', 'template', 'content template', 'invalid'])
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(0);
  });
});

describe('PL1', () => {
  it('inserted text is not looked at again: one pass, in every dialect', () => {
    const dialects = fc.constantFrom('schedule', 'broadcast', 'campaign');
    fc.assert(
      fc.property(dialects, text, text, text, (dialect, before, value, after) => {
        fc.pre(value !== '' && !/[{}]/.test(before + after));
        const source: Fields = { first_name: value, name: 'SCANNED', custom_attributes: { City: 'SCANNED' } };
        const fill = fillerOf(dialect, lookupOf(dialect, source));
        const shown = dialect === 'campaign' ? value.trim() : value;
        fc.pre(shown !== '');
        expect(fill(`${before}{{first_name}}${after}`)).toBe(before + shown + after);
      }),
      { numRuns: 3_000 },
    );
  });
});

/** Every text of a value, however deep. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
