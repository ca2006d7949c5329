/**
 * Poll (contract flows §3.6).
 *
 *  PO1  Votes, taps on a list, typed numbers and labels count alike (F-04); unmatched text changes nothing.
 *  PO2  Of several choices typed ones count at once, votes when they stayed unchanged for five seconds (F-05); the way is
 *       that of the first chosen option in the poll's order.
 *  PO3  A poll that leads nowhere is asked and waits for nobody (F-26).
 */
import type { Content } from '../../../content/content.ts';
import { firstText, flagOf, isObject, listOf, textOf } from '../../../content/loose.ts';
import { cut, missing, unwired } from '../checks.ts';
import type { FlowNode } from '../definition.types.ts';
import { asked, listMenu, type Row } from '../menu.ts';
import type { Match, NodeKind, Scene } from '../node.ts';
import { isLabel, type Option, optionMeant, optionsOf, wholeNumber } from '../options.ts';
import type { Reply, Wait } from '../waits.types.ts';

type PollWait = Extract<Wait, { nextNodeType: 'Poll' }>;

const SETTLED_MS = 5_000;
const MAX_OPTIONS = 12;
const MAX_ROWS = 10;
/** A row of a list, in characters. */
const ROW = 24;

export const poll: NodeKind = {
  types: ['Poll'],
  run: async (context) => {
    const { node, session, vars, texts, isWired, send } = context;
    const rows = rowsOf(context);
    const wait = waitOf(context, rows);
    const words = vars.fill(textOf(node.fields['question']));
    const question = words.trim() === '' ? texts.prompt : words;
    const options = rows.map(({ label }) => label);
    const asList = session.engine === 'waba' && !wait.allowMultiple && rows.length >= 2 && rows.length <= MAX_ROWS;
    const content: Content = asList
      ? listMenu('waba', { body: question, footer: '', button: texts.menu, rows: rows.map(inFull) })
      : { kind: 'poll', question, options, multiple: wait.allowMultiple };
    if (optionsOf(wait).some(({ port }) => isWired(port))) return asked(context, content, wait);
    await send(content);
    return { kind: 'dead end' };
  },
  match: (_, wait, reply) => {
    if (wait.nextNodeType !== 'Poll') return undefined;
    if (reply.vote) return voted(wait, reply.vote.labels);
    return wait.allowMultiple ? chosenOf(wait, severalMeant(wait, reply)) : chosenOf(wait, [optionMeant(wait, reply)]);
  },
  answer: async (context, wait, reply, match) => {
    if (wait.nextNodeType !== 'Poll' || !wait.allowMultiple || !reply.vote)
      return { kind: 'next', port: match.port ?? 1 };
    const chosen = indicesOf(wait, reply.vote.labels);
    const open = { ...wait, chosen };
    return { kind: 'wait', wait: open, ...(chosen.length > 0 && { due: context.now + SETTLED_MS }) };
  },
  due: async ({ isWired }, wait) => {
    const [first] = wait.nextNodeType === 'Poll' ? (wait.chosen ?? []) : [];
    const port = first === undefined ? undefined : optionsOf(wait)[first]?.port;
    return port !== undefined && isWired(port) ? { kind: 'next', port } : { kind: 'wait', wait };
  },
  menu: (scene) => waitOf(scene, rowsOf(scene)),
  waits: (node, { edges }) => edges.some(({ from, port }) => from === node.id && port >= 1),
  check: (node, flow) => {
    const options = labelsOf(node);
    return [
      ...missing(node, 'warning', 'question'),
      ...(options.length < 2 ? [{ ...FEW, message: `${node.label} has fewer than two options` }] : []),
      ...(options.length > MAX_OPTIONS ? [cut(`${node.label} has more than ${MAX_OPTIONS} options`)] : []),
      ...unwired(node, flow, new Map(options.map((option, i) => [i + 1, `Option ${option}`]))),
    ];
  },
};

const FEW = { level: 'warning', code: 'field missing' } as const;

const labelsOf = ({ fields }: FlowNode): string[] =>
  (listOf(fields['options']) ?? []).map((option) =>
    isObject(option) ? firstText(option, 'text', 'label', 'title', 'name') : textOf(option),
  );

function rowsOf({ node, vars }: Scene): Row[] {
  return labelsOf(node)
    .map((label, index) => ({ id: `poll_${node.id}_${index}`, label: vars.fill(label).trim() }))
    .filter(({ label }) => label !== '');
}

/** A row shows the beginning of a long label; below it stands the whole. */
const inFull = (row: Row): Row => (row.label.length > ROW ? { ...row, description: row.label } : row);

function waitOf({ node: { id: nodeId, fields } }: Scene, rows: readonly Row[]): PollWait {
  return {
    nextNodeType: 'Poll',
    nodeId,
    variable: firstText(fields, 'variable'),
    answerItems: rows.map(({ id, label }) => ({ id, text: label })),
    allowMultiple: flagOf(fields['allowMultiple'], false),
  };
}

/** A vote that is taken back matters only while votes are still being counted. */
function voted(wait: PollWait, labels: readonly string[]): Match | undefined {
  const chosen = indicesOf(wait, labels).map((index) => optionsOf(wait)[index]);
  if (chosen.length > 0 || !wait.allowMultiple || !wait.chosen?.length) return chosenOf(wait, chosen);
  return { text: '' };
}

/** In the poll's order. */
function indicesOf(wait: PollWait, labels: readonly string[]): number[] {
  return [...optionsOf(wait).entries()].filter(([, { label }]) => labels.includes(label)).map(([index]) => index);
}

/** Undefined as soon as one of them is no option. */
function chosenOf(wait: PollWait, meant: readonly (Option | undefined)[]): Match | undefined {
  if (meant.length === 0 || meant.includes(undefined)) return undefined;
  const chosen = optionsOf(wait).filter((option) => meant.some((one) => one?.id === option.id));
  const [first] = chosen;
  return first && { text: chosen.map(({ label }) => label).join(', '), port: first.port };
}

/** "1,3", "Red, Blue", or one label that has a comma itself. */
function severalMeant(wait: PollWait, reply: Reply): (Option | undefined)[] {
  const whole = optionMeant(wait, reply);
  if (whole || reply.tap) return [whole];
  const options = optionsOf(wait);
  const parts = /^[\d\s.)#]+$/.test(reply.text) ? reply.text.trim().split(/\s+/) : reply.text.split(/[,;\n]/);
  return parts
    .filter((part) => part.trim() !== '')
    .map((part) => options.find(({ label }) => isLabel(label, part)) ?? options[wholeNumber(part) - 1]);
}
