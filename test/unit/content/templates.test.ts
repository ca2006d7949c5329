/** Contract bulk §2.4: what is taken as a template, and that it is taken unchanged. */
import { describe, expect, it } from 'vitest';
import { contentTemplateOf, metaTemplateOf } from '../../../src/content/templates.ts';

const TEMPLATE = {
  name: 'order_ready',
  language: { code: 'pt_BR', policy: 'deterministic' },
  namespace: 'kept',
  components: [
    { type: 'header', parameters: [{ type: 'image', image: { link: 'https://x.example/a.png' } }] },
    { type: 'body', parameters: [{ type: 'text', text: 'Ann', parameter_name: 'first_name' }] },
    { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'a/b' }] },
    { type: 'carousel', cards: [{ card_index: 0, components: [] }] },
  ],
};

describe('a template of Meta’s', () => {
  it('TP1 is taken unchanged, as an object or as its JSON', () => {
    expect(metaTemplateOf(TEMPLATE)).toEqual({ kind: 'template', template: TEMPLATE });
    expect(metaTemplateOf(JSON.stringify(TEMPLATE))).toEqual({ kind: 'template', template: TEMPLATE });
    const bare = { name: 'hello', language: { code: 'en' } };
    expect(metaTemplateOf(bare)).toEqual({ kind: 'template', template: bare });
  });

  it.each([
    [null],
    [[]],
    ['hello'],
    [{ ...TEMPLATE, name: 'Order Ready' }],
    [{ ...TEMPLATE, name: '' }],
    [{ ...TEMPLATE, language: 'en' }],
    [{ ...TEMPLATE, language: {} }],
    [{ ...TEMPLATE, components: {} }],
    [{ ...TEMPLATE, components: ['x'] }],
    [{ ...TEMPLATE, components: [{ parameters: [] }] }],
  ])('TP2 %j is none', (value) => {
    expect(metaTemplateOf(value)).toBeUndefined();
  });
});

describe('a content template of Twilio’s', () => {
  const sid = `HX${'0a'.repeat(16)}`;

  it('TP1 id and variables; none, PHP’s way', () => {
    const variables = { 1: 'Ann', name: 'x', 3: 4, 5: true };
    expect(contentTemplateOf(` ${sid} `, variables)).toEqual({ kind: 'content template', contentSid: sid, variables });
    expect(contentTemplateOf(sid, '{"1":"Ann"}')).toMatchObject({ variables: { 1: 'Ann' } });
    for (const none of [[], '', undefined]) expect(contentTemplateOf(sid, none)).toMatchObject({ variables: {} });
  });

  it.each([
    ['', {}],
    ['HX12', {}],
    [`MG${'0'.repeat(32)}`, {}],
    [sid, ['a']],
    [sid, { 1: null }],
    [sid, { 1: { a: 1 } }],
    [sid, Object.fromEntries(Array.from({ length: 101 }, (_, n) => [n, 'x']))],
  ])('TP2 %s with %j is none', (contentSid, variables) => {
    expect(contentTemplateOf(contentSid, variables)).toBeUndefined();
  });
});
