/**
 * Flows' questions to the app: one table of endpoints with their times and limits, and what each answer must have in it.
 * Contract flows §8; the port and its promises FC1-FC3: flow-calls.types.ts.
 *
 * Deliberately not here: repeats, and what counts as a refusal (flow-asking.ts).
 */
import type { Clock } from '../clock.ts';
import { type Fields, flagOf, listOf, mapOf, textOf } from '../content/loose.ts';
import type { WorkspaceAttributes } from './attributes.ts';
import type { AppClient } from './client.ts';
import { asking, type Endpoint, type Reader } from './flow-asking.ts';
import type { FlowCalls, FlowDefinition, FlowStore, ParkedSession, ParkRequest } from './flow-calls.types.ts';
import { cut, LIMITS } from './limits.ts';

const limits = LIMITS.flow;

const booking = { timeoutMs: 12_000 };
const google = { timeoutMs: 15_000 };

const ENDPOINTS = {
  storeMedia: { path: '/api/flow/store-media', timeoutMs: 25_000 },
  delayPark: {
    path: '/api/flow-node/delay-park',
    timeoutMs: 10_000,
    cuts: { session_key: limits.sessionKey, customer_phone: limits.phone, node_id: limits.nodeId },
  },
  ai: {
    path: '/api/flow-node/ai-call',
    timeoutMs: 30_000,
    cuts: { model: limits.model, system_prompt: limits.prompt, user_prompt: limits.prompt },
  },
  agentReply: {
    path: '/api/flow-node/ai-agent-reply',
    timeoutMs: 30_000,
    cuts: { flow_context: limits.agentContext },
  },
  deal: { path: '/api/flow-node/deal-action', timeoutMs: 15_000, cuts: { deal_name: limits.dealName } },
  headerMedia: { path: '/api/flow-node/template-header-media', timeoutMs: 70_000 },
  placeAiCall: { path: '/api/flow-node/place-ai-call', timeoutMs: 15_000 },
  mysql: { path: '/api/flow-node/mysql-query', timeoutMs: 15_000, cuts: { sql: limits.sql }, harmless: true },
  'google-meet': { path: '/api/flow-node/google-meet', ...google },
  'google/sheet-write': { path: '/api/flow-node/google/sheet-write', ...google },
  'google/sheet-read': {
    ...{ path: '/api/flow-node/google/sheet-read', ...google, harmless: true },
    cuts: { match_value: limits.matchValue },
  },
  'google/doc-generate': {
    path: '/api/flow-node/google/doc-generate',
    timeoutMs: 25_000,
    cuts: { new_title: limits.docTitle },
  },
  'google/form-send': {
    path: '/api/flow-node/google/form-send',
    ...google,
    cuts: { flow_session_id: limits.formSession },
  },
  inventory: { path: '/api/commerce/check-inventory', timeoutMs: 8_000, harmless: true },
  sendProducts: {
    path: '/api/commerce/waba-send-products',
    timeoutMs: 15_000,
    cuts: { header: limits.productsHeader, body: limits.productsBody, footer: limits.productsFooter },
  },
  checkoutLink: { path: '/api/commerce/checkout-link', timeoutMs: 15_000 },
  book: { path: '/api/appointments/book', ...booking },
  reserve: { path: '/api/booking/reserve', ...booking },
  bookTyped: { path: '/api/booking/book', ...booking },
  payLink: { path: '/api/booking/pay-link', ...booking },
} as const satisfies Readonly<Record<string, Endpoint>>;

export type FlowCallsOptions = {
  readonly client: AppClient;
  readonly attributes: WorkspaceAttributes;
  readonly clock: Clock;
};

