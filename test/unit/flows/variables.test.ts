/** The one resolver of placeholders (contract flows §4). */
import { describe, expect, it } from 'vitest';
import { filledJson } from '../../../src/actors/flows/json-template.ts';
import { filledSql } from '../../../src/actors/flows/sql-template.ts';
import { Variables } from '../../../src/actors/flows/variables.ts';

const vars = (values: Readonly<Record<string, unknown>>) => new Variables(Object.entries(values));

describe('F-49 VA3 one look-up rule', () => {
  const known = vars({
    name: 'Ana',
    Name: 'ANA',
    City: 'Recife',
    order: { Customer: { Name: 'Bo' }, items: [{ sku: 'A1' }, { sku: 'B2' }], total: 12.5, none: null },
    'order.total': 'flat',
    zero: 0,
    no: false,
    blank: '',
    nothing: null,
  });

  it.each([
    ['{{name}}', 'Ana'],
    ['{{ Name }}', 'ANA'],
    ['{{NAME}}', 'Ana'],
    ['{{city}}', 'Recife'],
    ['{{ORDER.CUSTOMER.NAME}}', 'Bo'],
    ['{{order.items.1.sku}}', 'B2'],
    ['{{order.total}}', 'flat'],
    ['{{order.items.0}}', '{"sku":"A1"}'],
    ['{{zero}}/{{no}}/{{blank}}/{{nothing}}/{{order.none}}', '0/false///'],
    ['{{missing}}{{order.missing}}{{order.items.9.sku}}', ''],
    ['{{{name}}}', '{Ana}'],
    ['{{}} {name} {{a{b}}', '{{}} {name} {{a{b}}'],
  ])('%s', (text, expected) => {
    expect(known.fill(text)).toBe(expected);
  });

  it('VA4 what is inserted is not looked at again, and `$` means nothing', () => {
    expect(vars({ a: '{{b}} $& $1', b: 'secret' }).fill('{{a}}!')).toBe('{{b}} $& $1!');
  });

  it('VA2 names of the runtime are never shown, those below a variable are', () => {
    const own = vars({ __callStack: 'x', page: '1', 'page.__status': 200, 'page.__rows': [1] });
    expect(own.fill('[{{__callStack}}{{ __CALLSTACK }}] {{page.__status}} {{page.__rows}}')).toBe('[] 200 [1]');
  });
});

describe('VA5 a template cannot fill the memory', () => {
  const large = vars({ page: 'x'.repeat(3 * 1_048_576) });
  const most = 10 * 1_048_576;

  it('a text, a JSON body that can be read or not, and a query take no more values than anybody takes', () => {
    const text = '{{page}}'.repeat(500);
    expect(large.fill(text).length).toBeLessThan(most);
    const strings = `[${Array.from({ length: 500 }, () => '"{{page}}"').join(',')}]`;
    const bare = `[${Array.from({ length: 500 }, () => '{{page}}').join(',')}]`;
    for (const body of [strings, bare, `${strings},`, `${bare},`])
      expect(JSON.stringify(filledJson(body, large)).length).toBeLessThan(most);
    const sql = Array.from({ length: 500 }, () => "'{{page}}', {{page}}, `{{page}}`").join();
    expect(filledSql(sql, large).length).toBeLessThan(most);
  });

  it('one that is longer than a request may be stays so: nothing half is sent', () => {
    expect(large.fill('{{page}}{{page}}{{page}}').length).toBeGreaterThan(5 * 1_048_576);
  });

  it('a name of very many steps takes no time', () => {
    const many = vars(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`a${index}`, index])));
    const began = performance.now();
    expect(many.fill(`{{${'a.'.repeat(100_000)}a}}`)).toBe('');
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('F-48 VA1 names of the language are ordinary keys', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s', (name) => {
    const none = new Variables();
    expect(none.find(name)).toBeUndefined();
    expect(none.fill(`[{{${name}}}{{x.${name}}}]`)).toBe('[]');
    none.set(name, { a: 1 });
    none.set('x', { b: {} });
    expect(none.get(name)).toEqual({ a: 1 });
    expect(none.find(`x.b.${name}`)).toBeUndefined();
    expect(new Variables(none.pairs()).get(name)).toEqual({ a: 1 });
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });
});

describe('for Google nodes and Deal', () => {
  const now = Date.UTC(2026, 2, 4, 5, 6, 7);
  const fill = (text: string, values = {}) => vars(values).fillForPeople(text, now);

  it('objects by their first human field that says something', () => {
    const values = { a: { id: 7, name: 'Ann' }, b: { title: '', email: 'b@x.test' }, c: { other: 1 }, d: [1] };
    expect(fill('{{a}}|{{b}}|{{c}}|{{d}}', values)).toBe('Ann|b@x.test|{"other":1}|[1]');
  });

  it('tags for the time, unless a variable has that name', () => {
    expect(fill('{{Now}}|{{timestamp}}|{{execution_timestamp}}')).toBe(Array(3).fill('2026-03-04 05:06:07').join('|'));
    expect(fill('{{date}}|{{time}}|{{iso_timestamp}}')).toBe('2026-03-04|05:06:07|2026-03-04T05:06:07.000Z');
    expect(fill('{{date}}|{{other}}', { date: 'today' })).toBe('today|');
  });
});
