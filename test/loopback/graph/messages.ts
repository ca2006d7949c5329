/**
 * Meta's rules for one message (facts/cloud-api.md §2), checked as Meta checks them: unknown fields and broken limits are
 * refused with 100 or 131009.
 */
import { z } from 'zod';

const digits = z.string().regex(/^\+?\d{6,20}$/);
const id = z.string().min(1);
const link = z.url({ protocol: /^https$/ });

/** A medium by id or by link, never both. */
const media = <T extends z.ZodRawShape>(more: T) =>
  z.union([z.strictObject({ id, ...more }), z.strictObject({ link, ...more })]);

const caption = { caption: z.string().min(1).max(1024).optional() };
const image = media(caption);
const video = media(caption);
const named = { filename: z.string().min(1).optional() };
const document = media({ ...caption, ...named });

const textHeader = z.strictObject({ type: z.literal('text'), text: z.string().min(1).max(60) });
const header = z.union([
  textHeader,
  z.strictObject({ type: z.literal('image'), image: media({}) }),
  z.strictObject({ type: z.literal('video'), video: media({}) }),
  z.strictObject({ type: z.literal('document'), document: media(named) }),
]);
const body = (max: number) => z.strictObject({ text: z.string().min(1).max(max) });
const footer = z.strictObject({ text: z.string().min(1).max(60) }).optional();

const reply = z.strictObject({ id: z.string().min(1).max(256), title: z.string().min(1).max(20) });
const replies = z
  .array(z.strictObject({ type: z.literal('reply'), reply }))
  .min(1)
  .max(3)
  .refine((all) => new Set(all.map((one) => one.reply.title)).size === all.length, 'titles differ');

const row = z.strictObject({
  id: z.string().min(1).max(200),
  title: z.string().min(1).max(24),
  description: z.string().min(1).max(72).optional(),
});
const sections = z
  .array(z.strictObject({ title: z.string().min(1).max(24).optional(), rows: z.array(row).min(1) }))
  .min(1)
  .max(10)
  .refine((all) => all.length === 1 || all.every(({ title }) => title !== undefined), 'titles are needed')
  .refine((all) => all.flatMap(({ rows }) => rows).length <= 10, 'at most 10 rows');

const flow = z
  .strictObject({
    flow_message_version: z.literal('3'),
    flow_id: id.optional(),
    flow_name: id.optional(),
    flow_cta: z.string().min(1).max(30),
    flow_token: id,
    mode: z.enum(['draft', 'published']).optional(),
    flow_action: z.enum(['navigate', 'data_exchange']).optional(),
    flow_action_payload: z.strictObject({ screen: id, data: z.looseObject({}).optional() }).optional(),
  })
  .refine((all) => (all.flow_id === undefined) !== (all.flow_name === undefined), 'either flow_id or flow_name');

const productSections = z
  .array(
    z.strictObject({
      title: z.string().min(1).max(24).optional(),
      product_items: z.array(z.strictObject({ product_retailer_id: id })).min(1),
    }),
  )
  .min(1)
  .max(10)
  .refine((all) => all.flatMap((section) => section.product_items).length <= 30, 'at most 30 products');

const interactive = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('button'),
    header: header.optional(),
    body: body(1024),
    footer,
    action: z.strictObject({ buttons: replies }),
  }),
  z.strictObject({
    type: z.literal('cta_url'),
    header: header.optional(),
    body: body(1024),
    footer,
    action: z.strictObject({
      name: z.literal('cta_url'),
      parameters: z.strictObject({ display_text: z.string().min(1).max(20), url: z.url() }),
    }),
  }),
  z.strictObject({
    type: z.literal('list'),
    header: textHeader.optional(),
    body: body(4096),
    footer,
    action: z.strictObject({ button: z.string().min(1).max(20), sections }),
  }),
  z.strictObject({
    type: z.literal('location_request_message'),
    body: body(1024),
    action: z.strictObject({ name: z.literal('send_location') }),
  }),
  z.strictObject({
    type: z.literal('flow'),
    header: header.optional(),
    body: body(1024),
    footer,
    action: z.strictObject({ name: z.literal('flow'), parameters: flow }),
  }),
  // No header here.
  z.strictObject({
    type: z.literal('product'),
    body: body(1024).optional(),
    footer,
    action: z.strictObject({ catalog_id: id, product_retailer_id: id }),
  }),
  z.strictObject({
    type: z.literal('product_list'),
    header: textHeader,
    body: body(1024),
    footer,
    action: z.strictObject({ catalog_id: id, sections: productSections }),
  }),
  z.strictObject({
    type: z.literal('catalog_message'),
    body: body(1024),
    footer,
    action: z.strictObject({
      name: z.literal('catalog_message'),
      parameters: z.strictObject({ thumbnail_product_retailer_id: id }).optional(),
    }),
  }),
]);

