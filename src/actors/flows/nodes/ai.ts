/**
 * ChatGPT: the app's model answers the customer, extracts fields, or talks with him (contract flows §3.2).
 *
 *  AI1  Of a conversation the newest turns that fit into what the app takes (F-16); whatever is longer is cut behind.
 *  AI2  An empty or failed reply is no reply: the customer gets an apology, the variable is empty (F-17).
 *  AI3  A conversation has no last turn; it ends by an exit word (F-15).
 *  AI4  A reply that is too long for one message of the engine is several.
 */
import type { CallAnswer } from '../../../app-client/flow-calls.types.ts';
import { cut, LIMITS } from '../../../app-client/limits.ts';
import type { EngineName } from '../../../content/engine-choice.ts';
import { firstText, flagOf, isObject, listOf, numberOf, textOf } from '../../../content/loose.ts';
import { missing } from '../checks.ts';
import { setReply } from '../ai-reply.ts';
import type { NodeContext, NodeKind, NodeResult } from '../node.ts';
import { whyNot } from '../told.ts';
import { shown } from '../variables.ts';

type Turn = { readonly customer: boolean; readonly text: string };

const PLAIN_TOKENS = 350;
const EXTRACT_TOKENS = 4_000;
const TEMPERATURE = 0.7;
const TURNS_KEPT = 20;
const TURNS_FOLDED = 10;
const LONGEST_TURN = 2_000;
/** Over Cloud API there is room for the branding below Meta's 4096. */
const LONGEST_TEXT: Readonly<Record<EngineName, number>> = { baileys: 60_000, waba: 3_800, twilio: 1_600 };

export const chatGpt: NodeKind = {
  types: ['ChatGPT'],
  run: (context) => (isConversational(context) ? turn(context) : single(context)),
  match: ({ node }, wait, { text, tap }) => {
    const said = (tap?.title || text).trim();
    if (wait.nextNodeType !== 'AiChat' || said === '') return undefined;
    const words = (wait.exitKeyword || firstText(node.fields, 'exit_keyword')).split(',');
    const isExit = words.some((word) => word.trim() !== '' && word.trim().toLowerCase() === said.toLowerCase());
    return isExit ? { text: said, data: { exit: true } } : { text: said, anyText: true };
  },
  answer: (context, _, __, match) => (match.data?.['exit'] === true ? exit(context) : turn(context)),
  waits: (node) => flagOf(node.fields['conversational'], false),
  check: (node) => missing(node, 'warning', 'prompt'),
};

const isConversational = ({ node }: NodeContext): boolean => flagOf(node.fields['conversational'], false);
const isSilent = ({ node }: NodeContext): boolean => flagOf(node.fields['silent'], false);
const extracts = ({ node }: NodeContext): boolean => flagOf(node.fields['extract'], false);
const variableOf = ({ node }: NodeContext): string => firstText(node.fields, 'variable') || 'reply';

async function single(context: NodeContext): Promise<NodeResult> {
  const reply = await ask(context, context.vars.text('user_message'), extracts(context));
  setReply(context.vars, variableOf(context), reply);
  await say(context, reply);
  return { kind: 'next', port: 1 };
}

async function turn(context: NodeContext): Promise<NodeResult> {
  const { vars, node } = context;
  const said = vars.text('user_message');
  const before = turnsOf(context);
  const reply = await ask(context, folded(before.slice(-TURNS_FOLDED), said), false);
  setReply(vars, variableOf(context), reply);
  if (reply !== '') remember(context, [...before, { customer: true, text: said }, { customer: false, text: reply }]);
  await say(context, reply);
  const exitKeyword = firstText(node.fields, 'exit_keyword');
  // The variable is the model's: what the customer says goes into `user_message` only.
  return { kind: 'wait', wait: { nextNodeType: 'AiChat', nodeId: node.id, variable: '', exitKeyword } };
}

/** One hidden question over all that was said, when there is something to extract. */
async function exit(context: NodeContext): Promise<NodeResult> {
  if (extracts(context) && fieldsOf(context).length > 0) {
    const reply = await ask(context, fitting(turnsOf(context).map(lineOf)), true);
    setReply(context.vars, variableOf(context), reply);
  }
  return { kind: 'next', port: 1 };
}

