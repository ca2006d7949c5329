/**
 * Menus of options, as each engine shows them (contract flows §10): one place for buttons, lists, questions and templates.
 *
 *  MN1  Up to three options are buttons, up to ten a list, more a numbered text. A paired connection shows a list as quick
 *       replies, and what those cannot carry (sections, descriptions) stands above them.
 *  MN2  Whatever an engine shows, no option is lost: each is in the message with its label.
 *  MN3  A menu that could not be sent ends the session: nobody can answer what nobody saw (F-27).
 *
 * Deliberately not here: what an option without an edge leads to (steps.ts ST4).
 */
import { asText } from '../../content/as-text.ts';
import type { Button, Content, ListSection } from '../../content/content.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import { cutTo } from '../../content/footer.ts';
import { firstText, flagOf } from '../../content/loose.ts';
import type { FlowNode } from './definition.types.ts';
import type { Match, NodeContext, NodeResult, Scene, SendOptions } from './node.ts';
import { optionMeant } from './options.ts';
import type { Reply, Wait } from './waits.types.ts';

export type Row = {
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly section?: string;
};

export type MenuTexts = {
  readonly body: string;
  readonly footer: string;
  /** The label that opens a list. */
  readonly button: string;
  readonly rows: readonly Row[];
};

const MAX_BUTTONS = 3;
const MAX_ROWS = 10;
const QUICK_REPLY = 20;

/** MN1, for few options. */
export function buttonMenu(engine: EngineName, menu: MenuTexts): Content {
  const mayBeButtons = menu.rows.length <= MAX_BUTTONS || engine === 'twilio';
  return mayBeButtons ? quickReplies(menu.body, menu.footer, menu.rows) : listMenu(engine, menu);
}

/** MN1, for options with sections and descriptions. */
export function listMenu(engine: EngineName, { body, footer, button, rows }: MenuTexts): Content {
  const sections = sectionsOf(rows, button);
  const list = { kind: 'list', title: '', body, footer, button, sections } as const;
  if (rows.length > MAX_ROWS) return { kind: 'text', text: asText(list, 'numbers') };
  if (engine !== 'baileys') return list;
  const says = rows.some(({ description = '', section = '' }) => description !== '' || section !== '');
  const above = says ? asText({ ...list, footer: '' }, 'numbers') : body;
  return quickReplies(
    above,
    footer,
    rows.map(({ label, ...row }) => ({ ...row, label: cutTo(label, QUICK_REPLY) })),
  );
}

/** As they are shown: grouped by section, in the order in which sections come first. */
export function grouped<R extends Row>(rows: readonly R[]): R[] {
  const names = [...new Set(rows.map(({ section = '' }) => section))];
  return names.flatMap((name) => rows.filter(({ section = '' }) => section === name));
}

function sectionsOf(rows: readonly Row[], button: string): ListSection[] {
  const names = [...new Set(rows.map(({ section = '' }) => section))];
  return names.map((name) => ({
    // Several sections need a title each.
    title: name === '' && names.length > 1 ? button : name,
    rows: rows
      .filter(({ section = '' }) => section === name)
      .map(({ id, label, description = '' }) => ({ id, title: label, description })),
  }));
}

function quickReplies(body: string, footer: string, rows: readonly Row[]): Content {
  const buttons = rows.map(({ id, label }): Button => ({ kind: 'reply', id, label }));
  return { kind: 'buttons', title: '', subtitle: '', body, footer, buttons };
}

/** MN3. The rows of bookings have the same ids on every list: which one is open is noted. */
export async function asked(
  { send }: NodeContext,
  content: Content,
  wait: Wait,
  options?: SendOptions,
): Promise<NodeResult> {
  const sent = await send(content, options);
  if (sent.kind === 'failed') return { kind: 'abort', why: 'its prompt could not be sent' };
  const isNoted = sent.kind === 'sent' && wait.nextNodeType === 'BookAppointment';
  return { kind: 'wait', wait: isNoted ? { ...wait, messageId: sent.id } : wait };
}

/** Of a menu that stays open after an answer unless its author says otherwise. */
export const menuWait = ({ id, fields }: FlowNode, rows: readonly Row[]): Wait => ({
  nextNodeType: 'Question',
  nodeId: id,
  variable: firstText(fields, 'variable'),
  answerItems: rows.map(({ id: own, label }) => ({ id: own, text: label })),
  persistent: flagOf(fields['keepMenuOpen'], true),
});

/** The option that a reply means, else the way for everything else where there is one. */
export function menuMatch({ isWired }: Scene, wait: Wait, reply: Reply): Match | undefined {
  const option = optionMeant(wait, reply);
  if (option) return { text: option.label, port: option.port };
  const said = reply.tap?.title || reply.text;
  return said.trim() !== '' && isWired(0) ? { text: said, port: 0, anyText: true } : undefined;
}