/** Named templates have a name on every text parameter of header and body, positional ones on none (§2.3). */
const textParameter = z.strictObject({ type: z.literal('text'), text: z.string(), parameter_name: id.optional() });
const headerParameter = z.union([
  textParameter,
  z.strictObject({ type: z.literal('image'), image: media({}) }),
  z.strictObject({ type: z.literal('video'), video: media({}) }),
  z.strictObject({ type: z.literal('document'), document: media(named) }),
  z.strictObject({ type: z.literal('location'), location: z.looseObject({}) }),
]);
const bodyParameter = z.union([
  textParameter,
  z.strictObject({ type: z.literal('currency'), currency: z.looseObject({}) }),
  z.strictObject({ type: z.literal('date_time'), date_time: z.looseObject({}) }),
]);
const buttonParameter = z.union([
  z.strictObject({ type: z.literal('payload'), payload: z.string() }),
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({ type: z.literal('coupon_code'), coupon_code: z.string() }),
  z.strictObject({ type: z.literal('action'), action: z.looseObject({}) }),
]);
const component = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), parameters: z.array(headerParameter).min(1).max(1) }),
  z.strictObject({ type: z.literal('body'), parameters: z.array(bodyParameter) }),
  z.strictObject({
    type: z.literal('button'),
    sub_type: z.enum(['quick_reply', 'url', 'flow', 'copy_code', 'voice_call', 'catalog', 'mpm']),
    index: z.string().regex(/^[0-9]$/),
    parameters: z.array(buttonParameter),
  }),
]);
/** Contract bulk §2.4. */
const carousel = z.strictObject({
  type: z.literal('carousel'),
  cards: z
    .array(z.strictObject({ card_index: z.int().min(0).max(9), components: z.array(component) }))
    .min(1)
    .max(10),
});
const template = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9_]{1,512}$/),
    language: z.strictObject({ code: z.string().min(2), policy: z.literal('deterministic').optional() }),
    components: z.array(z.union([component, carousel])).optional(),
  })
  .refine(({ components = [] }) => {
    const parts = components.flatMap((one): readonly { type: string; parameter_name?: string | undefined }[] =>
      one.type === 'header' || one.type === 'body' ? one.parameters : [],
    );
    const names = parts.flatMap((one) => (one.type === 'text' ? [one.parameter_name !== undefined] : []));
    return new Set(names).size <= 1;
  }, 'parameters with and without a name');

const contact = z.strictObject({
  name: z
    .strictObject({ formatted_name: z.string().min(1), first_name: z.string().optional() })
    .refine((name) => name.first_name !== undefined, 'one more part of the name is needed'),
  phones: z.array(z.strictObject({ phone: z.string(), wa_id: z.string().optional() })).optional(),
  emails: z.array(z.strictObject({ email: z.string() })).optional(),
  urls: z.array(z.strictObject({ url: z.string() })).optional(),
  org: z.strictObject({ company: z.string() }).optional(),
});

const envelope = {
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.literal('individual').optional(),
  to: digits,
  context: z.strictObject({ message_id: id }).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
};
const kind = <const T extends string, P extends z.ZodType>(type: T, part: P) =>
  z.strictObject({ ...envelope, type: z.literal(type), [type]: part });

const message = z.union([
  kind('text', z.strictObject({ body: z.string().min(1).max(4096), preview_url: z.boolean().optional() })),
  kind('image', image),
  kind('video', video),
  kind('audio', media({ voice: z.literal(true).optional() })),
  kind('document', document),
  kind('sticker', media({})),
  kind(
    'location',
    z.strictObject({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      name: z.string().optional(),
      address: z.string().optional(),
    }),
  ),
  kind('contacts', z.array(contact).min(1).max(257)),
  kind('reaction', z.strictObject({ message_id: id, emoji: z.string() })),
  kind('interactive', interactive),
  kind('template', template),
]);

/** What is wrong with it; undefined when Meta would take it. */
export function problemOf(body: unknown): string | undefined {
  const parsed = message.safeParse(body);
  return parsed.success ? undefined : z.prettifyError(parsed.error);
}
