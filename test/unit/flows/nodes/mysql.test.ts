import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mysql } from '../../../../src/actors/flows/nodes/mysql.ts';
import { filledSql } from '../../../../src/actors/flows/sql-template.ts';
import { Variables } from '../../../../src/actors/flows/variables.ts';
import { Bench } from '../context.ts';

const filled = (sql: string, x: unknown) => filledSql(sql, new Variables([['x', x]]));
const NASTY = 'a\'b"c\\d`e\0f\ng';

describe('MySQL: placeholders are literals (flows §2.4, F-35)', () => {
  it.each<readonly [string, string, unknown, string]>([
    ['a number outside of quotes', 'select {{x}}', 5, 'select 5'],
    ['the text of a number', 'select {{x}}', '-1.50', 'select -1.50'],
    ['text outside of quotes', 'select {{x}}', 'Ana', "select 'Ana'"],
    ['nothing', 'select {{x}}', undefined, "select ''"],
    ['an expression', 'limit {{x}}', '1; drop table t', "limit '1; drop table t'"],
    ['a number that goes on', 'where a = {{x}}', '1 or 1=1', "where a = '1 or 1=1'"],
    ['hexadecimal', 'where a = {{x}}', '0x27', "where a = '0x27'"],
    ['an object', 'select {{x}}', { a: "'" }, `select '{"a":"''"}'`],
    ['all that is special, in single quotes', "where a = '<{{x}}>'", NASTY, `where a = '<a''b"c\\\\d\`ef\ng>'`],
    ['in double quotes', 'where a = "<{{x}}>"', NASTY, `where a = "<a'b""c\\\\d\`ef\ng>"`],
    ['in a name', 'select `{{x}}`', NASTY, 'select `a\'b"c\\d``ef\ng`'],
    ['outside', 'select {{x}}', NASTY, `select 'a''b"c\\\\d\`ef\ng'`],
    ['a backslash at the end', "where a = '{{x}}' or b = 1", 'x\\', "where a = 'x\\\\' or b = 1"],
    ['a quote after a backslash', "where a = '{{x}}'", "\\' or 1=1 -- ", "where a = '\\\\'' or 1=1 -- '"],
    ['after an escaped quote', "where a = 'it\\'s {{x}}' and b = {{x}}", "'", "where a = 'it\\'s ''' and b = ''''"],
    ['after a doubled quote', "where a = 'it''s {{x}}'", "' or '", "where a = 'it''s '' or '''"],
    [
      'quotes of Unicode, which are none',
      "where a = '{{x}}'",
      'ʼ＇′\u2019\u02B9 日本 😀',
      "where a = 'ʼ＇′\u2019\u02B9 日本 😀'",
    ],
    ['a comment', 'select 1 /* {{x}} */', '*/ drop table t /*', 'select 1 /*  */'],
    ['a comment to the end of the line', 'select 1 -- {{x}}\n+ {{x}}', '\n drop', "select 1 -- \n+ '\n drop'"],
    ['a comment with a hash', 'select 1 # {{x}}', '\n drop', 'select 1 # '],
    ['two dashes that are no comment', 'select 5--{{x}}', '1', 'select 5--1'],
    ['a quote in a comment', "select 1 /* ' */ + {{x}}", "'", "select 1 /* ' */ + ''''"],
    ['a string without an end', "select '{{x}}", "' or 1", "select ''' or 1"],
    ['a placeholder in a value', 'select {{x}}', '{{x}}', "select '{{x}}'"],
  ])('%s', (_, sql, x, expected) => {
    expect(filled(sql, x)).toBe(expected);
  });

  /** Reads the one literal at the start as a server does; undefined when it is not the whole text. */
  function readLiteral(text: string, backslashEscapes: boolean): string | undefined {
    let value = '';
    for (let at = 1; at < text.length; at++) {
      const [char, next] = [text.charAt(at), text.charAt(at + 1)];
      if (backslashEscapes && char === '\\') value += text.charAt(++at);
      else if (char === "'" && next === "'") value += text.charAt(++at);
      else if (char === "'") return at === text.length - 1 ? value : undefined;
      else value += char;
    }
    return undefined;
  }

  it('F-35: whatever a customer writes is one literal, with and without escapes by backslash', () => {
    const text = fc.string({
      unit: fc.constantFrom("'", '"', '\\', '`', 'a', ' ', '-', '#', '\n', '/', '*', ';', '日', '\u02BC'),
    });
    fc.assert(
      fc.property(text, (x) => {
        fc.pre(!/^-?\d/.test(x));
        for (const literal of [filled('{{x}}', x), filled("'{{x}}'", x)]) {
          expect(readLiteral(literal, true)).toBe(x);
          expect(readLiteral(literal, false)).toBe(x.replaceAll('\\', '\\\\'));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('MySQL: the query', () => {
  const fields = {
    ...{ host: 'db.test', port: '3307', database: 'shop', username: 'u', password: 'p4ss{{x}}' },
    ...{ sql: "select * from t where a = '{{x}}'", variable: 'found' },
  };

  it('is run by the app; rows lie under the variable and flattened', async () => {
    const one = new Bench(mysql, { type: 'MySQL', fields, vars: { x: "o'k" } });
    one.answers.mysql = { kind: 'ok', value: { rows: [{ id: 1 }, { id: 2 }] } };
    expect(await one.run()).toEqual({ kind: 'next', port: 1 });
    expect(one.calls).toEqual([
      {
        name: 'mysql',
        request: {
          ...{ workspace_id: '3', host: 'db.test', port: 3307, database: 'shop', username: 'u', password: 'p4ss{{x}}' },
          sql: "select * from t where a = 'o''k'",
        },
      },
    ]);
    expect(one.vars.fill('{{found.length}} {{found.1.id}}')).toBe('2 2');
  });

  it('F-35: a failure is an empty result, and its warning has no password', async () => {
    const one = new Bench(mysql, { type: 'MySQL', fields, vars: {} });
    one.answers.mysql = { kind: 'refused', status: 422, error: 'not_allowed' };
    await one.run();
    expect([one.vars.get('found'), one.warnings]).toEqual(['', ['a query of the flow failed: not_allowed']]);
  });

  it('F-54: a statement that is too long is not cut into another one', async () => {
    const one = new Bench(mysql, { type: 'MySQL', fields, vars: { x: 'y'.repeat(8_000) } });
    await one.run();
    expect([one.calls, one.vars.get('found')]).toEqual([[], '']);
  });
});