export function flowCalls({ client, attributes, clock }: FlowCallsOptions): FlowCalls & FlowStore {
  const { get, post: postTo } = asking(client, clock);
  const post = <T>(name: keyof typeof ENDPOINTS, body: Fields, read: Reader<T>) => postTo(ENDPOINTS[name], body, read);

  return {
    definition: (id) => get(`/api/flows/${encodeURIComponent(id)}`, {}, 20_000, definitionOf),
    attributes: (workspace) => attributes.of(workspace, 'wait'),
    async parked(sessionKey) {
      const answer = await get('/api/flow-node/park-session', { session_key: sessionKey }, 10_000, anything);
      return answer.kind === 'ok' ? { kind: 'ok', value: parkedOf(answer.value) } : answer;
    },
    delayPark: (request) => post('delayPark', parkBody(request), anything),
    async storeMedia({ base64, mime }) {
      if (base64.length > Math.ceil(limits.mediaBytes / 3) * 4)
        return { kind: 'refused', status: 413, error: 'too_large' };
      return post('storeMedia', { data: base64, mime }, textIn('url', 'path'));
    },

    ai: ({ workspace, model, system, user, maxTokens, temperature, assistant, json, fields }) =>
      post(
        'ai',
        {
          ...{ ...of(workspace), model, system_prompt: system, user_prompt: user },
          max_tokens: within(Math.round(maxTokens), 1, 4_000),
          temperature: within(temperature, 0, 2),
          ...(assistant !== undefined && { assistant_id: assistant }),
          ...(json !== undefined && { json }),
          ...(fields && { fields: fields.map((field) => cut(field, limits.aiField)) }),
        },
        (body) => ({ reply: textOf(body['reply']) }),
      ),
    agentReply: ({ workspace, agent, customer, context }) =>
      post(
        'agentReply',
        { ...of(workspace), agent_id: agent, customer_phone: customer, flow_context: context },
        anything,
      ),
    deal: (request) => post('deal', request, anything),
    async templateHeaderMedia({ workspace, template, phoneNumberId }) {
      const body = { ...of(workspace), template_id: template, phone_number_id: phoneNumberId };
      const answer = await post('headerMedia', body, textIn('media_id'));
      return answer.kind === 'ok' ? { kind: 'ok', value: { mediaId: answer.value } } : answer;
    },
    placeAiCall: (request) => post('placeAiCall', request, anything),
    mysql: (request) => post('mysql', request, (body) => ({ rows: listOf(body['rows']) ?? [] })),
    google: ({ what, body }) => post(what, body, anything),
    inventory: (request) =>
      post('inventory', request, (body) => {
        const inStock = listOf(body['in_stock']);
        return inStock && { inStock: inStock.map(textOf).filter((id) => id !== '') };
      }),
    sendProducts: (request) => post('sendProducts', request, anything),
    async checkoutLink(request) {
      const answer = await post('checkoutLink', request, textIn('url'));
      return answer.kind === 'ok' ? { kind: 'ok', value: { url: answer.value } } : answer;
    },
    slots: ({ workspace, limit }) =>
      get('/api/appointments/slots', { workspace_id: workspace, limit: String(limit) }, 10_000, (body) => ({
        slots: listOf(body['slots']) ?? [],
      })),
    book: (request) => post('book', request, anything),
    bookingTypes: ({ workspace }) => get('/api/booking/types', { workspace_id: workspace }, 12_000, anything),
    bookingSlots: ({ workspace, type, offset, day }) => {
      const query = {
        workspace_id: workspace,
        type_id: type,
        offset: String(offset),
        ...(day !== undefined && { day }),
      };
      return get('/api/booking/slots', query, 12_000, anything);
    },
    reserve: (request) => post('reserve', request, anything),
    bookTyped: (request) => post('bookTyped', request, anything),
    payLink: (request) => post('payLink', request, anything),
  };
}

const anything: Reader<Fields> = (body) => body;

/** The first of these fields that has a text. */
const textIn =
  (...names: readonly string[]): Reader<string> =>
  (body) =>
    names.map((name) => textOf(body[name])).find((text) => text !== '');

const of = (workspace: string | undefined) => (workspace === undefined ? {} : { workspace_id: workspace });
const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

function definitionOf(body: Fields): FlowDefinition | undefined {
  const { flow, flow_data: data } = mapOf(body['data']) ?? {};
  return data === undefined ? undefined : { flow: mapOf(flow) ?? {}, data: mapOf(data) ?? {} };
}

function parkedOf(body: Fields): ParkedSession | undefined {
  if (!flagOf(body['found'], false)) return undefined;
  const subscriber = Number(textOf(body['flow_subscriber_id']));
  return {
    flowId: textOf(body['flow_id']),
    ...(subscriber > 0 && { subscriber }),
    device: textOf(body['device_phone']),
    customer: textOf(body['customer_phone']),
    nodeId: textOf(body['node_id']),
    waiting: mapOf(body['waiting']) ?? {},
    variables: mapOf(body['variables']) ?? {},
    provider: textOf(body['provider']),
  };
}

const parkBody = (request: ParkRequest): Fields => ({
  flow_id: request.flowId,
  ...(request.subscriber !== undefined && { flow_subscriber_id: request.subscriber }),
  session_key: request.sessionKey,
  device_phone: request.device,
  customer_phone: request.customer,
  node_id: request.nodeId,
  provider: request.provider,
  resume_seconds: within(Math.ceil(request.seconds), 1, 315_360_000),
  variables: request.variables,
});
