/**
 * Question: free text, or one of several expected answers (contract flows §2.4, §7.3).
 *
 *  QU1  With `acceptMedia` a medium is an answer, its address the text of it; a medium that could not be kept is asked for
 *       once more.
 */
import { firstText, flagOf, listOf, textOf } from '../../../content/loose.ts';
import { cut, missing, unwired } from '../checks.ts';
import { asked, buttonMenu, menuMatch, type Row } from '../menu.ts';
import type { NodeContext, NodeKind, NodeResult, Scene } from '../node.ts';
import { optionsOf } from '../options.ts';
import type { Wait } from '../waits.types.ts';

const MAX_ROWS = 10;
const MAX_BUTTONS = 3;
const MEDIUM = { medium: true } as const;

export const question: NodeKind = {
  types: ['Question'],
  run: ask,
  match: (scene, wait, reply) => {
    const { isWired } = scene;
    const hasOptions = optionsOf(wait).length > 0;
    const accepts = wait.nextNodeType === 'Question' && wait.acceptMedia === true && reply.media !== undefined;
    const picked = hasOptions ? menuMatch(scene, wait, reply) : undefined;
    if (picked && !(picked.anyText && accepts)) return picked;
    if (accepts && (!hasOptions || isWired(0))) {
      return { text: reply.text, port: hasOptions ? 0 : 1, anyText: true, data: MEDIUM };
    }
    const said = reply.tap?.title || reply.text;
    return !hasOptions && said.trim() !== '' ? { text: said, port: 1, anyText: true } : undefined;
  },
  answer: async (context, wait, { media }, match) => {
    const onward: NodeResult = { kind: 'next', port: match.port ?? 1 };
    if (!match.data?.['medium'] || !media) return onward;
    const stored = await context.again(() => context.storeMedia(media));
    if (stored.kind !== 'ok') {
      context.warn('the medium of an answer could not be stored, asked again');
      return ask(context);
    }
    for (const name of [wait.variable, wait.nodeId, 'user_message']) context.vars.set(name, stored.value);
    return onward;
  },
  menu: (scene) => {
    const rows = rowsOf(scene);
    return rows.length === 0 ? undefined : waitOf(scene, rows);
  },
  check: (node, flow) => {
    const answers = (listOf(node.fields['expectedAnswers']) ?? []).map(textOf);
    return [
      ...missing(node, 'warning', 'question'),
      ...(answers.length > MAX_ROWS ? [cut(`${node.label} has more than ${MAX_ROWS} answers`)] : []),
      ...unwired(node, flow, new Map(answers.map((answer, i) => [i + 1, `Answer ${answer}`]))),
    ];
  },
};

async function ask(context: NodeContext): Promise<NodeResult> {
  const { node, session, vars, texts } = context;
  const words = vars.fill(textOf(node.fields['question']));
  const body = words.trim() === '' ? texts.prompt : words;
  const rows = rowsOf(context);
  const content =
    rows.length === 0
      ? ({ kind: 'text', text: body } as const)
      : buttonMenu(session.engine, { body, footer: '', button: texts.menu, rows });
  return asked(context, content, waitOf(context, rows));
}

/** Ids by contract flows §7.3. */
function rowsOf({ node: { id: nodeId, fields }, session: { engine }, vars }: Scene): Row[] {
  const answers = (listOf(fields['expectedAnswers']) ?? []).map((answer) => vars.fill(textOf(answer)).trim());
  const shown = answers.filter((answer) => answer !== '').length;
  const start = engine === 'baileys' && shown > MAX_BUTTONS ? `flow_${nodeId}_` : 'opt_';
  return answers.map((label, index) => ({ id: `${start}${index}`, label })).filter(({ label }) => label !== '');
}

function waitOf({ node: { id: nodeId, fields } }: Scene, rows: readonly Row[]): Wait {
  return {
    nextNodeType: 'Question',
    nodeId,
    variable: firstText(fields, 'variable') || 'answer',
    ...(rows.length > 0 && { answerItems: rows.map(({ id, label }) => ({ id, text: label })) }),
    ...(flagOf(fields['acceptMedia'], false) && { acceptMedia: true }),
  };
}
