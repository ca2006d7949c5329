/**
 * What the app accepts: every callback of the contract with its field limits, stricter than the app itself, because an
 * over-long field is a lost message (contract inbound.md §3) and an unknown field is a misunderstanding.
 *
 * Deliberately not here: kinds of fields (fields.ts), what jobs tell (job-contract.ts), what
 * flows tell and ask (flow-contract.ts).
 */

import { z } from 'zod';
import { digits, moment, optional, required, text, whole, word } from './fields.ts';
import { FLOW_BODIES, FLOW_QUERIES } from './flow-contract.ts';
import { CALL_BODIES } from './calls.ts';
import { JOB_BODIES, JOB_QUERIES } from './job-contract.ts';

const BASE64_OF_16_MIB = Math.ceil((16 * 1024 * 1024) / 3) * 4;
const STATUS_WORDS =
  /^(Qr generated|Code generated|Connecting|Reconnecting|Syncing data|Ready|Mismatch|Logged Out|Connection Failed|Disconnected|Pair failed: .+)$/;

/** zod's own check for base64 overflows the stack on long texts. */
const medium = z
  .string()
  .max(BASE64_OF_16_MIB, 'more than 16 MiB')
  .refine((value) => value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value), 'not base64');

const updateStatus = z
  .strictObject({
    wid: digits(32),
    status: required(32).regex(STATUS_WORDS, 'not a status word'),
    progress: z.int().min(0).max(100).nullish(),
    qr: optional(z.string()),
  })
  .refine(({ status, qr }) => qr == null || status === 'Qr generated', {
    path: ['qr'],
    error: 'only with Qr generated',
  })
  .refine(({ status, qr }) => qr != null || status !== 'Qr generated', { path: ['qr'], error: 'missing' });

const heartbeat = z.strictObject({
  devices: z.array(z.strictObject({ wid: digits(32), status: word('connected') })),
});

const identity = {
  device_phone: digits(32),
  sender_phone: digits(32),
  sender_name: optional(text(191)),
  is_lid: z.boolean().nullish(),
  raw_jid: optional(text(191).regex(/^[\d-]+@(s\.whatsapp\.net|lid|g\.us)$/, 'not a JID')),
  lid_jid: optional(text(191).regex(/^\d+@lid$/, 'not a LID JID')),
  direction: word('in', 'out').nullish(),
  timestamp: whole.positive().max(9_999_999_999, 'must be seconds').nullish(),
};

const reaction = z.strictObject({
  ...identity,
  reaction_emoji: text(32),
  reaction_target: required(191),
});

const flowButton = z.strictObject({
  text: required(191),
  type: word('url', 'phone', 'copy', 'quick_reply').nullish(),
  value: optional(text(2_000)),
});

const message = z
  .strictObject({
    ...identity,
    body: optional(text(8192)),
    media_type: optional(word('image', 'video', 'audio', 'document', 'sticker', 'location', 'contact')),
    media_mime: optional(text(191)),
    media_filename: optional(text(255)),
    media_base64: optional(medium),
    wa_message_id: required(191),
    group_subject: optional(text(191)),
    contact_name: optional(text(191)),
    contact_phone: optional(text(64)),
    contact_vcard: optional(text(8192)),
    is_forwarded: z.literal(true, 'only when true').nullish(),
    forward_score: whole.min(1, 'only when above 0').max(1000).nullish(),
    location_latitude: z.number().min(-90).max(90).nullish(),
    location_longitude: z.number().min(-180).max(180).nullish(),
    location_name: optional(text(191)),
    location_address: optional(text(255)),
    buttons: z.array(flowButton).nullish(),
    header: optional(text(191)),
    footer: optional(text(191)),
    source: word('flow').nullish(),
    message_kind: optional(text(191)),
    template_name: optional(text(191)),
  })
  .refine((m) => m.body ?? m.media_type ?? m.contact_name ?? m.contact_phone ?? m.contact_vcard, {
    path: ['body'],
    error: 'nothing usable: such a message is dropped, not forwarded (§4)',
  })
  .refine((m) => (m.source === 'flow') === /^flow_out_\d+_\w+$/.test(m.wa_message_id), {
    path: ['wa_message_id'],
    error: 'the app knows mirrors of flows by `flow_out_<ms>_<random>` (flows §8)',
  })
  .refine((m) => m.media_type !== 'contact' || m.direction === 'out', {
    path: ['media_type'],
    error: 'contact in mirrors only',
  });

