/** Code: an author's function, run in the sandbox (contract flows §3.5; its limits: sandbox.ts). */
import { firstText, isObject, mapOf, textOf } from '../../../content/loose.ts';
import type { NodeKind } from '../node.ts';
import { setResult } from '../results.ts';
import { whyNot } from '../told.ts';
import { isOwn, type Variables } from '../variables.ts';

export const code: NodeKind = {
  types: ['Code'],
  run: async ({ node, vars, again, compute, warn }) => {
    const { fields } = node;
    const variable = firstText(fields, 'variable') || 'result';
    const script = textOf(fields['code']);
    if (script.trim() === '') {
      setResult(vars, variable, null);
      return { kind: 'next', port: 1 };
    }
    const inputs = {
      previousResponse: vars.get(variable) ?? null,
      allResponses: Object.fromEntries(vars.pairs().filter(([name]) => !isOwn(name))),
      functionArgs: filled(mapOf(fields['args']) ?? {}, vars),
    };
    const answer = await again(() => compute(script, inputs));
    if (answer.kind === 'ok') setResult(vars, variable, answer.value);
    else {
      warn('the code of a flow node failed');
      setResult(vars, variable, { ok: false, error: whyNot(answer) });
    }
    return { kind: 'next', port: 1 };
  },
};

function filled(value: unknown, vars: Variables): unknown {
  if (typeof value === 'string') return vars.fill(value);
  if (Array.isArray(value)) return value.map((each) => filled(each, vars));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, vars)]));
}
