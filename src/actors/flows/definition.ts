/**
 * The app's JSON of a flow → `Flow` (contract flows §2.1-§2.3): the wire shape, and what the builder stores.
 *
 *  DE1  Reading never fails: what makes no sense is left out of the flow and told among its problems (problems.ts).
 *  DE2  A node id may end like a port: only the last `_<digits>` of an edge's end is one.
 *  DE3  An edge to a node that is not there is no edge: its port is a dead end.
 *
 * Deliberately not here: what the nodes say (nodes/), and what is wrong with a flow (problems.ts).
 */
import { type Fields, firstText, flagOf, isObject, listOf, mapOf, textOf } from '../../content/loose.ts';
import type { Edge, Flow, FlowNode } from './definition.types.ts';

export type ReadFlow = {
  readonly flow: Flow;
  /** DE3. */
  readonly lost: readonly Edge[];
  /** Nodes as the builder stores them: their fields have the builder's names. */
  readonly built: ReadonlySet<string>;
};

/** The app's answer of `GET /api/flows/{id}`, its `data`, `flow_data` alone, or builder nodes and edges. */
export const flowOf = (definition: unknown): Flow => readFlow(definition).flow;

export function readFlow(definition: unknown): ReadFlow {
  const { meta, data } = unwrapped(definition);
  const raw = (listOf(data['flowNodes'] ?? data['nodes']) ?? []).filter(isObject);
  const nodes = new Map<string, FlowNode>();
  const built = new Set<string>();
  const types = new Map<string, string>();
  for (const one of raw) {
    const node = nodeOf(one);
    if (node.id === '' || nodes.has(node.id)) continue;
    nodes.set(node.id, node);
    types.set(node.id, firstText(one, 'type'));
    if (!isWire(one)) built.add(node.id);
  }
  const edges = (listOf(data['flowEdges'] ?? data['edges']) ?? [])
    .filter(isObject)
    .map((edge) => edgeOf(edge, (id) => types.get(id) ?? ''));
  const isWhole = ({ from, to }: Edge) => nodes.has(from) && nodes.has(to);
  const flow: Flow = {
    id: firstText(meta, 'id'),
    name: firstText(meta, 'flow_name', 'name'),
    workspace: firstText(data, 'workspace_id') || firstText(meta, 'workspace_id') || undefined,
    start: startOf(raw),
    nodes,
    edges: edges.filter(isWhole),
  };
  return { flow, lost: edges.filter((edge) => !isWhole(edge)), built };
}

/** The layers of the app's answer, as many as there are. */
function unwrapped(definition: unknown): { meta: Fields; data: Fields } {
  let data = mapOf(definition) ?? {};
  let meta: Fields = {};
  for (let depth = 0; depth < 3 && !('flowNodes' in data || 'nodes' in data); depth += 1) {
    meta = mapOf(data['flow']) ?? meta;
    const inner = mapOf(data['flow_data'] ?? data['data']);
    if (!inner) break;
    data = inner;
  }
  return { meta, data };
}

const isWire = (raw: Fields): boolean => firstText(raw, 'flowNodeType') !== '';

/** The app puts the start first; the builder marks it. */
function startOf(raw: readonly Fields[]): string | undefined {
  const [first] = raw;
  if (first === undefined) return undefined;
  const marked = isWire(first)
    ? first
    : (raw.find((node) => flagOf(node['isStart'], false)) ?? raw.find((node) => node['type'] === 'trigger') ?? first);
  return firstText(marked, 'id') || undefined;
}

function nodeOf(raw: Fields): FlowNode {
  const data = mapOf(raw['data']) ?? {};
  const type = firstText(raw, 'flowNodeType') || wireType(firstText(raw, 'type'));
  const jump = jumpOf(raw['kwJump'] ?? data['kwJump']);
  return {
    id: firstText(raw, 'id'),
    type,
    label: firstText(raw, 'label') || firstText(data, 'label', 'name') || type,
    fields: isWire(raw) ? raw : { ...raw, ...data },
    ...(jump && { jump }),
  };
}

/** `keywords`: words between commas, or a list of them. */
function jumpOf(value: unknown): FlowNode['jump'] {
  const { enabled, keywords, match } = mapOf(value) ?? {};
  const words = typeof keywords === 'string' ? keywords.split(',') : (listOf(keywords) ?? []).map(textOf);
  const wanted = words.map((word) => word.trim().toLowerCase()).filter((word) => word !== '');
  return flagOf(enabled, false) && wanted.length > 0 ? { keywords: wanted, exact: match === 'exact' } : undefined;
}

/** DE2. The wire says the port in `sourceNodeId`, the builder in its handle. */
function edgeOf(edge: Fields, typeOf: (id: string) => string): Edge {
  const [, from, port] = /^(.+)_(\d+)$/.exec(firstText(edge, 'sourceNodeId')) ?? [];
  const to = firstText(edge, 'target') || firstText(edge, 'targetNodeId').replace(/_\d+$/, '');
  const handle = firstText(edge, 'sourceHandle');
  const named = handle === '' ? {} : { handle };
  if (from !== undefined) return { from, port: Number(port), to, ...named };
  const source = firstText(edge, 'source');
  return { from: source, port: portOf(handle, typeOf(source)), to, ...named };
}

/** Second ports that have a name, by builder type (§2.3). */
const SECOND: Readonly<Record<string, string>> = {
  condition: 'no',
  delay: 'timeout',
  book_appointment: 'no_slots',
  whatsapp_shop: 'abandoned',
  woocommerce: 'abandoned',
  shopify: 'abandoned',
  google_form: 'timeout',
  deal: 'error',
};

function portOf(handle: string, type: string): number {
  const option = /^p(\d+)$/.exec(handle)?.[1];
  if (option !== undefined) return Number(option) + 1;
  if (handle === 'else') return 0;
  return handle !== '' && SECOND[type] === handle ? 2 : 1;
}

const WIRE_TYPES = new Map(
  Object.entries({
    sequence: 'Message',
    buttons: 'InteractiveButtons',
    ask: 'Question',
    delay: 'TimeDelay',
    mysql: 'MySQL',
    ai: 'ChatGPT',
    subflow: 'SubFlow',
    assign: 'AssignAgent',
    tag: 'TagContact',
    contact_update: 'ContactUpdate',
    whatsapp_shop: 'CommerceShop',
    woocommerce: 'CommerceShop',
    shopify: 'CommerceShop',
    cta: 'CTA',
    book_appointment: 'BookAppointment',
    ai_call: 'AiCall',
    wa_form: 'WaForm',
    google_meet: 'GoogleMeet',
    google_sheets: 'GoogleSheets',
    google_docs: 'GoogleDocs',
    google_form: 'GoogleForm',
    notify_number: 'NotifyNumber',
    wa_to_instagram: 'WaToInstagram',
    cf_say: 'CallSay',
    cf_listen: 'CallListen',
    cf_ai: 'CallAi',
    cf_menu: 'CallMenu',
    cf_search: 'CallSearch',
    cf_transfer: 'CallTransfer',
    cf_hangup: 'CallHangup',
  }),
);

/** Every other builder type is the wire's with a small letter. */
const wireType = (type: string): string => WIRE_TYPES.get(type) ?? type.charAt(0).toUpperCase() + type.slice(1);