const chatStatus = z.strictObject({
  whatsapp_message_id: required(191),
  status: word('delivered', 'read'),
  delivered_at: optional(moment),
  read_at: optional(moment),
});

const campaignStatusById = z.strictObject({
  message_id: required(191),
  status: word('queued', 'pending', 'sent', 'delivered', 'read', 'failed'),
  timestamp: optional(moment),
});

const proxyResult = z.strictObject({
  phone_number: digits(32),
  proxy_status: word('ok', 'unreachable'),
  proxy_egress_ip: optional(text(64)),
  error: optional(text(255)),
});

const groupsSync = z.strictObject({
  device_phone: digits(24),
  workspace_id: z.union([whole, required(32)]).nullish(),
  groups: z
    .array(
      z.strictObject({
        jid: required(64).regex(/^\d+(-\d+)?@g\.us$/, 'not a group JID'),
        subject: optional(text(191)),
        size: whole.min(0),
        participants: z.array(z.strictObject({ phone: digits(24), admin: z.boolean() })),
      }),
    )
    .min(1, 'nothing is sent when there are no groups'),
});

const keywordQuery = z.strictObject({
  keyword: z.string().refine((value) => value === value.trim().toLowerCase(), 'must be trimmed and lower-cased'),
  // Bare for customers of Cloud API and Twilio (flows §8).
  mobile: required(64).regex(/^\d+(@s\.whatsapp\.net)?$/, 'must be <digits>@s.whatsapp.net, or digits'),
  phone: digits(32),
  media_type: word('image', 'audio').optional(),
  workspace_id: digits(32).optional(),
});

const settingsQuery = z.strictObject({
  phone: digits(32).optional(),
  workspace_id: digits(32).optional(),
  broadcast_id: digits(32).optional(),
  campaign_id: digits(32).optional(),
});

const BODIES: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['/api/update-status', updateStatus],
  ['/api/node-heartbeat', heartbeat],
  ['/api/campaigns/drain', z.strictObject({})],
  ['/api/chat/message-status', chatStatus],
  ['/api/campaigns/update-status-by-id', campaignStatusById],
  ['/api/devices/proxy-result', proxyResult],
  ['/api/groups/sync', groupsSync],
  ...JOB_BODIES,
  ...CALL_BODIES,
  ...FLOW_BODIES,
]);

const QUERIES: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['/api/keyword-replies', keywordQuery],
  ['/api/whatsapp-settings', settingsQuery],
  ...JOB_QUERIES,
  ...FLOW_QUERIES,
]);

/** What is wrong with a callback's body, one line per field; empty when the app would take it. */
export function bodyProblems(path: string, body: unknown): string[] {
  if (path === '/api/inbound-message') return problems(isReaction(body) ? reaction : message, body);
  const schema = BODIES.get(path);
  return schema ? problems(schema, body) : [];
}

/** What is wrong with a look-up's query. `hasProvider`: whether a number has settings of Cloud API or Twilio. */
export function queryProblems(
  path: string,
  query: Record<string, string>,
  hasProvider: (phone: string) => boolean,
): string[] {
  const schema = QUERIES.get(path);
  if (!schema) return [];
  const { mobile = '', phone = '' } = query;
  const isBare = path === '/api/keyword-replies' && /^\d+$/.test(mobile) && !hasProvider(phone);
  return [
    ...problems(schema, query),
    ...(isBare ? ['mobile: bare digits, though the number is on a linked device alone'] : []),
  ];
}

export const isReaction = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && ('reaction_target' in body || 'reaction_emoji' in body);

function problems(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  const first = new Map<string, string>();
  for (const { path, message } of parsed.error?.issues ?? []) {
    const field = path.join('.') || 'body';
    if (!first.has(field)) first.set(field, `${field}: ${message}`);
  }
  return [...first.values()];
}
