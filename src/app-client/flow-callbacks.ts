/**
 * What flows tell the app, as callbacks within its limits. Contract flows §8 (the calls marked Q), inbound §3.
 *
 *  FB1  No field is longer than the app accepts (F-54).
 *  FB2  Whatever one session tells is posted in order; its messages also stand in the order of their conversation, with
 *       what the customer wrote.
 *  FB3  Of a session's park rows only the newest is kept unsent (§6.4); nothing else is replaced.
 *
 * Deliberately not here: which fact is told when (actors/flows), storing and sending.
 */
import type { FlowFact } from './flow-facts.types.ts';
import { inboundBody } from './inbound-body.ts';
import { cut, LIMITS } from './limits.ts';

export const FLOW_PATHS = {
  flowPosition: '/api/flow-node/position',
  flowComplete: '/api/flow-node/complete',
  flowPark: '/api/flow-node/park-session',
  flowTag: '/api/flow-node/tag',
  flowAssign: '/api/flow-node/assign',
  flowTask: '/api/flow-node/task',
  flowContact: '/api/flow-node/contact-update',
} as const;

type Of<Kind extends FlowFact['kind']> = Extract<FlowFact, { readonly kind: Kind }>;
type Body = Readonly<Record<string, unknown>>;

export type FlowCallback = {
  readonly path: string;
  readonly body: Body;
  readonly orderKeys: readonly string[];
  readonly lane: 'inbound' | 'rest';
  readonly timeoutMs: number;
  readonly supersede?: { readonly key: string; readonly rank: number };
};

const limits = LIMITS.flow;

/** FB3. Of all that a session has the app keep. */
export const parkKey = (session: string): string => `park:${session}`;

/** Pure. */
export function flowCallback(fact: FlowFact): FlowCallback {
  switch (fact.kind) {
    case 'flow message':
      return message(fact);
    case 'flow position':
      return told(fact, FLOW_PATHS.flowPosition, {
        flow_subscriber_id: fact.subscriber,
        node_id: cut(fact.nodeId, limits.nodeId),
        node_label: cut(fact.label, limits.nodeLabel),
      });
    case 'flow complete':
      return told(fact, FLOW_PATHS.flowComplete, { flow_subscriber_id: fact.subscriber });
    case 'flow park':
      return {
        ...told(fact, FLOW_PATHS.flowPark, parkBody(fact)),
        supersede: { key: parkKey(fact.session), rank: 0 },
      };
    case 'flow tag':
      return told(fact, FLOW_PATHS.flowTag, tagBody(fact));
    case 'flow assign':
      return told(fact, FLOW_PATHS.flowAssign, {
        ...whose(fact),
        team_id: fact.team,
        user_id: fact.user,
        note: cut(fact.note, limits.note),
      });
    case 'flow task':
      return told(fact, FLOW_PATHS.flowTask, taskBody(fact), 10_000);
    case 'flow contact': {
      const fields = fact.fields.slice(0, limits.fields).map(({ key, value }) => ({
        key: cut(key, limits.fieldKey),
        value: cut(value, limits.fieldValue),
      }));
      return told(fact, FLOW_PATHS.flowContact, { ...whose(fact), fields }, 10_000);
    }
    default:
      throw new TypeError(`unknown fact ${String(fact satisfies never)}`);
  }
}

const told = (fact: FlowFact, path: string, body: Body, timeoutMs = 8_000): FlowCallback => ({
  path,
  body,
  orderKeys: [orderOf(fact)],
  lane: 'rest',
  timeoutMs,
});

/** FB2. */
const orderOf = ({ session }: FlowFact): string => `flow:${session}`;

/** A mirror for the app's thread: an inbound message in the other direction, with what only flows know of it. */
function message(fact: Of<'flow message'>): FlowCallback {
  const { device, contact, id, content, at, buttons, header, footer, templateName } = fact;
  const mirror = { kind: 'inbound', direction: 'out', name: '', stored: false } as const;
  const { body, orderKeys } = inboundBody({ ...mirror, device, contact, id, content, at });
  return {
    path: '/api/inbound-message',
    body: {
      ...body,
      source: 'flow',
      ...(buttons && { buttons }),
      ...(header !== undefined && { header: cut(header, limits.header) }),
      ...(footer !== undefined && { footer: cut(footer, limits.footer) }),
      ...(templateName !== undefined && {
        template_name: cut(templateName, limits.templateName),
        message_kind: 'template',
      }),
    },
    orderKeys: [...orderKeys, orderOf(fact)],
    lane: 'inbound',
    timeoutMs: 8_000,
  };
}

function parkBody({ session, device, snapshot }: Of<'flow park'>): Body {
  const key = { session_key: cut(session, limits.sessionKey) };
  if (!snapshot) return { ...key, clear: true };
  const { flowId, subscriber, customer, nodeId, waiting, variables, provider } = snapshot;
  return {
    ...key,
    flow_id: flowId,
    ...(subscriber !== undefined && { flow_subscriber_id: subscriber }),
    device_phone: cut(device, limits.phone),
    customer_phone: cut(customer, limits.phone),
    node_id: cut(nodeId, limits.nodeId),
    waiting,
    variables,
    provider,
  };
}

const whose = ({ workspace, customer }: { readonly workspace?: string; readonly customer: string }): Body => ({
  ...(workspace !== undefined && { workspace_id: workspace }),
  customer_phone: cut(customer, limits.phone),
});

function tagBody(fact: Of<'flow tag'>): Body {
  const { action, id, name } = fact;
  const what = action === 'add' || action === 'remove' ? 'tag' : 'group';
  return { ...whose(fact), action, [`${what}_id`]: id, [`${what}_name`]: cut(name, limits.tag) };
}

const taskBody = (fact: Of<'flow task'>): Body => ({
  ...whose(fact),
  title: cut(fact.title, limits.taskTitle),
  notes: cut(fact.notes, limits.taskNotes),
  assignee_id: fact.assignee,
  priority: fact.priority,
  due_in_seconds: fact.dueInS,
  related_type: fact.related,
});
