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
import type { Variables } from './variables.ts';

/** Strings, names in backticks and comments as MySQL reads them, then placeholders. The last may be without an end. */
const TOKEN =
  /'(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?|`(?:[^`]|``)*`?|\/\*.*?(?:\*\/|$)|(?:--(?=\s|$)|#)[^\n]*|\{\{[^{}]+\}\}/gs;
const NUMBER = /^-?\d{1,18}(\.\d{1,18})?$/;

export function filledSql(sql: string, vars: Variables): string {
  return sql.replace(TOKEN, (token) => {
    const [first = ''] = token;
    if (first === '{') return vars.fill(token, (name) => literal(vars.text(name)));
    if (first === "'" || first === '"') return vars.fill(token, (name) => escaped(vars.text(name), first));
    if (first === '`') return vars.fill(token, (name) => vars.text(name).replaceAll('`', '``').replaceAll('\0', ''));
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
