/**
 * A fact becomes a callback: which endpoint, which body within the app's limits, and how the outbox must treat it.
 * Contract inbound §2, §3, §10; clients §7; README §3.1 and §6 (timeouts).
 *
 * Invariants:
 *  B1  no field is longer than the app accepts.
 *
 * Deliberately not here: inbound messages (`inbound-body.ts`), what jobs, flows and calls tell (`job-callbacks.ts`,
 * `flow-callbacks.ts`, `call-callbacks.ts`), storing and sending.
 */
import type { Identity } from '../phone.ts';
import type { Fact, GroupsFact, InboundFact, ProxyFact, ReceiptFact, StatusFact } from './callbacks.types.ts';
import { FLOW_PATHS, flowCallback } from './flow-callbacks.ts';
import { inboundBody } from './inbound-body.ts';
import { CALL_PATHS, callBody } from './call-callbacks.ts';
import type { Attachment } from './inbound-content.ts';
import { JOB_PATHS, jobBody } from './job-callbacks.ts';
import { cut, LIMITS } from './limits.ts';

export type Lane = 'inbound' | 'receipts' | 'rest';

export type Supersede = {
  readonly key: string;
  /** An unsent callback gives way to a newer one of the same key with an equal or higher rank, and covers lower ones. */
  readonly rank: number;
};

/** The customer's message that a callback tells of: what the app answers is for its automations. */
export type About = { readonly id: string; readonly contact: Identity };

export type Callback = {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly about?: About;
  /** A receipt of a single send is told to a second endpoint (inbound §10). */
  readonly also?: { readonly path: string; readonly body: Readonly<Record<string, unknown>> };
  /** The bytes that belong into `media_base64`; the worker puts them there right before the POST. */
  readonly attachment?: Attachment;
  /** Callbacks that share any key are posted one after the other. Two when a customer's phone and LID are both known. */
  readonly orderKeys: readonly string[];
  readonly lane: Lane;
  readonly timeoutMs: number;
  readonly supersede?: Supersede;
  /** Wait this long for a superseding one before the first attempt. */
  readonly coalesceMs?: number;
};

export const PATHS = {
  inbound: '/api/inbound-message',
  receipt: '/api/chat/message-status',
  campaignReceipt: '/api/campaigns/update-status-by-id',
  status: '/api/update-status',
  groups: '/api/groups/sync',
  proxy: '/api/devices/proxy-result',
  ...JOB_PATHS,
  ...FLOW_PATHS,
  ...CALL_PATHS,
} as const;

/** Pure. Throws for an inbound fact without any identity, which is the caller's mistake. */
export function callbackOf(fact: Fact): Callback {
  switch (fact.kind) {
    case 'inbound':
      return inboundMessage(fact);
    case 'receipt':
      return messageStatus(fact);
    case 'status':
      return updateStatus(fact);
    case 'groups':
      return groupsSync(fact);
    case 'proxy':
      return proxyResult(fact);
    case 'schedule status':
    case 'schedule recipient':
    case 'broadcast status':
    case 'broadcast recipient':
    case 'campaign status':
    case 'campaign recipient':
    case 'campaign reply':
      return { ...jobBody(fact), lane: 'rest' };
    case 'flow message':
    case 'flow position':
    case 'flow complete':
    case 'flow park':
    case 'flow tag':
    case 'flow assign':
    case 'flow task':
    case 'flow contact':
      return flowCallback(fact);
    case 'call error':
    case 'call turn':
      return { ...callBody(fact), lane: 'rest' };
    default:
      throw new TypeError(`unknown fact ${String(fact satisfies never)}`);
  }
}

function inboundMessage(fact: InboundFact): Callback {
  const { content } = fact;
  const attachment = content.kind === 'media' ? content.attachment : undefined;
  const answerIsUsed = fact.direction === 'in' && !fact.group && content.kind !== 'reaction';
  return {
    path: PATHS.inbound,
    lane: 'inbound',
    ...inboundBody(fact),
    ...(answerIsUsed && { about: { id: fact.id, contact: fact.contact } }),
    ...(attachment && { attachment }),
  };
}

const RECEIPT_RANK = { delivered: 1, read: 2 } as const;

function messageStatus(fact: ReceiptFact): Callback {
  const key = `receipt:${fact.device}:${fact.id}`;
  const id = cut(fact.id, LIMITS.receipt.messageId);
  const at = new Date(fact.at).toISOString();
  const { status } = fact;
  const campaign = { path: PATHS.campaignReceipt, body: { message_id: id, status, timestamp: at } };
  return {
    path: PATHS.receipt,
    body: { whatsapp_message_id: id, status, [status === 'read' ? 'read_at' : 'delivered_at']: at },
    ...(fact.origin !== 'auto' && { also: campaign }),
    orderKeys: [key],
    lane: 'receipts',
    timeoutMs: 10_000,
    supersede: { key, rank: RECEIPT_RANK[fact.status] },
    coalesceMs: 500,
  };
}

function proxyResult(fact: ProxyFact): Callback {
  const key = `proxy:${fact.device}`;
  const limits = LIMITS.proxy;
  return {
    path: PATHS.proxy,
    body: {
      phone_number: cut(fact.device, limits.phone),
      proxy_status: fact.status,
      ...(fact.egressIp !== undefined && { proxy_egress_ip: cut(fact.egressIp, limits.egressIp) }),
      ...(fact.error !== undefined && { error: cut(fact.error, limits.error) }),
    },
    orderKeys: [key],
    lane: 'rest',
    timeoutMs: 10_000,
    supersede: { key, rank: 0 },
  };
}

function updateStatus(fact: StatusFact): Callback {
  const key = `status:${fact.device}`;
  return {
    path: PATHS.status,
    body: {
      wid: cut(fact.device, LIMITS.status.wid),
      status: cut(fact.status, LIMITS.status.status),
      progress: fact.progress,
      ...(fact.qr !== undefined && { qr: fact.qr }),
    },
    orderKeys: [key],
    lane: 'rest',
    timeoutMs: 10_000,
    supersede: { key, rank: 0 },
  };
}

/**
 * A newer list of all groups replaces an unsent one, a newer state of one group an unsent state of that group; what
 * remains is posted in order, so the app ends with the newest state of each group.
 */
function groupsSync({ device, workspace, groups, whole }: GroupsFact): Callback {
  const key = `groups:${device}`;
  const limits = LIMITS.groups;
  return {
    path: PATHS.groups,
    body: {
      device_phone: cut(device, limits.devicePhone),
      ...(workspace !== undefined && { workspace_id: workspace }),
      groups: groups.map(({ jid, subject, size, participants }) => ({
        jid: cut(jid, limits.jid),
        subject: cut(subject, limits.subject),
        size,
        participants: participants.map(({ phone, admin }) => ({ phone: cut(phone, limits.phone), admin })),
      })),
    },
    orderKeys: [key],
    lane: 'rest',
    timeoutMs: 20_000,
    supersede: { key: whole ? key : `${key}:${groups[0]?.jid ?? ''}`, rank: 0 },
  };
}
