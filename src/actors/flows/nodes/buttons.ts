/**
 * InteractiveButtons and List: menus that branch (contract flows §2.4).
 *
 *  BL1  The order of ports is the author's, by the number in an option's id, whatever is left out or grouped when shown.
 *  BL2  An option whose label comes out empty is not shown: a menu may have as many rows as there are values.
 *  BL3  A menu without options is said as text and waits for nobody (F-26).
 */
import { type Fields, firstText, isObject, listOf, textOf } from '../../../content/loose.ts';
import { cut, missing, tooLong, unwired } from '../checks.ts';
import { asked, buttonMenu, grouped, listMenu, menuMatch, menuWait, type Row } from '../menu.ts';
import type { NodeContext, NodeKind, NodeResult, Scene } from '../node.ts';
import type { Wait } from '../waits.types.ts';

const MAX_ROWS = 10;
const BUTTON = 20;

export const interactiveButtons: NodeKind = {
  types: ['InteractiveButtons'],
  run: async (context) => {
    const { node, session } = context;
    const rows = buttonRows(context);
    const { body, footer, button } = textsOf(context);
    if (rows.length === 0) return said(context, body, { kind: 'dead end' });
    return asked(context, buttonMenu(session.engine, { body, footer, button, rows }), menuWait(node, rows));
  },
  match: menuMatch,
  menu: (scene) => {
    const rows = buttonRows(scene);
    return rows.length === 0 ? undefined : menuWait(scene.node, rows);
  },
  waits: ({ fields }) => entries(fields, 'buttons').length > 0,
  check: (node, flow) => {
    const buttons = entries(node.fields, 'buttons');
    const long = buttons.filter((button) => firstText(button, 'title').length > BUTTON);
    return [
      ...missing(node, 'warning', 'bodyText'),
      ...tooLong(node, 'bodyText', 1_024),
      ...(buttons.length === 0 ? missing(node, 'error', 'buttons') : []),
      ...long.map((button) => cut(`The button ${firstText(button, 'title')} has more than ${BUTTON} characters`)),
      ...(buttons.length > MAX_ROWS ? [cut(`${node.label} has more than ${MAX_ROWS} options`)] : []),
      ...unwired(node, flow, new Map(buttons.map((button, i) => [i + 1, `Button ${firstText(button, 'title')}`]))),
    ];
  },
};

export const list: NodeKind = {
  types: ['List'],
  run: async (context) => {
    const { node, session, isWired } = context;
    const rows = listRows(context);
    const { body, footer, button } = textsOf(context);
    if (rows.length === 0) return said(context, body, isWired(0) ? { kind: 'next', port: 0 } : { kind: 'dead end' });
    return asked(
      context,
      listMenu(session.engine, { body, footer, button, rows }),
      listWait(node.id, node.fields, rows),
    );
  },
  match: menuMatch,
  menu: (scene) => {
    const rows = listRows(scene);
    return rows.length === 0 ? undefined : listWait(scene.node.id, scene.node.fields, rows);
  },
  waits: ({ fields }) => entries(fields, 'listItems').length > 0,
  check: (node, flow) => {
    const items = entries(node.fields, 'listItems');
    return [
      ...missing(node, 'warning', 'bodyText'),
      ...(items.length === 0 ? missing(node, 'error', 'listItems') : []),
      ...(items.length > MAX_ROWS ? [cut(`${node.label} has more than ${MAX_ROWS} rows`)] : []),
      ...unwired(node, flow, new Map(items.map((item, i) => [i + 1, `Row ${firstText(item, 'title')}`]))),
    ];
  },
};

const entries = (fields: Fields, name: string): readonly Fields[] => (listOf(fields[name]) ?? []).filter(isObject);

/** Placeholders filled; a body is compulsory on every engine. */
function textsOf({ node: { fields }, vars, texts }: NodeContext) {
  const body = vars.fill(textOf(fields['bodyText']));
  return {
    body: body.trim() === '' ? texts.prompt : body,
    footer: vars.fill(textOf(fields['footerText'])),
    button: vars.fill(firstText(fields, 'buttonText')).trim() || texts.menu,
  };
}

/** BL3. A body without words is not said. */
async function said({ node, send, vars }: NodeContext, body: string, then: NodeResult): Promise<NodeResult> {
  if (vars.fill(textOf(node.fields['bodyText'])).trim() !== '') await send({ kind: 'text', text: body });
  return then;
}

/** Ids as the app gives them; contract flows §7.3 for those without. */
function buttonRows({ node: { id: nodeId, fields }, vars }: Scene): Row[] {
  return entries(fields, 'buttons')
    .map((button, index) => ({
      id: firstText(button, 'id') || `b_${nodeId}_p${index}`,
      label: vars.fill(firstText(button, 'title', 'text')).trim(),
    }))
    .filter(({ label }) => label !== '');
}

function listRows({ node: { id: nodeId, fields }, vars }: Scene): Row[] {
  const rows = entries(fields, 'listItems')
    .map((item, index) => ({
      id: `list_${nodeId}_p${/p(\d+)$/.exec(firstText(item, 'id'))?.[1] ?? index}`,
      label: vars.fill(firstText(item, 'title')).trim(),
      description: vars.fill(firstText(item, 'description')).trim(),
      section: vars.fill(firstText(item, 'section')).trim(),
    }))
    .filter(({ label }) => label !== '');
  return grouped(rows);
}

function listWait(nodeId: string, fields: Fields, rows: readonly Row[]): Wait {
  return {
    nextNodeType: 'List',
    nodeId,
    variable: firstText(fields, 'variable'),
    listItems: rows.map(({ id, label: title, description = '', section = '' }) => ({
      id,
      title,
      description,
      section,
    })),
  };
}
