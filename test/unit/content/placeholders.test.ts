/** Contract bulk §2.2: three dialects of placeholders, and what their numbers stand for. */
import { describe, expect, it } from 'vitest';
import { type Dialect, fillerOf, keysIn, lookupOf } from '../../../src/content/placeholders.ts';
import { numbered, variableMapOf } from '../../../src/content/variable-map.ts';

const fill = (dialect: Dialect, source: object, text: string, variableMap?: unknown): string =>
  fillerOf(dialect, numbered(lookupOf(dialect, { ...source }), variableMapOf(variableMap).all))(text);

const ann = {
  first_name: 'Ann',
  name: '',
  phone: '491511',
  custom_attributes: { City: 'Bonn', shoe_size: 42, vip: true, empty: '', 'Due Date': 'May 1' },
};

describe('S-23 bulk §2.2 schedules', () => {
  it.each([
    ['Hi {{first_name}}!', 'Hi Ann!'],
    ['{{ first_name }} {{First_Name}}', '{{ first_name }} {{First_Name}}'],
    ['a{{name}}b', 'ab'],
    ['{{unknown}} {first_name}', '{{unknown}} {first_name}'],
    ['{{custom_attributes}} {{constructor}} {{__proto__}}', '{{custom_attributes}} {{constructor}} {{__proto__}}'],
    ['{{{first_name}}}', '{Ann}'],
  ])('%j → %j', (text, expected) => {
    expect(fill('schedule', ann, text)).toBe(expected);
  });

  it('a null is a known key without a value', () => {
    expect(fill('schedule', { city: null }, 'in {{city}}.')).toBe('in .');
  });
});

describe('S-23 bulk §2.2 broadcasts', () => {
  it.each([
    ['{{ First_Name }} {{FIRST NAME}} {{first-name}}', 'Ann Ann Ann'],
    ['{{City}} {{ Shoe Size }} {{vip}}', 'Bonn 42 true'],
    ['{{city}}', '{{city}}'],
    ['{{name}} {{empty}} {{nobody}}', '{{name}} {{empty}} {{nobody}}'],
    ['{first_name} {{first_name!}}', '{first_name} {{first_name!}}'],
  ])('%j → %j', (text, expected) => {
    expect(fill('broadcast', ann, text)).toBe(expected);
  });

  it('a field goes before an attribute, an attribute stands in for an empty field', () => {
    const both = { email: 'a@x', title: '', custom_attributes: '{"email":"b@x","title":"Dr"}' };
    expect(fill('broadcast', both, '{{email}} {{title}}')).toBe('a@x Dr');
  });
});

describe('S-23 bulk §2.2 campaigns', () => {
  it.each([
    ['{name} {{NAME}} {{{ First_Name }}}', 'Ann Ann Ann'],
    ['{mobile} {{ phone }}', '491511 491511'],
    ['{CITY} {{due date}} {empty}.', 'Bonn May 1 .'],
    ['{last_name}{email}.', '.'],
    ['{nobody} {{nobody}} {{{nobody}}} {"a": 1}', '{nobody} {{nobody}} {{{nobody}}} {"a": 1}'],
  ])('%j → %j', (text, expected) => {
    expect(fill('campaign', ann, text)).toBe(expected);
  });

  it('attributes go before the fixed fields', () => {
    expect(fill('campaign', { name: 'Ann', custom_attributes: { Name: 'Dr Ann' } }, '{name}')).toBe('Dr Ann');
  });
});

describe('PL1 what is inserted is literal (S-23)', () => {
  it.each(['schedule', 'broadcast', 'campaign'] as const)('%s: dollar signs and braces in values', (dialect) => {
    const source = { first_name: '$& $1 $$ $` {{email}} {email}', email: 'secret@x' };
    expect(fill(dialect, source, '<{{first_name}}>')).toBe(`<${source.first_name}>`);
  });

  it('PL2 lists and maps are no values', () => {
    const source = { first_name: ['a'], email: { a: 1 } };
    for (const dialect of ['schedule', 'broadcast'] as const)
      expect(fill(dialect, source, '{{first_name}} {{email}}')).toBe('{{first_name}} {{email}}');
  });

  it('a text of nothing but braces takes no time', () => {
    const started = performance.now();
    for (const dialect of ['schedule', 'broadcast', 'campaign'] as const)
      fill(dialect, ann, `${'{{'.repeat(20_000)}${'{{ '.repeat(20_000)}${' '.repeat(50_000)}`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('bulk §2.2 variable_map', () => {
  it.each([
    [{ body: [{ num: 1, key: 'first_name' }] }, 'Ann {{2}}'],
    [{ body: [{ num: '1', key: 'first_name' }], header: [] }, 'Ann {{2}}'],
    [{ '1': 'first_name', '2': 'phone' }, 'Ann 491511'],
    ['{"1":"first_name","2":"phone"}', 'Ann 491511'],
    [{ header: [{ num: 1, key: 'phone' }], body: [{ num: 1, key: 'first_name' }] }, 'Ann {{2}}'],
    [{ header: [{ num: 2, key: 'phone' }], body: { '1': 'first_name' } }, 'Ann 491511'],
    [{ '1': 'no such key' }, '{{1}} {{2}}'],
    [[], '{{1}} {{2}}'],
    [null, '{{1}} {{2}}'],
    ['x', '{{1}} {{2}}'],
  ])('VM1 nested and flat, body before header: %j', (map, expected) => {
    for (const dialect of ['schedule', 'broadcast', 'campaign'] as const)
      expect(fill(dialect, ann, '{{1}} {{2}}', map)).toBe(expected);
  });

  it('cards have maps of their own', () => {
    const cards = [{ body: [{ num: 1, key: 'a' }] }, [{ num: 1, key: 'b' }]];
    expect(variableMapOf({ cards }).cards).toEqual([new Map([['1', 'a']]), new Map([['1', 'b']])]);
  });

  it('keysIn: in order, each once', () => {
    expect(keysIn('{{2}} {{ name }} {{1}} {{2}} {x} {{}}')).toEqual(['2', 'name', '1']);
  });
});
