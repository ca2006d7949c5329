/**
 * What the app accepts of flows (contract flows §8): fields, limits, words. Stricter than the app: an unknown field is a
 * misunderstanding, and a value over its limit a lost call.
 */

import { z } from 'zod';
import { digits, optional, required, text, whole, word } from './fields.ts';

/** Ids come as numbers or as their text; `""` is none. */
const id = z.union([z.int(), text(64)]).nullish();
const needed = z.union([z.int().positive(), required(64)]);
const subscriber = z.int('must be a whole number').positive();
const key = required(191).regex(/^\d+_\d+$/, 'must be <device>_<customer>');
/** PHP's empty map, too. */
const map = z.union([z.record(z.string(), z.unknown()), z.array(z.unknown()).length(0)]);
const provider = optional(word('baileys', 'waba', 'twilio'));
const order = { provider: word('whatsapp_shop', 'woocommerce', 'shopify'), store_id: id, workspace_id: needed };
const retailer = z.strictObject({ retailer_id: required(191) });

const park = z.union([
  z.strictObject({ session_key: key, clear: z.literal(true) }),
  z.strictObject({
    ...{ session_key: key, flow_id: needed, flow_subscriber_id: subscriber.nullish() },
    ...{ device_phone: digits(32), customer_phone: digits(32), node_id: required(64) },
    waiting: z.looseObject({ nextNodeType: required(64), nodeId: required(64) }),
    ...{ variables: map, provider },
  }),
]);

const delayPark = z.strictObject({
  ...{ flow_id: needed, flow_subscriber_id: subscriber.nullish(), session_key: key },
  ...{ device_phone: digits(32), customer_phone: digits(32), node_id: required(64), provider },
  resume_seconds: whole.min(1).max(315_360_000),
  variables: map,
});

const aiCall = z.strictObject({
  ...{ workspace_id: id, model: text(120), system_prompt: text(6_000), user_prompt: text(6_000) },
  ...{ max_tokens: whole.min(1).max(4_000), temperature: z.number().min(0).max(2) },
  ...{ assistant_id: id, call_assistant_id: id, json: z.boolean().nullish(), fields: z.array(text(120)).nullish() },
});

const customer = { workspace_id: id, customer_phone: digits(32) };
const booked = {
  ...{ workspace_id: needed, customer_name: text(191), customer_phone: digits(32) },
  customer_email: optional(text(191)),
};
const typed = z.strictObject({
  ...{ ...booked, type_id: needed, starts_at: required(64), conversation_id: id },
  ...{ answers: map, reservation_id: id },
});

