/**
 * An author's SQL with placeholders, filled so that a value stays one literal (contract flows §2.4 mysql, F-35).
 *
 *  SQ1  Inside quotes a value is escaped for them: quotes are doubled and backslashes too, so that it ends no literal
 *       whether or not the server takes a backslash for an escape. Outside a number stands as it is, everything else in
 *       quotes of its own.
 *  SQ2  Inside a comment nothing is put: a value could end it.
 *
 * Deliberately not here: what the app lets a statement do (one SELECT).
 */
import { bounded, type Variables } from './variables.ts';

/** Strings, names in backticks and comments as MySQL reads them, then placeholders. The last may be without an end. */
const TOKEN =
  /'(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?|`(?:[^`]|``)*`?|\/\*.*?(?:\*\/|$)|(?:--(?=\s|$)|#)[^\n]*|\{\{[^{}]+\}\}/gs;
const NUMBER = /^-?\d{1,18}(\.\d{1,18})?$/;

export function filledSql(sql: string, vars: Variables): string {
  const bound = bounded();
  const fill = (token: string, value: (text: string) => string) =>
    vars.fill(token, (name) => bound(() => value(vars.text(name))));
  return sql.replace(TOKEN, (token) => {
    const [first = ''] = token;
    if (first === '{') return fill(token, literal);
    if (first === "'" || first === '"') return fill(token, (text) => escaped(text, first));
    if (first === '`') return fill(token, (text) => text.replaceAll('`', '``').replaceAll('\0', ''));
    return vars.fill(token, () => '');
  });
}

const literal = (value: string): string => (NUMBER.test(value) ? value : `'${escaped(value, "'")}'`);

function escaped(value: string, quote: string): string {
  return value
    .replaceAll('\0', '')
    .replaceAll('\\', '\\\\')
    .replaceAll(quote, quote + quote);
}
