/**
 * MySQL: a query that the app runs (contract flows §2.4).
 *
 *  MY1  What a customer wrote stays one value, wherever its placeholder stands (F-35; sql-template.ts).
 *  MY2  The password goes to the app alone.
 */
import { firstText, numberOf, textOf } from '../../../content/loose.ts';
import { missing, tooLong } from '../checks.ts';
import { LIMITS } from '../../../app-client/limits.ts';
import type { NodeKind } from '../node.ts';
import { setFlattened } from '../results.ts';
import { filledSql } from '../sql-template.ts';
import { whyNot } from '../told.ts';

const DEFAULT_PORT = 3306;

export const mysql: NodeKind = {
  types: ['MySQL'],
  run: async ({ node, vars, session, app, again, warn }) => {
    const { fields } = node;
    const variable = firstText(fields, 'variable') || 'rows';
    const sql = filledSql(textOf(fields['sql']), vars);
    const request = {
      ...(session.workspace !== undefined && { workspace_id: session.workspace }),
      host: vars.fill(firstText(fields, 'host')),
      port: numberOf(vars.fill(firstText(fields, 'port'))) || DEFAULT_PORT,
      database: vars.fill(firstText(fields, 'database')),
      username: vars.fill(firstText(fields, 'username')),
      password: textOf(fields['password']),
      sql,
    };
    // Half a statement could be another one.
    const answer =
      [...sql].length > LIMITS.flow.sql
        ? ({ kind: 'refused', status: 0, error: 'the statement is too long' } as const)
        : await again(() => app.mysql(request));
    if (answer.kind !== 'ok') warn(`a query of the flow failed: ${whyNot(answer)}`);
    setFlattened(vars, variable, answer.kind === 'ok' ? answer.value.rows : '');
    return { kind: 'next', port: 1 };
  },
  check: (node) => [
    ...missing(node, 'error', 'sql'),
    ...missing(node, 'error', 'host'),
    ...tooLong(node, 'sql', LIMITS.flow.sql),
  ],
};
