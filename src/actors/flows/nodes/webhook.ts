/**
 * Webhook: asks a server of the author's (contract flows §3.1).
 *
 *  WH1  A customer's words never become keys or structure of a JSON body, nor a parameter of a query or form (F-34): the
 *       author's text is read first, and values are put into what was read.
 *  WH2  A JSON object tells who it is about in `_wadesk`; the author's own keys win (F-09).
 *  WH3  There is no way for failures: the result is then empty and the flow goes on.
 */
import { firstText, isObject, listOf, textOf } from '../../../content/loose.ts';
import { missing } from '../checks.ts';
import { parsedJson } from '../json.ts';
import { filledJson } from '../json-template.ts';
import type { GuardedFetch, NodeContext, NodeKind } from '../node.ts';
import { setFlattened } from '../results.ts';
import { whyNot } from '../told.ts';

type Request = Parameters<GuardedFetch>[0];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies readonly Request['method'][];
const WITHOUT_BODY = new Set<string>(['GET', 'HEAD']);

export const webhook: NodeKind = {
  types: ['Webhook'],
  run: async (context) => {
    const { node, vars, warn } = context;
    const variable = firstText(node.fields, 'variable') || 'response';
    const request = requestOf(context);
    const ask = () => context.fetch(request);
    const answer = await (WITHOUT_BODY.has(request.method) ? context.again(ask) : context.once(ask));
    if (answer.kind !== 'ok') {
      warn(`a webhook of the flow failed: ${whyNot(answer)}`);
      setFlattened(vars, variable, '');
      vars.set(`${variable}.__status`, answer.kind === 'refused' ? answer.status : 0);
      return { kind: 'next', port: 1 };
    }
    const { status, text } = answer.value;
    const read = parsedJson(text);
    setFlattened(vars, variable, read === undefined ? text : read);
    vars.set(`${variable}.__status`, status);
    const said = isObject(read) ? textOf(read['set_user_message']) : '';
    if (said.trim() !== '') vars.set('user_message', said);
    return { kind: 'next', port: 1 };
  },
  check: (node) => missing(node, 'error', 'url'),
};

function requestOf(context: NodeContext): Request {
  const { node, vars } = context;
  const named = firstText(node.fields, 'method').toUpperCase();
  const method = METHODS.find((one) => one === named) ?? 'POST';
  const own = (listOf(node.fields['headers']) ?? []).filter(isObject).map((header): [string, string] => {
    return [firstText(header, 'key').toLowerCase(), headerValue(vars.fill(textOf(header['value'])))];
  });
  const headers = own.filter(([name]) => name !== '');
  const stated = headers.find(([name]) => name === 'content-type')?.[1];
  const type = stated ?? (firstText(node.fields, 'contentType') || 'application/json');
  const url = urlOf(context);
  if (WITHOUT_BODY.has(method)) return { method, url, headers };
  return {
    ...{ method, url, body: bodyOf(context, type) },
    headers: stated === undefined ? [...headers, ['content-type', mimeOf(type)]] : headers,
  };
}

/** WH1. Where it begins a value may be a whole address, before the `?` part of one. */
function urlOf({ node, vars }: NodeContext): string {
  const [, first = '', place = '', query = ''] =
    /^(\{\{[^{}]+\}\})?([^?]*)(.*)$/s.exec(firstText(node.fields, 'url')) ?? [];
  const inPlace = (name: string) => percentEncoded(vars.text(name)).replace(/%2F/g, '/').replace(/%3A/g, ':');
  const inQuery = (name: string) => percentEncoded(vars.text(name));
  return `${vars.fill(first).trim()}${vars.fill(place, inPlace)}${vars.fill(query, inQuery)}`;
}

/** Half a surrogate pair cannot be encoded. */
const percentEncoded = (text: string): string => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD'));

/** One line, in the bytes of UTF-8: a header is written as Latin-1. */
const headerValue = (text: string): string =>
  Buffer.from(text.replace(/\p{Cc}+/gu, ' ').trim(), 'utf8').toString('latin1');

const isJson = (type: string): boolean => /json/i.test(type);
const isForm = (type: string): boolean => /form/i.test(type);

/** The builder's short names too. */
function mimeOf(type: string): string {
  if (type.includes('/')) return type;
  if (isJson(type)) return 'application/json';
  return isForm(type) ? 'application/x-www-form-urlencoded' : 'text/plain';
}

function bodyOf(context: NodeContext, type: string): string {
  const { node, vars } = context;
  const given = node.fields['body'];
  const authored =
    typeof given === 'string' ? given : given === undefined || given === null ? '' : JSON.stringify(given);
  if (isForm(type)) return vars.fill(authored, (name) => percentEncoded(vars.text(name)));
  if (!isJson(type)) return vars.fill(authored);
  const filled = filledJson(authored.trim() === '' ? '{}' : authored, vars);
  if (filled.kind === 'text') return filled.text;
  return JSON.stringify(isObject(filled.value) ? introduced(context, filled.value) : filled.value);
}

/** WH2 */
function introduced({ session, vars, cloud, flow }: NodeContext, body: Readonly<Record<string, unknown>>): object {
  const block = {
    customer_phone: session.customer,
    wa_id: session.customer,
    name: vars.text('name'),
    first_name: vars.text('first_name'),
    push_name: vars.text('pushName'),
    device_phone: session.device,
    waba_id: cloud?.wabaId ?? null,
    phone_number_id: cloud?.phoneNumberId ?? null,
    conversation_id: session.conversation ?? null,
    flow_id: flow.id,
  };
  const own = body['_wadesk'];
  if (own === undefined) return { ...body, _wadesk: block };
  return isObject(own) ? { ...body, _wadesk: { ...block, ...own } } : body;
}
