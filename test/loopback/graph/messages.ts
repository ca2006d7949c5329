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
]);

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
]);

/** What is wrong with it; undefined when Meta would take it. */
export function problemOf(body: unknown): string | undefined {
  const parsed = message.safeParse(body);
  return parsed.success ? undefined : z.prettifyError(parsed.error);
}