export const FLOW_BODIES: readonly (readonly [path: string, body: z.ZodType])[] = [
  ['/api/flow/store-media', z.strictObject({ data: z.string().min(1, 'no_data'), mime: required(191) })],
  [
    '/api/flow-node/position',
    z.strictObject({ flow_subscriber_id: subscriber, node_id: required(64), node_label: optional(text(180)) }),
  ],
  ['/api/flow-node/complete', z.strictObject({ flow_subscriber_id: subscriber })],
  ['/api/flow-node/park-session', park],
  ['/api/flow-node/delay-park', delayPark],
  ['/api/flow-node/ai-call', aiCall],
  [
    '/api/flow-node/ai-agent-reply',
    z.strictObject({ ...customer, agent_id: needed, flow_context: optional(text(5_500)) }),
  ],
  [
    '/api/flow-node/tag',
    z.strictObject({
      ...{ ...customer, action: word('add', 'remove', 'add_group', 'remove_group') },
      ...{ tag_id: id, tag_name: optional(text(64)), group_id: id, group_name: optional(text(64)) },
    }),
  ],
  ['/api/flow-node/assign', z.strictObject({ ...customer, team_id: id, user_id: id, note: optional(text(1_024)) })],
  [
    '/api/flow-node/task',
    z.strictObject({
      ...{ ...customer, title: required(255), notes: optional(text(4_000)), assignee_id: id },
      ...{ priority: optional(word('low', 'medium', 'high')), due_in_seconds: whole.min(0).nullish() },
      related_type: optional(word('contact', 'deal', 'company')),
    }),
  ],
  [
    '/api/flow-node/contact-update',
    z.strictObject({
      ...customer,
      fields: z.array(z.strictObject({ key: required(64), value: optional(text(2_000)) })).max(40),
    }),
  ],
  [
    '/api/flow-node/deal-action',
    z.strictObject({
      ...{ workspace_id: id, action: word('create', 'move'), stage_id: id, deal_name: optional(text(191)) },
      ...{ value: z.union([z.number(), text(64)]).nullish(), owner_user_id: id, contact_phone: digits(32) },
    }),
  ],
  [
    '/api/flow-node/template-header-media',
    z.strictObject({ workspace_id: id, template_id: needed, phone_number_id: required(64) }),
  ],
  [
    '/api/flow-node/place-ai-call',
    z.strictObject({
      ...{ workspace_id: id, to: digits(32), assistant_id: needed, conversation_id: id, device_phone: digits(32) },
    }),
  ],
  [
    '/api/flow-node/mysql-query',
    z.strictObject({
      ...{ workspace_id: id, host: text(255), port: z.union([z.int(), text(8)]).nullish(), database: text(255) },
      ...{ username: text(255), password: text(255), sql: required(8_000) },
    }),
  ],
  [
    '/api/flow-node/google-meet',
    z.strictObject({
      ...{ workspace_id: id, title: text(255), start_at: z.iso.datetime(), end_at: z.iso.datetime() },
      ...{ send_invites: z.boolean(), time_zone: word('UTC') },
    }),
  ],
  [
    '/api/flow-node/google/sheet-write',
    z.strictObject({
      ...{ workspace_id: id, sheet_id: required(191), tab_name: text(191), values: z.array(z.unknown()) },
      ...{ column_headers: z.array(z.string()), match_by_header: z.boolean() },
    }),
  ],
  [
    '/api/flow-node/google/sheet-read',
    z.strictObject({
      ...{ workspace_id: id, sheet_id: required(191), tab_name: text(191), match_column: text(191) },
      ...{ match_value: text(255), limit: z.literal(1) },
    }),
  ],
  [
    '/api/flow-node/google/doc-generate',
    z.strictObject({
      ...{ workspace_id: id, template_id: required(191), new_title: text(240), vars: map, shareable: z.boolean() },
    }),
  ],
  [
    '/api/flow-node/google/form-send',
    z.strictObject({
      ...{ workspace_id: id, google_form_id: needed, flow_session_id: key.max(64), contact_phone: digits(32) },
      ...{ save_variable: required(191), resume_port: word('submitted') },
      expires_in_sec: whole.min(60).max(604_800),
    }),
  ],
  ['/api/commerce/check-inventory', z.strictObject({ ...order, retailer_ids: z.array(required(191)).max(50) })],
  [
    '/api/commerce/waba-send-products',
    z.strictObject({
      ...{ session_id: key, target_phone: digits(32), workspace_id: needed, items: z.array(retailer).min(1).max(30) },
      ...{ header: optional(text(60)), body: optional(text(1_024)), footer: optional(text(60)) },
    }),
  ],
  [
    '/api/commerce/checkout-link',
    z.strictObject({
      ...{ ...order, session_id: key, customer_phone: digits(32) },
      items: z.array(retailer.extend({ qty: whole.min(1) })).min(1),
    }),
  ],
  [
    '/api/appointments/book',
    z.strictObject({ ...booked, starts_at: required(64), ends_at: required(64), title: text(255) }),
  ],
  [
    '/api/booking/reserve',
    z.strictObject({
      ...{ workspace_id: needed, type_id: needed, starts_at: required(64), session_ref: required(191) },
      channel: word('whatsapp'),
    }),
  ],
  ['/api/booking/book', typed],
  ['/api/booking/pay-link', typed],
];

const workspace = digits(32);
export const FLOW_QUERIES: readonly (readonly [path: string, query: z.ZodType])[] = [
  ['/api/flow-node/park-session', z.strictObject({ session_key: key })],
  ['/api/waba-creds', z.strictObject({ workspace_id: workspace })],
  [
    '/api/appointments/slots',
    z.strictObject({ workspace_id: workspace, limit: z.coerce.number().int().min(1).max(10) }),
  ],
  ['/api/booking/types', z.strictObject({ workspace_id: workspace })],
  [
    '/api/booking/slots',
    z.strictObject({
      ...{ workspace_id: workspace, type_id: digits(32), offset: z.coerce.number().int().min(0) },
      day: z.iso.date().optional(),
    }),
  ],
];