/** `''`: AI2. Asking again does nothing at the app but cost. */
async function ask(context: NodeContext, user: string, extract: boolean): Promise<string> {
  const { node, session, app, again, warn } = context;
  const { fields } = node;
  const assistant = firstText(fields, 'assistant_id');
  const maxTokens = numberOf(fields['maxTokens']);
  const temperature = numberOf(fields['temperature']);
  const request = {
    workspace: session.workspace,
    model: firstText(fields, 'model'),
    system: known(context, textOf(fields['prompt'])),
    user,
    maxTokens: maxTokens > 0 ? maxTokens : extract ? EXTRACT_TOKENS : PLAIN_TOKENS,
    temperature: Number.isNaN(temperature) ? TEMPERATURE : temperature,
    ...(assistant !== '' && { assistant }),
    ...(extract && { json: true, fields: fieldsOf({ node }) }),
  };
  const answer: CallAnswer<{ readonly reply: string }> = await again(() => app.ai(request));
  if (answer.kind === 'ok' && answer.value.reply.trim() !== '') return answer.value.reply;
  warn(`an AI node of the flow got no reply: ${answer.kind === 'ok' ? 'empty' : whyNot(answer)}`);
  return '';
}

/** Unknown placeholders stay: they may be part of what the author tells the model. */
const known = ({ vars }: NodeContext, text: string): string =>
  vars.fill(text, (name, placeholder) => {
    const value = vars.find(name);
    return value === undefined ? placeholder : shown(value);
  });

const fieldsOf = ({ node }: Pick<NodeContext, 'node'>): string[] =>
  (listOf(node.fields['fields']) ?? [])
    .map((field) => (isObject(field) ? firstText(field, 'key', 'name', 'label') : textOf(field).trim()))
    .filter((field) => field !== '');

/** AI4 */
async function say(context: NodeContext, reply: string): Promise<void> {
  if (isSilent(context)) return;
  const { send, session, texts, warn } = context;
  const longest = LONGEST_TEXT[session.engine];
  for (const text of reply === '' ? [texts.apology] : piecesOf(reply, longest)) {
    if ((await send({ kind: 'text', text })).kind !== 'failed') continue;
    warn('a reply of an AI node could not be sent');
    if (text !== texts.apology) await send({ kind: 'text', text: texts.apology });
    return;
  }
}

/** Ends at a line where there is one, else at a word, never inside a character. */
function piecesOf(text: string, longest: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > longest) {
    const head = rest.slice(0, longest + 1);
    const whole = /[\uD800-\uDBFF]$/.test(rest.slice(0, longest)) ? longest - 1 : longest;
    const end = [head.lastIndexOf('\n'), head.lastIndexOf(' ')].find((at) => at > longest / 2) ?? whole;
    pieces.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trim();
  }
  return [...pieces, rest].filter((piece) => piece !== '');
}

const nameOf = ({ node }: Pick<NodeContext, 'node'>): string => `__aichat_${node.id}`;

/** As the app keeps them with the session: `role` and `content`. */
function turnsOf(context: NodeContext): Turn[] {
  return (listOf(context.vars.get(nameOf(context))) ?? [])
    .filter(isObject)
    .map((each) => ({ customer: textOf(each['role']) === 'user', text: textOf(each['content']) }));
}

function remember(context: NodeContext, turns: readonly Turn[]): void {
  const kept = turns.slice(-TURNS_KEPT).map(({ customer, text }) => ({
    role: customer ? 'user' : 'assistant',
    content: cut(text, LONGEST_TURN),
  }));
  context.vars.set(nameOf(context), kept);
}

const lineOf = ({ customer, text }: Turn): string => `${customer ? 'Customer' : 'Assistant'}: ${text}`;

/** What the customer says now is always in it; before that as much of the past as fits, the newest. AI1 */
function folded(before: readonly Turn[], said: string): string {
  return before.length === 0 ? said : fitting([...before, { customer: true, text: said }].map(lineOf));
}

function fitting(lines: readonly string[]): string {
  const kept = [...lines];
  while (kept.length > 1 && lengthOf(kept.join('\n')) > LIMITS.flow.prompt) kept.shift();
  return kept.join('\n');
}

const lengthOf = (text: string): number => [...text].length;
